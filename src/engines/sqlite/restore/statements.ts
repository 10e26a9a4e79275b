import { TextBytes } from '../../../objects/rows/key.ts';
import type { RowValue } from '../../../objects/rows/row.ts';
import { definitionText, findFact } from '../../../objects/snapshots/facts.ts';
import type { Walk } from '../../../objects/walk.ts';
import { MASKED } from '../../../objects/rows/masked.ts';
import {
  changedColumns,
  columnOf,
  RESTORE_IMAGE_HINT,
  unsupported,
  type Counted,
  type Dialect,
  type Infos,
  type RowChange,
  type SchemaObject,
  type SequenceChange,
  type RestoreStep,
  type TableInfo,
} from '../../restore/model.ts';
import { sqliteLiteral, type TextEncoding } from './literal.ts';
import { describeSqlite } from './schema.ts';

/** The statements of a SQLite restore script. Names are quoted and of schema `main`: no temporary table can stand in. */
export function sqliteDialect(fact: string): Dialect {
  const encoding: TextEncoding = fact === 'UTF-16le' || fact === 'UTF-16be' ? fact : 'UTF-8';
  const literal = (value: RowValue): string => sqliteLiteral(value, encoding);
  return {
    note: undefined,
    deferral: 'declared DEFERRABLE, or in SQLite with PRAGMA defer_foreign_keys (in a plan: session)',
    describe: (schema, tables) => {
      const kept = shadowTables(schema);
      return new Map([...describeSqlite(schema, tables)].filter(([name]) => !kept.has(name)));
    },
    rows: ({ kind, change }: RestoreStep, info: TableInfo) => {
      const name = `main.${quote(change.table.name)}`;
      if (kind === 'delete') return [`DELETE FROM ${name} WHERE ${where(change, info, literal)}`];
      if (kind === 'insert') return [insert(name, change, info, literal)];
      const sets = changedColumns(change, info).map(
        (i) => `${quote(change.table.columns[i]!.name)} = ${literal(change.wanted![i]!)}`,
      );
      return [`UPDATE ${name} SET ${sets.join(', ')} WHERE ${where(change, info, literal)}`];
    },
    sequence: ({ name, wanted, found }) => {
      const own = `name = ${literal(name)}`;
      if (wanted === undefined) return [`DELETE FROM main.sqlite_sequence WHERE ${own}`];
      const seq = counter(name, wanted);
      if (found !== undefined) {
        counter(name, found);
        return [`UPDATE main.sqlite_sequence SET seq = ${seq} WHERE ${own}`];
      }
      // An INSERT above may have made the row already.
      return [
        `DELETE FROM main.sqlite_sequence WHERE ${own}`,
        `INSERT INTO main.sqlite_sequence (name, seq) VALUES (${literal(name)}, ${seq})`,
      ];
    },
    moved: movedCounters,
    temporary: (_table, _column, value, n) => {
      const stored = value === null || value === MASKED ? undefined : storageClass(value);
      if (stored === 'integer') return BigInt(n);
      if (stored === 'real') return n;
      const name = `custody-${n}`;
      return stored === 'text' ? name : Buffer.from(name);
    },
  };
}

/**
 * A counter may be the same in A and B and yet be moved by an INSERT of the script, of a row beyond it: then it is
 * put back as well.
 */
function* movedCounters<T>(
  { snapshot, sequences }: Counted,
  steps: readonly RestoreStep[],
  infos: Infos,
): Walk<T, SequenceChange[]> {
  const highest = new Map<string, bigint>();
  for (const { kind, change } of steps) {
    const { table, wanted } = change;
    if (kind !== 'insert' || infos.get(table.name)?.counted !== true) continue;
    // AUTOINCREMENT stands on an INTEGER PRIMARY KEY alone.
    const rowid = wanted?.[columnOf(table, table.key.columns[0] ?? '')];
    if (typeof rowid === 'bigint' && rowid > (highest.get(table.name) ?? 0n)) highest.set(table.name, rowid);
  }
  const moved: SequenceChange[] = [];
  for (const [name, rowid] of highest) {
    if (sequences.some((change) => change.name === name)) continue;
    const definition = yield* findFact<T>(snapshot, 'sequence', name);
    const wanted = definition && definitionText(definition);
    const seq = /^seq: (-?\d+)$/.exec(wanted ?? '')?.[1];
    if (seq === undefined || rowid > BigInt(seq)) moved.push({ name, wanted, found: wanted });
  }
  return moved;
}

/** What the virtual tables that come with SQLite (FTS3 to 5, R-Tree, Geopoly) call the tables that hold their content. */
const SHADOWS = [
  ...['data', 'idx', 'content', 'docsize', 'config', 'segments', 'segdir', 'stat'],
  ...['node', 'rowid', 'parent'],
];

function shadowTables(schema: readonly SchemaObject[]): ReadonlySet<string> {
  const virtual = schema.filter(
    ({ type, pairs }) =>
      type === 'table' && pairs.some(([key, sql]) => key === 'sql' && /^CREATE\s+VIRTUAL\s/i.test(sql)),
  );
  return new Set(virtual.flatMap(({ name }) => SHADOWS.map((suffix) => `${name}_${suffix}`)));
}

/** @throws RESTORE_UNSUPPORTED where `sqlite_sequence` holds anything but one integer for the table. */
function counter(name: string, definition: string): string {
  const seq = /^seq: (-?\d+)$/.exec(definition)?.[1];
  if (seq !== undefined) return seq;
  throw unsupported(
    `sequence ${name}`,
    `sqlite_sequence holds more than one row, or no integer, for ${name}`,
    RESTORE_IMAGE_HINT,
  );
}

function insert(name: string, change: RowChange, info: TableInfo, literal: (v: RowValue) => string): string {
  const { table, wanted, rowid } = change;
  const written = table.columns.map((_, i) => i).filter((i) => !info.generated.has(i));
  const columns = written.map((i) => quote(table.columns[i]!.name));
  const values = written.map((i) => literal(wanted![i]!));
  if (rowid !== undefined) {
    columns.unshift(rowidName(info));
    values.unshift(rowid.toString());
  }
  return `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${values.join(', ')})`;
}

/**
 * Exactly one row. A comparison alone would not do: 1 equals 1.0, the collation of a column may make 'a' equal 'A', and a
 * CAST to TEXT lends its affinity to a column that has none. So the storage class is asked for, except where the column's
 * affinity leaves but one, and text is compared by bytes.
 */
function where(
  { table, found, rowid }: RowChange,
  info: TableInfo,
  literal: (v: RowValue) => string,
): string {
  if (rowid !== undefined) return `${rowidName(info)} = ${rowid}`;
  return table.key.columns
    .map((name) => {
      const at = columnOf(table, name);
      const value = found![at]!;
      const column = quote(name);
      const equal = `${column} = ${literal(value)}`;
      const stored = storageClass(value);
      // The first comparison can use the key's index, whatever its collation is.
      const exact = stored === 'text' && info.collated ? `${equal} AND ${equal} COLLATE BINARY` : equal;
      return affinity(table.columns[at]!.type) === stored
        ? exact
        : `${exact} AND typeof(${column}) = '${stored}'`;
    })
    .join(' AND ');
}

function storageClass(value: RowValue): 'integer' | 'real' | 'text' | 'blob' {
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'number') return 'real';
  return typeof value === 'string' || value instanceof TextBytes ? 'text' : 'blob';
}

/** The two affinities that matter here (https://www.sqlite.org/datatype3.html#determination_of_column_affinity). */
function affinity(type: string): 'integer' | 'text' | undefined {
  if (/INT/i.test(type)) return 'integer';
  return /CHAR|CLOB|TEXT/i.test(type) ? 'text' : undefined;
}

function rowidName({ table, rowid }: TableInfo): string {
  if (rowid !== undefined) return rowid;
  throw unsupported(
    `table ${table.name}`,
    `the columns of ${table.name} hide every name of its rowid`,
    RESTORE_IMAGE_HINT,
  );
}

/** An identifier in double quotes. */
function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
