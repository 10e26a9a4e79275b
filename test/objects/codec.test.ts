import { describe, expect, it } from 'vitest';
import { compareBytes, decode, encode, equalBytes, type Value } from '../../src/objects/codec.ts';
import { parseDigest } from '../../src/objects/digest.ts';
import { nodeLink, rawLink } from '../../src/objects/link.ts';
import { codecProperties } from './codec-properties.ts';
import { hex, unhex } from './support.ts';
import { refusedWith } from '../support/refusals.ts';

describe('codec', () => {
  codecProperties({ encode, decode }, 1_000);

  it.each<[string, unknown]>([
    ['a float', 1.5],
    ['minus zero', -0],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a number beyond 2^53', 2 ** 53],
    ['2^64', 2n ** 64n],
    ['-2^64', -(2n ** 64n)],
    ['undefined', undefined],
    ['undefined in a list', [undefined]],
    ['a hole in a list', Array(1)],
    ['undefined in a map', { a: undefined }],
    ['a lone surrogate', 'a\ud800'],
    ['a lone surrogate in a key', { 'a\udc00': 1 }],
    ['an integer-like key', { '0': 1 }],
    ['a long integer-like key', { '18446744073709551616': 1 }],
    ['a key __proto__', JSON.parse('{"__proto__": 1}')],
    ['a Map', new Map([['a', 1]])],
    ['a Set', new Set([1])],
    ['a Date', new Date(0)],
    ['a typed array of another type', new Uint16Array(1)],
    ['a symbol', Symbol('a')],
    ['a function', () => 1],
    ['an object of a class', new Error('a')],
  ])('refuses to write %s', (_, value) => {
    expect(refusedWith(() => encode(value as Value))).toBe('OBJECT_NOT_CANONICAL');
  });

  it('refuses to write a cycle', () => {
    const cycle: Value[] = [];
    cycle.push(cycle);
    expect(refusedWith(() => encode(cycle))).toBe('OBJECT_NOT_CANONICAL');
  });

  it('writes after a refusal as before it', () => {
    const before = hex(encode({ b: [1, 'x'], a: null }));
    expect(refusedWith(() => encode({ b: [1, 1.5] }))).toBe('OBJECT_NOT_CANONICAL');
    expect(refusedWith(() => decode(unhex('82')))).toBe('OBJECT_NOT_CANONICAL');
    expect(hex(encode({ b: [1, 'x'], a: null }))).toBe(before);
  });

  it.each([
    ['keys like negative or padded integers', { '-1': 1, '00': 2, '1.5': 3, '': 4, ' 1': 5 }],
    [
      'keys named as what every object has',
      { constructor: 1, toString: 2, hasOwnProperty: 3, prototype: 4, __proto: 5 },
    ],
  ])('holds %s', (_, value) => {
    expect(decode(encode(value))).toEqual(value);
  });

  it('takes a Buffer and an object without prototype for what they hold', () => {
    expect(hex(encode(Buffer.from('abc')))).toBe('43616263');
    expect(hex(encode(Object.assign(Object.create(null), { a: 1 }) as Value))).toBe('a1616101');
  });

  it('does not lend its buffer', () => {
    const a = encode('first');
    const kept = hex(a);
    encode('other');
    expect(hex(a)).toBe(kept);
    expect(a.buffer.byteLength).toBe(a.length);
  });

  it('nesting of 32 is held, of 33 refused, on both ways', () => {
    const nested = (depth: number): Value => (depth === 0 ? 1 : [nested(depth - 1)]);
    expect(decode(encode(nested(32)))).toEqual(nested(32));
    expect(refusedWith(() => encode(nested(33)))).toBe('OBJECT_NOT_CANONICAL');
    expect(refusedWith(() => decode(unhex(`${'81'.repeat(33)}01`)))).toBe('OBJECT_NOT_CANONICAL');
  });

  it('links have 41 bytes: tag, head, prefix, CIDv1, codec, sha2-256, digest', () => {
    const digest = parseDigest('ab'.repeat(32));
    expect(hex(encode(rawLink(digest)))).toBe(`d82a58250001551220${'ab'.repeat(32)}`);
    expect(hex(encode(nodeLink(digest)))).toBe(`d82a58250001711220${'ab'.repeat(32)}`);
    expect(rawLink(digest).equals(nodeLink(digest))).toBe(false);
  });

  it('compares bytes as memcmp does', () => {
    expect(compareBytes(unhex('80'), unhex('7fff'))).toBeGreaterThan(0);
    expect(compareBytes(unhex('61'), unhex('6100'))).toBeLessThan(0);
    expect(equalBytes(unhex('61'), unhex('6100'))).toBe(false);
    expect(equalBytes(unhex('61'), unhex('61'))).toBe(true);
  });
});
