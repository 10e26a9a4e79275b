import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, MAX_DOCUMENT, readCanonicalJson } from '../../src/objects/json.ts';
import { refusedWith } from '../support/refusals.ts';
import { utf8 } from './support.ts';

const text = (value: unknown): string => Buffer.from(canonicalJson(value)).toString();

describe('the one JSON of a judged document', () => {
  it('has sorted keys, two spaces and a line feed at the end', () => {
    const value = { b: [1, 'x', null, true], a: { '10': [], '9': {} }, '\u{1f600}': 1e21, '\ufb01': -0 };
    expect(text(value)).toBe(`{
  "a": {
    "10": [],
    "9": {}
  },
  "b": [
    1,
    "x",
    null,
    true
  ],
  "\u{1f600}": 1e+21,
  "\ufb01": 0
}
`);
  });

  it('keeps a key that is called like the prototype', () => {
    const value: unknown = JSON.parse('{"__proto__": {"inserted": 1}}');
    expect(text(readCanonicalJson(canonicalJson(value)))).toBe(text(value));
    expect(text(value)).toContain('"__proto__"');
  });

  it('reads what it wrote, and writes what it read', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const bytes = canonicalJson(value);
        expect(Buffer.compare(canonicalJson(readCanonicalJson(bytes)), bytes)).toBe(0);
      }),
    );
  });

  it.each<[string, unknown]>([
    ['an infinite number', [Infinity]],
    ['no number', NaN],
    ['half a character', '\ud800'],
    ['half a character in a key', { '\udc00': 1 }],
    ['nothing', [undefined]],
    ['a date', { at: 1n }],
    ['a list in itself', circular()],
    ['too much', 'x'.repeat(MAX_DOCUMENT)],
  ])('does not write %s', (_, value) => {
    expect(refusedWith(() => canonicalJson(value))).toBe('OBJECT_NOT_CANONICAL');
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{a: 1}\n'],
    ['no line feed', '{}'],
    ['a key twice', '{\n  "a": 1,\n  "a": 1\n}\n'],
    ['keys in another order', '{\n  "b": 1,\n  "a": 1\n}\n'],
    ['one line', '{"a":1}\n'],
    ['a byte order mark', '\ufeff{}\n'],
    ['an escape', '"\\u0041"\n'],
    ['half a character', '"\\ud800"\n'],
    ['another spelling of a number', '1.0\n'],
    ['a number that is too large', '1e400\n'],
    ['many lists', `${'['.repeat(500_000)}${']'.repeat(500_000)}\n`],
  ])('does not read %s', (_, json) => {
    expect(refusedWith(() => readCanonicalJson(utf8(json)))).toBe('OBJECT_NOT_CANONICAL');
  });

  it('does not read what is not UTF-8', () => {
    expect(refusedWith(() => readCanonicalJson(Uint8Array.of(0x22, 0xff, 0x22, 0x0a)))).toBe(
      'OBJECT_NOT_CANONICAL',
    );
  });
});

function circular(): unknown {
  const list: unknown[] = [];
  list.push(list);
  return list;
}
