import { integerOfKey, MAX_KEY } from '../rows/key.ts';
import { MASKED } from '../rows/masked.ts';
import { readRow, type RowValue } from '../rows/row.ts';
import { shownValue, sameShown, type Shown } from '../rows/shown.ts';
import type { SnapshotChange, Table } from './diff.ts';

/** A change between two snapshots as JSON and terminals show it (spec/FORMAT.md, "Comparing"). */
export type ShownChange =
  | {
      /** `coverage`: what only one of the two looked at, and so was not compared. */
      readonly part: 'coverage' | 'fact' | 'table';
      /** Of a fact: `database`, `schema`, `sequence`. */
      readonly class?: string;
      readonly change: Change;
      readonly name: string;
      readonly before?: string;
      readonly after?: string;
    }
  | {
      readonly part: 'row';
      readonly change: Change;
      readonly table: string;
      readonly key: ShownKey;
      readonly before?: Cells;
      readonly after?: Cells;
      /** Of a changed row: the columns that differ, in value or in type. */
      readonly columns?: readonly string[];
      /** How often a row of a table without a key is there. */
      readonly count?: { readonly before: number; readonly after: number };
    };

/** What tells a row: its key's columns, else its hidden number, else the bytes of its key, as hexadecimal. */
export interface ShownKey {
  readonly columns?: Cells;
  readonly rowid?: string;
  readonly bytes?: string;
}

type Change = 'added' | 'removed' | 'changed';
export type Cells = Readonly<Record<string, Shown>>;
type RowChange = Extract<SnapshotChange, { part: 'row' }>;

/** Decodes a change's rows into columns. @throws ROW_MALFORMED */
export function showChange(change: SnapshotChange): ShownChange {
  const { part, before, after } = change;
  const kind: Change = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
  switch (part) {
    case 'row':
      return showRow(change, kind);
    case 'table':
      return {
        part,
        change: kind,
        name: change.name,
        ...(change.before && { before: shape(change.before) }),
        ...(change.after && { after: shape(change.after) }),
      };
    case 'coverage':
    case 'fact':
      return {
        part,
        ...(part === 'fact' && { class: change.class }),
        change: kind,
        name: change.name,
        ...(change.before !== undefined && { before: change.before }),
        ...(change.after !== undefined && { after: change.after }),
      };
  }
}

function showRow({ table, key, before, after }: RowChange, change: Change): ShownChange {
  const was = before && read(table, key, before);
  const is = after && read(table, key, after);
  const columns =
    was && is
      ? Object.keys(is.cells).filter((name) => !sameShown(was.cells[name] ?? null, is.cells[name] ?? null))
      : undefined;
  return {
    part: 'row',
    change,
    table: table.name,
    key: keyOf(table, key, (is ?? was)!),
    ...(was && { before: was.cells }),
    ...(is && { after: is.cells }),
    ...(columns && { columns }),
    ...(table.key.type === 'multiset' && { count: { before: was?.count ?? 0, after: is?.count ?? 0 } }),
  };
}

interface Read {
  readonly values: readonly RowValue[];
  readonly cells: Cells;
  readonly count: number;
}

function read(table: Table, key: Uint8Array, value: Uint8Array): Read {
  const { values, count } = readRow(table, value);
  const [alias, ...more] = table.key.columns;
  const cells = table.columns.map(({ name }, i): [string, Shown] => {
    const own = values[i] ?? null;
    // INTEGER PRIMARY KEY is NULL in SQLite's record: its value is the key.
    const aliased = own === null && name === alias && more.length === 0 && table.format === 'sqlite-record';
    return [name, shownValue(table.format, aliased ? (integerOfKey(key) ?? null) : own)];
  });
  return { values, cells: Object.fromEntries(cells), count };
}

function keyOf(table: Table, key: Uint8Array, { cells, values }: Read): ShownKey {
  if (table.key.type === 'rowid') return { rowid: integerOfKey(key)?.toString() ?? '' };
  if (table.key.type === 'multiset') return { bytes: hex(key) };
  const columns = Object.fromEntries(table.key.columns.map((name) => [name, cells[name] ?? null]));
  const kept = table.key.columns.map((name) => values[table.columns.findIndex((c) => c.name === name)]);
  if (kept.includes(MASKED)) return { columns, bytes: hex(key) };
  if (!Object.values(columns).includes(null)) return { columns };
  // With NULL in a declared key the rowid is the key's last part, unless the key was too long to be kept whole.
  const rowid = key.length < MAX_KEY ? integerOfKey(key.subarray(-9)) : undefined;
  return { columns, ...(rowid === undefined ? { bytes: hex(key) } : { rowid: rowid.toString() }) };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function shape(table: Table): string {
  const columns = table.columns.map(({ name, type }) => `${name} ${type}`.trim()).join(', ');
  return `(${columns}) key ${table.key.type}${table.key.columns.length > 0 ? ` (${table.key.columns.join(', ')})` : ''}, ${table.rows} rows`;
}
