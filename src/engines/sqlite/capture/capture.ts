import type { ObjectSink } from '../../../objects/sink.ts';
import { SnapshotBuilder } from '../../../objects/snapshots/builder.ts';
import type { Captured } from '../../engine.ts';
import { checkIntegrity } from '../process/integrity.ts';
import { attemptRead, openInMemory, openReader, type ReadDatabase } from './reader.ts';
import { checkSchema, type SchemaRow } from './schema-check.ts';
import { addRows, type ReadOptions } from './table-rows.ts';
import { tableShape, unhide } from './table-shape.ts';
import { parseEncoding } from './text.ts';

/** The planner's statistics, which ANALYZE writes: volatile, never compared. Their rows in the schema are. */
export const VOLATILE_TABLES = ['sqlite_stat1', 'sqlite_stat2', 'sqlite_stat3', 'sqlite_stat4'] as const;

/**
 * Captures a closed database file (SPEC.md, "SQLite snapshots"): every row of the schema, every stored table, the
 * AUTOINCREMENT counters, and the facts `user_version`, `application_id` and `encoding`. Not part of the state: page
 * size, auto_vacuum, journal mode, freelist, schema cookie, change counters, statistics.
 * @throws CustodyError DATABASE_CORRUPT, DATABASE_UNSUPPORTED, INTERRUPTED, and what the sink throws.
 */
export async function captureDatabase(
  path: string,
  sink: ObjectSink,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Captured> {
  using reader = openReader(path);
  const { db } = reader;
  await checkIntegrity(reader, signal);
  const builder = new SnapshotBuilder(sink, 'sqlite');
  const encoding = parseEncoding(db.pragma('encoding', { simple: true }));
  builder.fact('encoding', encoding);
  for (const name of ['user_version', 'application_id'])
    builder.fact(name, String(db.pragma(name, { simple: true })));
  const rows = attemptRead(() =>
    db.prepare('SELECT type, name, tbl_name, rootpage, sql FROM main.sqlite_schema').all(),
  ) as SchemaRow[];
  attemptRead(() => checkSchema(db, rows));
  const options: ReadOptions = { encoding, ...(signal === undefined ? {} : { signal }) };
  for (const { type, name, tbl_name, rootpage, sql } of rows) {
    builder.schema(type, name, [
      ['table', tbl_name],
      ['sql', sql ?? ''],
    ]);
    // A virtual table has no root page: what it stores is in its shadow tables, which are tables like any other.
    if (type !== 'table' || !rootpage) continue;
    if (name === 'sqlite_sequence') addSequences(db, builder);
    else if (!(VOLATILE_TABLES as readonly string[]).includes(name))
      await addTable(path, db, name, builder, options);
  }
  return builder.finish();
}

async function addTable(
  path: string,
  db: ReadDatabase,
  name: string,
  builder: SnapshotBuilder,
  options: ReadOptions,
): Promise<void> {
  const shape = attemptRead(() => tableShape(db, name));
  if (shape.hidden) {
    using memory = openInMemory(path);
    const unhidden = attemptRead(() => unhide(memory.db, name));
    const table = builder.table(unhidden.spec);
    await addRows(memory.db, unhidden, table, options);
    table.close();
    return;
  }
  const table = builder.table(shape.spec);
  await addRows(db, shape, table, options);
  table.close();
}

/**
 * `sqlite_sequence` is a table without constraints that anybody may write to: a name may be missing, or be there more than
 * once (the first row counts then), and values need not be integers. What is no plain text or integer begins with what
 * neither can: U+FFFD for names, a type for values.
 */
function addSequences(db: ReadDatabase, builder: SnapshotBuilder): void {
  const sql = `SELECT CASE typeof(name) WHEN 'text' THEN name END AS text,
    typeof(name) || ' ' || hex(name) AS bytes,
    CASE typeof(seq) WHEN 'integer' THEN CAST(seq AS TEXT) WHEN 'real' THEN quote(seq)
      ELSE typeof(seq) || ' ' || hex(seq) END AS seq FROM main.sqlite_sequence ORDER BY rowid`;
  const sequences = new Map<string, string[]>();
  for (const row of db.prepare(sql).all() as { text: string | null; bytes: string; seq: string }[]) {
    const { text, bytes, seq } = row;
    const name = text === null || text.includes(UNREADABLE) ? `${UNREADABLE}${bytes}` : text;
    sequences.set(name, [...(sequences.get(name) ?? []), seq]);
  }
  for (const [name, values] of sequences)
    builder.sequence(
      name,
      values.map((value) => ['seq', value] as const),
    );
}

/** What stands for bytes that are no text, and for itself. */
const UNREADABLE = '\ufffd';
