import type { TableSpec } from '../../../objects/snapshots/builder.ts';
import type { Reader } from './reader.ts';
import type { SqlReads } from './sql-reads.ts';

/** How one table is read and keyed (spec/FORMAT.md, "SQLite snapshots"). */
export interface TableShape {
  readonly spec: TableSpec;
  /** For each stored column, in order of declaration: its name as it must be written in a query. */
  readonly reads: readonly string[];
  /** Index of the column that is the rowid under another name (INTEGER PRIMARY KEY), or -1. Stored as NULL. */
  readonly alias: number;
  /** Indexes of the declared key's columns, in the order of the key; empty where the hidden rowid is the key. */
  readonly key: readonly number[];
  /** The name by which the hidden rowid can be read; undefined where there is none, or none that is free. */
  readonly rowid: string | undefined;
  /** A rowid exists, columns hide all of its names, and the key needs it: see {@link unhide}. */
  readonly hidden: boolean;
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly pk: bigint;
  /** 0 ordinary, 1 hidden (virtual tables), 2 generated when read, 3 generated and stored. */
  readonly hidden: bigint;
  readonly dflt_value: string | null;
}

const ROWID_NAMES = ['rowid', '_rowid_', 'oid'] as const;

export function tableShape(db: SqlReads, name: string): TableShape {
  const all = db.all(`PRAGMA table_xinfo(${quote(name)})`) as unknown as Column[];
  const columns = all.filter(({ hidden }) => hidden !== 2n);
  const pk = columns.filter((column) => column.pk > 0n).sort((a, b) => Number(a.pk - b.pk));
  const key = pk.map((column) => columns.indexOf(column));
  const listed = db.all(`PRAGMA table_list(${quote(name)})`) as { schema: string; wr: bigint }[];
  const withoutRowid = listed.some(({ schema, wr }) => schema === 'main' && wr === 1n);
  const alias = !withoutRowid && isRowidAlias(db, name, pk) ? key[0]! : -1;
  const taken = new Set(all.map((column) => column.name.toLowerCase()));
  const rowid = withoutRowid || alias >= 0 ? undefined : ROWID_NAMES.find((free) => !taken.has(free));
  const declared = key.length > 0;
  return {
    spec: {
      name,
      format: 'sqlite-record',
      columns: columns.map((column) => ({ name: column.name, type: column.type })),
      key: { type: declared ? 'declared' : 'rowid', columns: pk.map((column) => column.name) },
    },
    reads: columns.map((column) => quote(column.name)),
    alias,
    key,
    rowid,
    hidden: !withoutRowid && alias < 0 && rowid === undefined,
  };
}

/**
 * One column of type INTEGER is the primary key and has no index of its own: then it is the rowid
 * (https://www.sqlite.org/lang_createtable.html#rowid; the index tells `INTEGER PRIMARY KEY DESC` apart, which is not).
 */
function isRowidAlias(db: SqlReads, table: string, pk: readonly Column[]): boolean {
  const only = pk[0];
  if (pk.length !== 1 || only === undefined || only.type.toUpperCase() !== 'INTEGER') return false;
  const indexes = db.all(`PRAGMA index_list(${quote(table)})`) as { origin: string }[];
  return indexes.every(({ origin }) => origin !== 'pk');
}

/**
 * Makes the hidden rowid readable in a private copy: its schema is replaced by one table over the same b-tree,
 * with the same types and defaults and other column names. (SQLite refuses to rename a column called like a rowid.)
 */
export function unhide({ db, reads }: Pick<Reader, 'db' | 'reads'>, name: string): TableShape {
  const shape = tableShape(reads, name);
  const all = reads.all(`PRAGMA table_xinfo(${quote(name)})`) as unknown as Column[];
  const stored = all.filter(({ hidden }) => hidden !== 2n);
  const definitions = stored.map(({ type, dflt_value }, i) => {
    const value = dflt_value === null ? '' : ` DEFAULT (${dflt_value})`;
    return `c${i}${type === '' ? '' : ` ${quote(type)}`}${value}`;
  });
  db.unsafeMode(true);
  db.pragma('writable_schema = ON');
  db.prepare('DELETE FROM sqlite_schema WHERE name <> ?').run(name);
  db.prepare('UPDATE sqlite_schema SET sql = ?').run(
    `CREATE TABLE ${quote(name)}(${definitions.join(', ')})`,
  );
  db.pragma('writable_schema = RESET');
  return { ...shape, reads: stored.map((_, i) => `c${i}`), rowid: 'rowid', hidden: false };
}

/** An identifier in double quotes. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
