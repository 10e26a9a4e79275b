import { boundKey, encodeKey } from '../../objects/rows/key.ts';
import { engineRow, type Cell } from '../states.ts';
import type { Draft, Entry } from '../draft.ts';
import { postgres, sqlite, type Vector } from '../vector.ts';

type EditTable = Parameters<Draft['editTable']>[2];

/** Rows that stand under unusual keys and are right: a validator that refuses everything must not pass either. */
export const ACCEPTED: readonly Vector[] = [
  stock(
    'rowid',
    (table) => void (table.key = { type: 'rowid', columns: [] }),
    encodeKey([900n]),
    900n,
    'new',
  ),
  stock('rowid-under-another-name', () => undefined, encodeKey([900n]), null, 'new'),
  stock('null-and-rowid', twoColumns, encodeKey([null, 'new', 900n]), null, 'new'),
  stock('null-and-no-rowid', twoColumns, encodeKey([null, 'new']), null, 'new'),
  stock('long-key', twoColumns, boundKey(encodeKey([900n, 'k'.repeat(3_000)])), 900n, 'k'.repeat(3_000)),
  stock(
    'long-key-with-null',
    twoColumns,
    boundKey(encodeKey([null, 'k'.repeat(3_000), 900n])),
    null,
    'k'.repeat(3_000),
  ),
  postgres('accepted-text-key', [], (d) => {
    insert(d, 'public.tokens', [encodeKey(['007']), engineRow('postgres', ['007', 'x'])]);
  }),
  postgres('accepted-key-of-digits', [], (d) => {
    insert(d, 'public.stock', [encodeKey([-900n]), engineRow('postgres', [-900n, 'x'])]);
  }),
];

/** Keys that are nearly right. */
export const NEARLY: readonly Vector[] = [
  ...(
    [
      ['rowid-that-is-text', (table) => void (table.key = { type: 'rowid', columns: [] }), encodeKey(['9'])],
      [
        'rowid-with-more',
        (table) => void (table.key = { type: 'rowid', columns: [] }),
        encodeKey([900n, 1n]),
      ],
      ['null-and-text', twoColumns, encodeKey([null, 'new', 'x'])],
      ['null-and-two-rowids', twoColumns, encodeKey([null, 'new', 900n, 1n])],
      ['null-and-half-a-rowid', twoColumns, encodeKey([null, 'new', 900n]).subarray(0, -1)],
      ['null-of-another-row', twoColumns, encodeKey([null, 'old', 900n])],
      ['null-alone-under-two-rowids', () => undefined, encodeKey([900n, 1n])],
    ] satisfies [string, EditTable, Uint8Array][]
  ).map(([name, shape, key]) => ({
    ...stock(name, shape, key, null, 'new'),
    name: `nearly-${name}`,
    expected: [['EVIDENCE_MALFORMED', 'legs/T/after/stock'] as const],
  })),
];

function twoColumns(table: Parameters<EditTable>[0]): void {
  table.key.columns = ['id', 'part'];
}

/** One row more in `stock`, whose shape is another one, before and after. Earlier rows are not looked at one by one. */
function stock(name: string, shape: EditTable, key: Uint8Array, ...values: Cell[]): Vector {
  return sqlite(`accepted-${name}`, [], (d) => {
    d.setBefore(d.editTable(d.rehearsal.entry, 'stock', shape));
    d.setAfter(d.editTable(d.after, 'stock', shape));
    insert(d, 'stock', [key, engineRow('sqlite', values)]);
  });
}

/** A row more, expected and within the boundary. */
function insert(d: Draft, table: string, row: Entry): void {
  d.setAfter(d.editRows(d.after, table, (rows) => [...rows, row]));
  const known = d.plan.delta.find((counts) => counts.table === table);
  if (known) known.inserted++;
  else {
    const at = d.plan.delta.findIndex((counts) => counts.table > table);
    d.plan.delta.splice(at, 0, { table, inserted: 1, updated: 0, deleted: 0 });
    d.plan.boundary.tables.splice(at, 0, table);
  }
  d.rehearsal.delta = d.plan.delta;
}
