import type { TableSpec } from '../../objects/snapshot-builder.ts';
import type { ReadDatabase } from './reader.ts';

/** How one table is read and keyed (SPEC.md, "SQLite snapshots"). */
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
}

const ROWID_NAMES = ['rowid', '_rowid_', 'oid'] as const;

/**
 * @param renamed the name in `db` of a column that {@link unhide} renamed, by its own name.
 */
export function tableShape(
  db: ReadDatabase,
  name: string,
  renamed?: readonly [own: string, now: string],
): TableShape {
  const all = db.pragma(`table_xinfo(${quote(name)})`) as Column[];
  const columns = all.filter(({ hidden }) => hidden !== 2n);
  const own = (column: string): string => (column === renamed?.[1] ? renamed[0] : column);
  const pk = columns.filter((column) => column.pk > 0n).sort((a, b) => Number(a.pk - b.pk));
  const key = pk.map((column) => columns.indexOf(column));
  const listed = db.pragma(`table_list(${quote(name)})`) as { schema: string; wr: bigint }[];
  const withoutRowid = listed.some(({ schema, wr }) => schema === 'main' && wr === 1n);
  const alias = !withoutRowid && isRowidAlias(db, name, pk) ? key[0]! : -1;
  const taken = new Set(all.map((column) => column.name.toLowerCase()));
  const rowid = withoutRowid || alias >= 0 ? undefined : ROWID_NAMES.find((free) => !taken.has(free));
  const declared = key.length > 0;
  return {
    spec: {
      name,
      format: 'sqlite-record',
      columns: columns.map((column) => ({ name: own(column.name), type: column.type })),
      key: { type: declared ? 'declared' : 'rowid', columns: pk.map((column) => own(column.name)) },
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
function isRowidAlias(db: ReadDatabase, table: string, pk: readonly Column[]): boolean {
  const only = pk[0];
  if (pk.length !== 1 || only === undefined || only.type.toUpperCase() !== 'INTEGER') return false;
  const indexes = db.pragma(`index_list(${quote(table)})`) as { origin: string }[];
  return indexes.every(({ origin }) => origin !== 'pk');
}

/** Renames the column `oid` in a private copy in memory, so that the hidden rowid can be read under that name. */
export function unhide(db: ReadDatabase, name: string): TableShape {
  const columns = db.pragma(`table_xinfo(${quote(name)})`) as Column[];
  const own = columns.find((column) => column.name.toLowerCase() === 'oid')!.name;
  const taken = new Set(columns.map((column) => column.name.toLowerCase()));
  let now = 'custody_oid';
  while (taken.has(now)) now += '_';
  // Views and triggers need not make sense for this copy.
  db.pragma('legacy_alter_table = ON');
  db.exec(`ALTER TABLE main.${quote(name)} RENAME COLUMN ${quote(own)} TO ${now}`);
  return tableShape(db, name, [own, now]);
}

/** An identifier in double quotes. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
