import { encodeKey } from '../../objects/rows/key.ts';
import { encodeCopyRow } from '../../objects/rows/postgres-copy.ts';
import { MASKED } from '../../objects/rows/masked.ts';
import { multisetEntries, multisetValue } from '../../objects/rows/multiset.ts';
import { sha256Bytes } from '../../objects/sha256.ts';
import { engineRow, type Cell } from '../states.ts';
import type { Draft, Entry } from '../draft.ts';
import { postgres, sqlite, type Expected, type Vector } from '../vector.ts';

const fault = (table: string): Expected[] => [['EVIDENCE_MALFORMED', `legs/T/after/${table}`]];
const row = (...values: Cell[]): Uint8Array => engineRow('sqlite', values);
const token = row(MASKED, 'birth');

/** New rows that are none, or that stand under the key of another row: an update given out as an insertion. */
export const ROWS: readonly Vector[] = [
  birth('row-under-another-key', encodeKey([3n]), row(1n, 'changed', MASKED)),
  birth('row-under-a-text-key', encodeKey(['3']), row(3n, 'name 3', MASKED)),
  birth('row-with-a-value-too-few', encodeKey([3n]), row(3n, MASKED)),
  birth('row-with-a-value-too-many', encodeKey([3n]), row(3n, 'name 3', MASKED, null)),
  birth('row-that-is-no-record', encodeKey([3n]), Uint8Array.of(9, 9, 9)),
  birth(
    'row-in-a-second-form',
    encodeKey([3n]),
    Uint8Array.from([4, 2, 23, 10, 0, 3, ...Buffer.from('name3')]),
  ),
  birth('row-whose-null-key-is-no-rowid', encodeKey(['3']), row(null, 'name 3', MASKED)),
  tokens('masked-row-under-another-hash', [
    encodeKey([null, sha256Bytes(row('x')), 0n]),
    encodeKey([null, sha256Bytes(token), 0n]),
  ]),
  tokens(
    'masked-row-under-another-number',
    [0n, 2n].map((n) => encodeKey([null, sha256Bytes(token), n])),
  ),
  tokens('masked-row-under-a-plain-key', [encodeKey(['b']), encodeKey(['c'])]),
  after('multiset-row-under-another-hash', 'notes', () => [
    ...notes('seen', 'seen', 'born').slice(1),
    [sha256Bytes(row('x')), multisetValue(row('born'), 2)],
  ]),
  after('multiset-row-without-a-count', 'notes', () => [
    ...notes('seen', 'seen', 'born'),
    [sha256Bytes(row('x')), Uint8Array.of(0)],
  ]),
  after('multiset-key-with-another-row', 'notes', () =>
    notes('seen', 'seen', 'born').map(([key, value]) => [
      key,
      multisetValue(row('other'), value instanceof Uint8Array ? value[0]! : 1),
    ]),
  ),
  postgres('row-under-another-key', [['EVIDENCE_MALFORMED', 'legs/T/after/public.births']], (d) => {
    d.setAfter(
      d.editRows(d.after, 'public.births', (rows) => [
        ...rows.slice(0, 2),
        [encodeKey([3n]), engineRow('postgres', [1n, 'x', MASKED])],
      ]),
    );
  }),
  postgres('row-under-a-text-key', [['EVIDENCE_MALFORMED', 'legs/T/after/public.births']], (d) => {
    d.setAfter(
      d.editRows(d.after, 'public.births', (rows) => [
        ...rows.slice(0, 2),
        [encodeKey(['3']), engineRow('postgres', [3n, 'x', MASKED])],
      ]),
    );
  }),
  postgres('row-without-its-key', [['EVIDENCE_MALFORMED', 'legs/T/after/public.births']], (d) => {
    d.setAfter(
      d.editRows(d.after, 'public.births', (rows) => [
        ...rows.slice(0, 2),
        [encodeKey([3n]), encodeCopyRow([null, null, MASKED])],
      ]),
    );
  }),
];

function after(name: string, table: string, edit: (entries: Entry[]) => readonly Entry[]): Vector {
  return sqlite(name, fault(table), (d: Draft) => d.setAfter(d.editRows(d.after, table, edit)));
}

function birth(name: string, key: Uint8Array, value: Uint8Array): Vector {
  return after(name, 'births', (rows) => [...rows.slice(0, 2), [key, value]]);
}

function tokens(name: string, keys: readonly Uint8Array[]): Vector {
  return after(name, 'tokens', (rows) => [
    ...rows.filter(([key]) => key[0] !== 0x05),
    ...keys.map((key): Entry => [key, token]),
  ]);
}

function notes(...texts: string[]): Entry[] {
  return multisetEntries(texts.map((note) => row(note)));
}
