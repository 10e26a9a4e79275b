import { encode } from '../../src/objects/codec.ts';
import { storeContent } from '../../src/objects/file.ts';
import { encodeKey } from '../../src/objects/rows/key.ts';
import { MASKED } from '../../src/objects/rows/masked.ts';
import { encodeRecord } from '../../src/objects/rows/sqlite-record.ts';
import { sha256Bytes } from '../../src/objects/sha256.ts';
import type { LinkClaim } from './claims.ts';
import { putMap, putStateOf, putTable, type MapRow } from './malformed.ts';

/** Rows that are equal, under these numbers. */
function masked(row: Uint8Array, numbers: readonly number[], stored: MapRow[1] = row): MapRow[] {
  return numbers.map((n) => [encodeKey([null, sha256Bytes(row), BigInt(n)]), stored]);
}
const MASKED_NAMES = { key: { type: 'declared', columns: ['name'] }, masked: ['name'] } as const;

const LONG = 'x'.repeat(16_400);
const people = encodeKey(['people']);

/** States in which the same list or the same content is met again, where it is not sound. */
export const MET_AGAIN: readonly LinkClaim[] = [
  {
    name: 'again-masked-long',
    description: 'the third of equal masked rows, which are stored out of line, has the number 3',
    codes: ['OBJECT_INVALID'],
    make: (o) => {
      const row = encodeRecord([LONG, MASKED]);
      const rows = masked(row, [0, 1, 3], storeContent(o, row));
      return putStateOf(o, [[people, putTable(o, rows, MASKED_NAMES)]]);
    },
  },
  {
    name: 'again-masked-list',
    description: 'a list of equal masked rows is the second of one table, and the first of another',
    codes: ['OBJECT_INVALID'],
    make: (o) => {
      // These are two lists, of 28 and of 2.
      const rows = masked(encodeRecord([4n, MASKED]), [...Array(30).keys()]);
      const whole = putTable(o, rows, MASKED_NAMES);
      const rest = rows.slice(28);
      return putStateOf(o, [
        [people, whole],
        [encodeKey(['plants']), putTable(o, rest, { ...MASKED_NAMES, name: 'plants' })],
      ]);
    },
  },
  {
    name: 'again-fact-long',
    description: 'a long definition stands under two names, and under a key that names nothing',
    codes: ['OBJECT_INVALID'],
    make: (o) => {
      const definition = storeContent(o, encode(LONG));
      const keys = [['a'], ['b'], ['c', 'd']].map((names) => encodeKey(names));
      const none = putMap(o, []);
      const sequence = putMap(
        o,
        keys.map((key) => [key, definition]),
      );
      return putStateOf(o, [], { facts: { database: none, schema: none, sequence } });
    },
  },
  {
    name: 'again-fact-left-out',
    description: 'two classes have the same facts, and the second left out one of them',
    codes: ['OBJECT_INVALID'],
    make: (o) => {
      const both = putMap(o, [
        [encodeKey(['a']), encode('x')],
        [encodeKey(['b']), encode('x')],
      ]);
      return putStateOf(o, [], {
        coverage: { list: 1, without: [{ kind: 'sequence', name: 'b', column: null }] },
        facts: { database: both, schema: putMap(o, []), sequence: both },
      });
    },
  },
];
