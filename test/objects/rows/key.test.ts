import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  boundKey,
  encodeKey,
  integerKey,
  MAX_KEY,
  TextBytes,
  type KeyPart,
} from '../../../src/objects/rows/key.ts';
import { decodeKeyText } from '../../../src/objects/rows/key-text.ts';
import { sha256Hex } from '../../../src/objects/sha256.ts';
import { hex, noise, unhex, utf8 } from '../support.ts';
import { refusedWith } from '../../support/refusals.ts';

const rank = (part: KeyPart): number =>
  part === null
    ? 0
    : typeof part === 'bigint'
      ? 1
      : typeof part === 'number'
        ? 2
        : typeof part === 'string'
          ? 3
          : 4;

/** IEEE 754 totalOrder for what JavaScript has: -Infinity < … < -0.0 < 0.0 < … < Infinity < NaN. */
function compareReals(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  if (a !== b) return a < b ? -1 : 1;
  return Number(Object.is(b, -0)) - Number(Object.is(a, -0));
}

function compareParts(a: KeyPart, b: KeyPart): number {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (typeof a === 'bigint' && typeof b === 'bigint') return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === 'number' && typeof b === 'number') return compareReals(a, b);
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(utf8(a), utf8(b));
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  return 0;
}

function compareTuples(a: readonly KeyPart[], b: readonly KeyPart[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareParts(a[i]!, b[i]!);
    if (order !== 0) return Math.sign(order);
  }
  return Math.sign(a.length - b.length);
}

const part: fc.Arbitrary<KeyPart> = fc.oneof(
  fc.constant(null),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  fc.bigInt(-300n, 300n),
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 5e-324, -5e-324, 1.5),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.string({ unit: fc.constantFrom('\0', '\x01', 'a', '\uffff', '😀', '\ufeff'), maxLength: 5 }),
  fc.uint8Array({ maxLength: 5 }),
  fc.array(fc.constantFrom(0, 1, 0xff, 0x61), { maxLength: 5 }).map((bytes) => Uint8Array.from(bytes)),
);
const tuple = fc.array(part, { maxLength: 4 });

describe('keys', () => {
  it('order as the tuples do, part by part', () => {
    fc.assert(
      fc.property(tuple, tuple, (a, b) => {
        expect(Math.sign(Buffer.compare(encodeKey(a), encodeKey(b)))).toBe(compareTuples(a, b));
      }),
      { numRuns: 20_000 },
    );
  });

  it('order as the tuples do where they begin alike', () => {
    fc.assert(
      fc.property(tuple, part, part, tuple, tuple, (start, x, y, restX, restY) => {
        const a = [...start, x, ...restX];
        const b = [...start, y, ...restY];
        expect(Math.sign(Buffer.compare(encodeKey(a), encodeKey(b)))).toBe(compareTuples(a, b));
      }),
      { numRuns: 10_000 },
    );
  });

  it.each<[string, readonly (KeyPart | TextBytes)[], string]>([
    ['nothing', [], ''],
    ['null', [null], '05'],
    ['0', [0n], '108000000000000000'],
    ['1', [1n], '108000000000000001'],
    ['-1', [-1n], '107fffffffffffffff'],
    ['the least integer', [-(2n ** 63n)], '100000000000000000'],
    ['the greatest integer', [2n ** 63n - 1n], '10ffffffffffffffff'],
    ['0.0', [0], '188000000000000000'],
    ['-0.0', [-0], '187fffffffffffffff'],
    ['1.5', [1.5], '18bff8000000000000'],
    ['-1.5', [-1.5], '184007ffffffffffff'],
    ['infinity', [Infinity], '18fff0000000000000'],
    ['-infinity', [-Infinity], '18000fffffffffffff'],
    ['NaN', [Number.NaN], '18fff8000000000000'],
    ['empty text', [''], '200001'],
    ['text', ['a€'], '2061e282ac0001'],
    ['text with NUL', ['a\0b'], '206100ff620001'],
    ['text that is not UTF-8', [new TextBytes(unhex('ff00'))], '20ff00ff0001'],
    ['bytes', [unhex('00ff01')], '3000ffff010001'],
    ['several', ['a', null, 2n], '206100010510' + '8000000000000002'],
  ])('%s', (_, parts, wanted) => {
    expect(hex(encodeKey(parts))).toBe(wanted);
  });

  it('text as bytes is the same key as the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(hex(encodeKey([new TextBytes(utf8(text))]))).toBe(hex(encodeKey([text])));
      }),
    );
  });

  it('an integer key is the key of a bigint', () => {
    expect(hex(integerKey(42n))).toBe(hex(encodeKey([42n])));
  });
});

describe('boundKey', () => {
  it('leaves keys below 1,024 bytes alone and makes the others 1,024: 992 bytes, then the hash of all', () => {
    for (const length of [0, 9, 1_023]) expect(boundKey(noise(length))).toEqual(noise(length));
    for (const length of [1_024, 1_025, 100_000]) {
      const bound = boundKey(noise(length));
      expect(bound).toHaveLength(MAX_KEY);
      expect(hex(bound.subarray(0, 992))).toBe(hex(noise(length).subarray(0, 992)));
      expect(hex(bound.subarray(992))).toBe(sha256Hex(noise(length)));
    }
  });

  it('a key that looks like a cut one is cut itself, so they cannot collide', () => {
    const cut = boundKey(noise(5_000));
    expect(hex(boundKey(cut))).not.toBe(hex(cut));
  });

  it('keeps the order of keys that differ before byte 992', () => {
    fc.assert(
      fc.property(
        fc.nat(991),
        fc.integer({ min: 1, max: 255 }),
        fc.nat(3_000),
        fc.nat(3_000),
        (at, by, moreA, moreB) => {
          const a = noise(992 + moreA, 3);
          const b = noise(992 + moreB, 3);
          b[at] = (b[at]! + by) % 256;
          expect(Math.sign(Buffer.compare(boundKey(a), boundKey(b)))).toBe(Math.sign(a[at]! - b[at]));
        },
      ),
    );
  });
});

describe('decodeKeyText', () => {
  it('gives back names', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 4 }), (names) => {
        expect(decodeKeyText(encodeKey(names))).toEqual(names);
      }),
    );
    expect(decodeKeyText(encodeKey(['\ufeffname']))).toEqual(['\ufeffname']);
  });

  it.each([
    ['an integer', hex(integerKey(1n))],
    ['null', '05'],
    ['bytes', '30610001'],
    ['no end', '2061'],
    ['an end cut in two', '206100'],
    ['a broken escape', '2061000261'],
    ['rubbish after a name', '206100017f'],
    ['text that is not UTF-8', '20ff0001'],
    ['an encoded surrogate', '20eda0800001'],
    ['a cut key that is no text', hex(boundKey(encodeKey([noise(2_000)])))],
    ['a key that is too long', `20${'61'.repeat(2_000)}0001`],
  ])('refuses %s', (_, key) => {
    expect(refusedWith(() => decodeKeyText(unhex(key)))).toBe('TREE_MALFORMED');
  });

  it('shows the beginning of a name that was cut', () => {
    const long = 'x'.repeat(2_000);
    const [type, name] = decodeKeyText(boundKey(encodeKey(['index', long])));
    expect(type).toBe('index');
    expect(name).toMatch(/^x{900,}…[0-9a-f]{16}$/);
    expect(decodeKeyText(boundKey(encodeKey(['index', `${long}y`])))[1]).not.toBe(name);
  });
});
