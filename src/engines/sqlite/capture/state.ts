import type { TableSpec } from '../../../objects/snapshots/builder.ts';
import type { Pairs } from '../../../objects/snapshots/facts.ts';
import type { SqlReads } from './sql-reads.ts';
import { checkSchema, type SchemaRow } from './schema-check.ts';
import { readRows, type KeyedRow } from './table-rows.ts';
import { tableShape, type TableShape } from './table-shape.ts';
import { parseEncoding } from './text.ts';

/** The planner's statistics, which ANALYZE writes: volatile, never compared. Their rows in the schema are. */
const VOLATILE_TABLES = ['sqlite_stat1', 'sqlite_stat2', 'sqlite_stat3', 'sqlite_stat4'];

/** What a state consists of, piece by piece: the rows belong to the table named last. */
export type Part =
  | { readonly fact: readonly [name: string, value: string] }
  | { readonly schema: readonly [type: string, name: string, definition: Pairs] }
  | { readonly sequence: readonly [name: string, values: Pairs] }
  | { readonly table: TableSpec }
  | { readonly rows: readonly KeyedRow[] };

/** A table's hidden rowid that no name reads, made readable somewhere else. */
export type Unhidden = { readonly reads: SqlReads; readonly shape: TableShape } & Disposable;

/**
 * Reads a database's state (spec/FORMAT.md, "SQLite snapshots"): every row of the schema, every stored table, the AUTOINCREMENT
 * counters, and the facts `user_version`, `application_id` and `encoding`. Not part of the state: page size, auto_vacuum,
 * journal mode, freelist, schema cookie, change counters, statistics. Never more than a window of rows is held.
 * @param unhide see {@link hidesRowid}. @throws CustodyError DATABASE_UNSUPPORTED, and what SQLite throws.
 */
export function* readState(reads: SqlReads, unhide: (table: string) => Unhidden): Generator<Part, void> {
  const encoding = parseEncoding(pragma(reads, 'encoding'));
  yield { fact: ['encoding', encoding] };
  for (const name of ['user_version', 'application_id']) yield { fact: [name, String(pragma(reads, name))] };
  const rows = schemaRows(reads);
  checkSchema(reads, rows);
  for (const { type, name, tbl_name, sql } of rows) {
    const definition = [
      ['table', tbl_name],
      ['sql', sql ?? ''],
    ] as const;
    yield { schema: [type, name, definition] };
  }
  if (rows.some(({ type, name }) => type === 'table' && name === SEQUENCES)) yield* sequences(reads);
  for (const name of storedTables(rows)) {
    const shape = tableShape(reads, name);
    yield { table: shape.spec };
    if (shape.hidden) {
      using unhidden = unhide(name);
      yield* windows(readRows(unhidden.reads, unhidden.shape, encoding));
    } else yield* windows(readRows(reads, shape, encoding));
  }
}

/** Whether a table of the schema hides its rowid, so that this state can only be read through a copy. */
export function hidesRowid(reads: SqlReads): boolean {
  return storedTables(schemaRows(reads)).some((name) => tableShape(reads, name).hidden);
}

function* windows(tables: Iterable<readonly KeyedRow[]>): Generator<Part, void> {
  for (const rows of tables) yield { rows };
}

function pragma(reads: SqlReads, name: string): unknown {
  return Object.values(reads.all(`PRAGMA main.${name}`)[0] ?? {})[0];
}

function schemaRows(reads: SqlReads): SchemaRow[] {
  const sql = 'SELECT type, name, tbl_name, rootpage, sql FROM main.sqlite_schema';
  return reads.all(sql) as unknown as SchemaRow[];
}

/** A virtual table has no root page: what it stores is in its shadow tables, which are tables like any other. */
function storedTables(rows: readonly SchemaRow[]): string[] {
  return rows
    .filter(({ type, name, rootpage }) => type === 'table' && rootpage && name !== SEQUENCES)
    .map(({ name }) => name)
    .filter((name) => !VOLATILE_TABLES.includes(name));
}

const SEQUENCES = 'sqlite_sequence';

/**
 * `sqlite_sequence` is a table without constraints that anybody may write to: a name may be missing, or be there more than
 * once (the first row counts then), and values need not be integers. What is no plain text or integer begins with what
 * neither can: U+FFFD for names, a type for values.
 */
function* sequences(reads: SqlReads): Generator<Part, void> {
  const sql = `SELECT CASE typeof(name) WHEN 'text' THEN name END AS text,
    typeof(name) || ' ' || hex(name) AS bytes,
    CASE typeof(seq) WHEN 'integer' THEN CAST(seq AS TEXT) WHEN 'real' THEN quote(seq)
      ELSE typeof(seq) || ' ' || hex(seq) END AS seq FROM main.sqlite_sequence ORDER BY rowid`;
  const named = new Map<string, string[]>();
  for (const row of reads.all(sql) as unknown as { text: string | null; bytes: string; seq: string }[]) {
    const { text, bytes, seq } = row;
    const name = text === null || text.includes(UNREADABLE) ? `${UNREADABLE}${bytes}` : text;
    named.set(name, [...(named.get(name) ?? []), seq]);
  }
  for (const [name, values] of named)
    yield { sequence: [name, values.map((value) => ['seq', value] as const)] };
}

/** What stands for bytes that are no text, and for itself. */
const UNREADABLE = '\ufffd';
