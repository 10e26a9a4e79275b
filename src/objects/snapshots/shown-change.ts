import { integerOfKey } from '../rows/key.ts';
import { decodeRow, rowOf, showValue } from '../rows/row.ts';
import type { SnapshotChange, Table } from './diff.ts';

/** A change between two snapshots as JSON and terminals show it. */
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
      readonly key: Cells;
      readonly before?: Cells;
      readonly after?: Cells;
      readonly columns?: readonly string[];
    };

type Change = 'added' | 'removed' | 'changed';
type Cells = Readonly<Record<string, string | null>>;

/** Decodes a change's rows into columns. For changed rows `columns` names those that differ. @throws ROW_MALFORMED */
export function showChange(change: SnapshotChange): ShownChange {
  const kind: Change =
    change.before === undefined ? 'added' : change.after === undefined ? 'removed' : 'changed';
  switch (change.part) {
    case 'row': {
      const { table } = change;
      const before = change.before && cells(table, change.key, change.before);
      const after = change.after && cells(table, change.key, change.after);
      const columns =
        before && after ? Object.keys(after).filter((name) => before[name] !== after[name]) : undefined;
      const key = keyCells(table, change.key, (after ?? before)!);
      return {
        part: 'row',
        change: kind,
        table: table.name,
        key,
        ...(before && { before }),
        ...(after && { after }),
        ...(columns && { columns }),
      };
    }
    case 'table':
      return {
        part: 'table',
        change: kind,
        name: change.name,
        ...(change.before && { before: shape(change.before) }),
        ...(change.after && { after: shape(change.after) }),
      };
    case 'coverage':
    case 'fact':
      return {
        part: change.part,
        ...(change.part === 'fact' && { class: change.class }),
        change: kind,
        name: change.name,
        ...(change.before !== undefined && { before: change.before }),
        ...(change.after !== undefined && { after: change.after }),
      };
  }
}

function cells(table: Table, key: Uint8Array, value: Uint8Array): Cells {
  const { row, count } = rowOf(table, value);
  const values = decodeRow(table.format, row);
  const out: Record<string, string | null> = {};
  table.columns.forEach(
    ({ name }, i) => (out[name] = i < values.length ? showValue(table.format, values[i]!) : null),
  );
  // INTEGER PRIMARY KEY is NULL in SQLite's record: its value is the key.
  const [alias, ...more] = table.key.columns;
  if (table.format === 'sqlite-record' && alias !== undefined && more.length === 0 && out[alias] === null) {
    out[alias] = integerOfKey(key)?.toString() ?? null;
  }
  if (table.key.type === 'multiset' && count > 1) out['(count)'] = String(count);
  return out;
}

/** The key as its columns; a hidden rowid as `rowid`, a multiset's row by its hash. */
function keyCells(table: Table, key: Uint8Array, row: Cells): Cells {
  if (table.key.type === 'declared')
    return Object.fromEntries(table.key.columns.map((name) => [name, row[name] ?? null]));
  if (table.key.type === 'rowid')
    return { rowid: integerOfKey(key)?.toString() ?? Buffer.from(key).toString('hex') };
  return { sha256: Buffer.from(key).toString('hex') };
}

function shape(table: Table): string {
  const columns = table.columns.map(({ name, type }) => `${name} ${type}`.trim()).join(', ');
  return `(${columns}) key ${table.key.type}${table.key.columns.length > 0 ? ` (${table.key.columns.join(', ')})` : ''}, ${table.rows} rows`;
}
