import { encode } from '../objects/codec.ts';
import { encodeKey } from '../objects/rows/key.ts';
import type { Link } from '../objects/link.ts';
import { multisetEntries } from '../objects/rows/multiset.ts';
import { engineRow } from './states.ts';
import type { Draft, Entry } from './draft.ts';
import { LEGS, type Expected } from './vector.ts';

type Difference = readonly [name: string, path: string, edit: (draft: Draft, state: Link) => Link];

/** A state in which one thing differs, by what differs, with the path below the state at which it is found. */
export const ROW_DIFFERENCES: readonly Difference[] = [
  ['row-gone', 'stock', (d, s) => d.editRows(s, 'stock', (rows) => rows.slice(1))],
  ['row-more', 'stock', (d, s) => d.editRows(s, 'stock', (rows) => [...rows, stock(900n)])],
  ['row-changed', 'stock', (d, s) => d.editRows(s, 'stock', (rows) => [stock(0n, 'x'), ...rows.slice(1)])],
  ['long-row-changed', 'stock', (d, s) => d.editRows(s, 'stock', changeLongRow)],
  ['multiset-row-gone', 'notes', (d, s) => d.editRows(s, 'notes', () => notes('seen', 'born'))],
  [
    'table-gone',
    'table/stock',
    (d, s) => d.editPart(s, 'tables', (e) => e.filter(([k]) => !isKey(k, 'stock'))),
  ],
  [
    'column-renamed',
    'table/tokens',
    (d, s) => d.editTable(s, 'tokens', (t) => void (t.columns[1]!.name = 'why')),
  ],
  [
    'column-type',
    'table/tokens',
    (d, s) => d.editTable(s, 'tokens', (t) => void (t.columns[1]!.type = 'blob')),
  ],
];

/** And one in which rows and columns are the same. */
export const DEFINITION_DIFFERENCES: readonly Difference[] = [
  [
    'schema-gone',
    'schema/index births_name',
    (d, s) => d.editPart(s, 'schema', (e) => e.filter(([k]) => !isKey(k, 'index', 'births_name'))),
  ],
  [
    'schema-more',
    'schema/trigger t',
    (d, s) => d.editPart(s, 'schema', (e) => [...e, define('trigger', 't')]),
  ],
  [
    'schema-changed',
    'schema/index births_name',
    (d, s) =>
      d.editPart(s, 'schema', (e) =>
        e.map((x) => (isKey(x[0], 'index', 'births_name') ? define('index', 'births_name') : x)),
      ),
  ],
  [
    'fact-changed',
    'database/user_version',
    (d, s) =>
      d.editPart(s, 'database', (e) =>
        e.map((x) => (isKey(x[0], 'user_version') ? fact('user_version', '8') : x)),
      ),
  ],
  [
    'fact-gone',
    'database/user_version',
    (d, s) => d.editPart(s, 'database', (e) => e.filter(([k]) => !isKey(k, 'user_version'))),
  ],
  ['fact-more', 'database/zone', (d, s) => d.editPart(s, 'database', (e) => [...e, fact('zone', 'UTC')])],
];

/** What the change led to, with the values that the after-state leaves out. */
export function applied(d: Draft): Link {
  const births = d.editRows(d.after, 'births', (rows) => [...rows.slice(0, 2), birth(3n, 'name 3')]);
  const tokens = d.editRows(births, 'tokens', (rows) => [
    ...rows.filter(([key]) => key[0] === TEXT),
    ...['c3', 'd4'].map((token): Entry => [encodeKey([token]), engineRow('sqlite', [token, 'birth'])]),
  ]);
  const unmasked = d.editTable(tokens, 'births', (t) => void (t.masked = []));
  return d.editTable(unmasked, 'tokens', (t) => void (t.masked = []));
}

/** The first byte of a key whose first part is text. */
const TEXT = encodeKey([''])[0];

export function other(d: Draft): Link {
  return d.editPart(d.rehearsal.entry, 'database', (e) => [...e, fact('zone', 'UTC')]);
}

/** Both legs, each below its own path; with `delta` and `after` as the first part. */
export function inBoth(...expected: Expected[]): Expected[] {
  return LEGS.flatMap((leg) => expected.map(([code, path]): Expected => [code, `legs/${leg}/${path}`]));
}

/** A leg that ended in the before-state: nothing happened, and nothing that was expected did. */
export function unchanged(leg: string): Expected[] {
  return [
    ['NO_REAL_CHANGE', `legs/${leg}/after`],
    ...['births', 'notes', 'tokens'].map((t): Expected => ['DELTA_UNEXPECTED', `legs/${leg}/delta/${t}`]),
  ];
}

/** A PostgreSQL sequence's state. */
export function sequence(name: string, value: string, called: string): Entry {
  return [
    encodeKey([name]),
    encode([
      ['last_value', value],
      ['is_called', called],
    ]),
  ];
}

/** A fact of the whole database. */
function fact(name: string, value: string): Entry {
  return [encodeKey([name]), encode(value)];
}

export function stock(id: bigint, part = 'new'): Entry {
  return [encodeKey([id]), engineRow('sqlite', [id, part])];
}

export function birth(id: bigint, name: string): Entry {
  return [encodeKey([id]), engineRow('sqlite', [id, name, '2026-01-01'])];
}

export function notes(...rows: string[]): Entry[] {
  return multisetEntries(rows.map((note) => engineRow('sqlite', [note])));
}

function changeLongRow(rows: Entry[]): Entry[] {
  return rows.map(([key, row]) =>
    row instanceof Uint8Array ? [key, row] : [key, engineRow('sqlite', [200n, '!'.repeat(20_000)])],
  );
}

export function counter(name: string, value: string): Entry {
  return [encodeKey([name]), encode([['seq', value]])];
}

function define(type: string, name: string): Entry {
  return [encodeKey([type, name]), encode([['sql', 'another definition']])];
}

function isKey(key: Uint8Array, ...parts: string[]): boolean {
  return Buffer.compare(key, encodeKey(parts)) === 0;
}
