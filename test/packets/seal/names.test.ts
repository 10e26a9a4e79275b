import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hasControlCharacter } from '../../../src/objects/control-characters.ts';
import {
  comparePaths,
  coreutilsRefusal,
  decodeName,
  findCollisions,
  foldPath,
  parentOf,
  showName,
} from '../../../src/packets/seal/names.ts';

const text = fc.string({ unit: 'binary' });

describe('comparePaths', () => {
  test('is the order of the UTF-8 bytes', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(comparePaths(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
      }),
    );
  });

  test('where UTF-16 would differ', () => {
    expect(comparePaths('\uff01', '\u{1f600}')).toBeLessThan(0);
    expect(['\u{1f600}', '\uff01'].sort()).toEqual(['\u{1f600}', '\uff01']);
  });
});

describe('decodeName and showName', () => {
  test('any bytes either are UTF-8 and come back, or are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        const name = decodeName(bytes);
        if (name === undefined) expect(Buffer.from(bytes).toString()).toContain('\ufffd');
        else expect(Buffer.from(name).equals(bytes)).toBe(true);
      }),
    );
  });

  test('a byte order mark is part of the name, not dropped', () => {
    expect(decodeName(Buffer.from('\ufeffa'))).toBe('\ufeffa');
  });

  test.each([
    ['plain é', 'plain é'],
    ['a\nb', 'a\\x0ab'],
    ['a\\b', 'a\\x5cb'],
    ['\u202e', '\\xe2\\x80\\xae'],
  ])('%j is shown as %j', (name, shown) => expect(showName(Buffer.from(name))).toBe(shown));

  test('two names are never shown alike', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), fc.uint8Array({ maxLength: 8 }), (a, b) => {
        if (Buffer.compare(a, b) !== 0) expect(showName(a)).not.toBe(showName(b));
        expect(hasControlCharacter(showName(a))).toBe(false);
      }),
    );
  });
});

test.each(['\0', '\t', '\r', '\u001b', '\u007f', '\u0085', '\u2028', '\u2066', '\u200f', '\ufeff'])(
  'control character %j',
  (c) => expect(hasControlCharacter(`a${c}b`)).toBe(true),
);

test.each([' lead', 'trail ', "it's", '"q"', '--c', '*', '$(x)', '👩\u200d🔬', '日本', '.hidden', '…', '#'])(
  'weird but legal: %s',
  (name) => {
    expect(hasControlCharacter(name)).toBe(false);
    expect(coreutilsRefusal(name)).toBeUndefined();
  },
);

describe('foldPath', () => {
  test.each([
    ['a', 'A'],
    ['straße', 'STRASSE'],
    ['straße', 'STRAẞE'],
    ['\u00e9', 'e\u0301'],
    ['\u00c9', 'e\u0301'],
    ['\u212a', 'k'], // Kelvin sign
    ['\u2126', 'ω'], // Ohm sign
    ['ΟΔΟΣ', 'οδος'], // final sigma
    ['οδοσ', 'οδος'],
    ['ſ', 's'],
    ['ﬁ', 'FI'],
    ['ǆ', 'ǅ'],
    ['Ꭰ', 'ꭰ'], // Cherokee, whose folding goes upwards
    ['ı', 'I'], // stricter than case folding, on purpose
    ['İ', 'i\u0307'],
    ['α\u0345\u0301', '\u1fb4'], // marks in another order; the iota below becomes a letter in capitals
    ['sub/A', 'SUB/a'],
  ])('%s is %s', (a, b) => expect(foldPath(a)).toBe(foldPath(b)));

  test.each([
    ['İ', 'i'],
    ['a', 'á'],
    ['²', '2'], // compatibility only
    ['Α', 'A'], // Greek, Latin
    ['a/b', 'a b'],
  ])('%s is not %s', (a, b) => expect(foldPath(a)).not.toBe(foldPath(b)));

  test('every mapping of case and normalisation of a single character folds alike', () => {
    for (let c = 0; c <= 0x10ffff; c++) {
      if (c >= 0xd800 && c <= 0xdfff) continue;
      const char = String.fromCodePoint(c);
      const folded = foldPath(char);
      for (const other of [
        char.toLowerCase(),
        char.toUpperCase(),
        char.normalize('NFD'),
        char.normalize('NFC'),
      ]) {
        if (other !== char && foldPath(other) !== folded) expect.fail(`U+${c.toString(16)} ${char} ${other}`);
      }
    }
  });

  test('folding twice is folding once', () => {
    fc.assert(
      fc.property(text, (a) => {
        expect(foldPath(foldPath(a))).toBe(foldPath(a));
      }),
      { numRuns: 5000 },
    );
  });
});

test('findCollisions names each later path, folders included, and the first it is like', () => {
  expect(findCollisions(['a/x', 'A/y', 'b', 'B', 'β/Ω', 'A/X'])).toEqual([
    { path: 'a', with: 'A' },
    { path: 'a/x', with: 'A/X' },
    { path: 'b', with: 'B' },
  ]);
});

test('parentOf', () => {
  expect(['a', 'a/b', 'a/b/c'].map(parentOf)).toEqual(['', 'a', 'a/b']);
});
