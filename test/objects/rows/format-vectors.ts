import { TextBytes, type KeyPart } from '../../../src/objects/rows/key.ts';
import { MASKED } from '../../../src/objects/rows/masked.ts';
import type { CopyField } from '../../../src/objects/rows/postgres-copy.ts';
import type { SqliteValue } from '../../../src/objects/rows/sqlite-record.ts';
import { utf8 } from '../support.ts';

/** What the vectors of keys and rows are made of (test/vectors/keys, test/vectors/rows). */
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

export const KEYS: Readonly<Record<string, readonly (KeyPart | TextBytes)[]>> = {
  empty: [],
  null: [null],
  'integer-least': [-(2n ** 63n)],
  'integer-minus-one': [-1n],
  'integer-zero': [0n],
  'integer-beyond-53-bits': [9_007_199_254_740_993n],
  'integer-most': [2n ** 63n - 1n],
  'real-minus-infinity': [-Infinity],
  'real-negative': [-1.5],
  'real-minus-zero': [-0],
  'real-zero': [0],
  'real-least': [5e-324],
  'real-infinity': [Infinity],
  'text-empty': [''],
  'text-prefix': ['a'],
  'text-with-nul': ['a\0b'],
  'text-of-any-kind': ['é😀\ufeff'],
  'text-that-is-no-utf-8': [new TextBytes(bytes(0xff, 0x00, 0x41))],
  'bytes-empty': [bytes()],
  'bytes-with-nul': [bytes(0, 0xff, 0)],
  'integer-and-its-text': [1n, '1'],
  'null-in-a-key-and-the-rowid': ['a', null, 7n],
  'one-byte-below-the-limit': ['k'.repeat(1_020)],
  'cut-at-the-limit': ['k'.repeat(1_021)],
  'cut-inside-an-escape': [`${'k'.repeat(990)}\0${'k'.repeat(100)}`],
};

export const RECORDS: Readonly<Record<string, readonly SqliteValue[]>> = {
  'no-columns': [],
  null: [null],
  'integers-that-need-no-bytes': [0n, 1n],
  'integers-of-each-length': [
    ...[-1n, 127n, 128n, -32_769n, 8_388_608n, 2_147_483_648n, 2n ** 47n, -(2n ** 63n)],
  ],
  reals: [0, -0, 1, -1e308, 5e-324, Infinity],
  'texts-and-blobs': ['', 'é', bytes(), bytes(0, 0xff)],
  'text-that-is-no-utf-8': [new TextBytes(bytes(0xff))],
  masked: [1n, MASKED],
  'a-header-of-two-bytes': Array.from({ length: 130 }, () => null),
  'a-long-text': ['x'.repeat(200)],
};

/** One fault each, in hex. */
export const BAD_RECORDS: Readonly<Record<string, string>> = {
  empty: '',
  'header-longer-than-the-record': '05',
  'header-shorter-than-its-types': '0309',
  'header-length-not-shortest': '800309',
  'type-not-shortest': '03800901',
  'integer-in-a-byte-too-many': '02020005',
  'zero-in-a-byte': '020100',
  'one-in-a-byte': '020101',
  'type-11': '020b',
  nan: '02077ff8000000000000',
  'cut-in-a-value': '0204ffff',
  'a-byte-after-the-values': '020800',
  'text-cut': '0211c3',
};

export const COPY_LINES: Readonly<Record<string, readonly CopyField[]>> = {
  'one-empty-field': [bytes()],
  'null-and-its-name': [null, utf8('NULL'), utf8('N')],
  'every-escape': [bytes(0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x5c)],
  'text-of-any-kind': [utf8('é'), bytes(0x00, 0x01, 0x7f, 0xff)],
  masked: [MASKED, utf8('M')],
};

export const BAD_LINES: Readonly<Record<string, string>> = {
  'newline-as-it-is': '610a62',
  'carriage-return-as-it-is': '610d',
  'backspace-as-it-is': '08',
  'backslash-at-the-end': '615c',
  'an-octal-escape': '5c303031',
  'a-hexadecimal-escape': '5c783431',
  'an-escaped-letter': '5c61',
  'null-and-more': '5c4e61',
  'masked-and-more': '5c4d61',
  'upper-case-escape': '5c54',
};

/** Values of a multiset's map, in hex: count and row. */
export const BAD_COUNTED: Readonly<Record<string, string>> = {
  empty: '',
  'count-zero': '00',
  'count-not-shortest': '8100',
  'count-cut': '81',
  'count-of-eight-bytes': '8080808080808001',
};
