import { CustodyError } from '../../../errors.ts';
import { SnapshotBuilder } from '../../../objects/snapshots/builder.ts';
import type { ObjectSink } from '../../../objects/sink.ts';
import type { Captured } from '../../engine.ts';
import { captureRows, type Relation } from './capture-rows.ts';
import { FIRST_OID, inDatabase, qualified } from './catalog-sql.ts';
import type { PostgresConnection, ResultRow } from '../connection.ts';
import { isServerError, translated } from '../failure.ts';
import { PIN_SQL } from './pins.ts';
import { CAPTURE } from '../roles.ts';
import { OBJECT_QUERIES, FACTS } from './schema-objects.ts';
import { COLUMNS, RELATION_OBJECTS, RELATIONS } from './schema-relations.ts';
import { tellingReading } from './telling.ts';
import { assertSupported } from './unsupported.ts';
import { displayName, quoteIdentifier } from '../names.ts';
import { undo } from '../../../system/undo.ts';

/**
 * The committed state, in one REPEATABLE READ READ ONLY transaction on a fresh connection of {@link CAPTURE}.
 * @throws CustodyError DATABASE_UNSUPPORTED, ENGINE_FAILED
 */
export async function captureCommitted(connection: PostgresConnection, sink: ObjectSink): Promise<Captured> {
  return translated('capture', async () => {
    await connection.script(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${PIN_SQL}`);
    const captured = await captureState(connection, sink);
    await connection.script('ROLLBACK');
    return captured;
  });
}

/**
 * The uncommitted state, inside the open transaction of the executor's connection: everything that the capture changes
 * (deferred constraints that it fires, settings, the role) is undone with the savepoint.
 * @throws CustodyError DATABASE_UNSUPPORTED, SQL_FAILED where a deferred constraint refuses, ENGINE_FAILED
 */
export async function captureUncommitted(
  connection: PostgresConnection,
  sink: ObjectSink,
): Promise<Captured> {
  await connection.script('SAVEPOINT custody_capture');
  try {
    try {
      await connection.script('SET CONSTRAINTS ALL IMMEDIATE');
    } catch (cause) {
      if (!isServerError(cause)) throw cause;
      throw new CustodyError(
        'SQL_FAILED',
        `a deferred constraint refuses: ${cause.message} [${cause.code}]`,
        { cause, path: 'commit' },
      );
    }
    const captured = await translated('capture', async () => {
      await connection.script(`${PIN_SQL}; SET LOCAL transaction_read_only = on; SET LOCAL ROLE ${CAPTURE}`);
      return captureState(connection, sink);
    });
    await leave(connection);
    return captured;
  } catch (error) {
    throw await undo(error, () => leave(connection));
  }
}

/** Back to where the capture began. */
async function leave(connection: PostgresConnection): Promise<void> {
  if (connection.status !== 'lost')
    await connection.script('ROLLBACK TO SAVEPOINT custody_capture; RELEASE SAVEPOINT custody_capture');
}

async function captureState(connection: PostgresConnection, sink: ObjectSink): Promise<Captured> {
  await assertSupported(connection);
  const builder = new SnapshotBuilder(sink, 'postgres');
  for (const [name, value] of await connection.rows(FACTS)) builder.fact(name ?? '', value ?? '');
  await captureSchema(connection, builder);
  await captureSequences(connection, builder);
  for (const relation of await relations(connection)) await captureRows(connection, relation, builder);
  return builder.finish();
}

async function captureSchema(connection: PostgresConnection, builder: SnapshotBuilder): Promise<void> {
  const columns = new Map<string, [string, string][]>();
  for (const [relation, name, definition] of await connection.rows(COLUMNS)) {
    group(columns, relation ?? '').push([`column ${displayName(name ?? '')}`, definition ?? '']);
  }
  for (const sql of [RELATIONS, ...RELATION_OBJECTS, ...OBJECT_QUERIES]) {
    const { names, rows } = await connection.run(sql);
    for (const [type, name, ...values] of rows) {
      if (type == null || name == null)
        throw new CustodyError('ENGINE_FAILED', `a ${type ?? 'schema object'} has no name`);
      const pairs = pairsOf(names.slice(2), values);
      const relation = pairs.find(([key]) => key === 'relation' && sql === RELATIONS);
      const own = relation
        ? [...pairs.filter((pair) => pair !== relation), ...(columns.get(relation[1]) ?? [])]
        : pairs;
      builder.schema(type, name, own);
    }
  }
}

/** What is NULL is left out. */
function pairsOf(names: readonly string[], values: ResultRow): [string, string][] {
  return names.flatMap((name, i): [string, string][] => {
    const value = values[i];
    return value === null || value === undefined ? [] : [[name, value]];
  });
}

async function captureSequences(connection: PostgresConnection, builder: SnapshotBuilder): Promise<void> {
  const sequences = await connection.rows(
    `SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'S' AND ${inDatabase('n', 'c.oid')} ORDER BY 1, 2`,
  );
  for (const [schema, name] of sequences) {
    const [row] = await connection.rows(
      `SELECT last_value::text, is_called::text FROM ${quoteIdentifier(schema ?? '')}.${quoteIdentifier(name ?? '')}`,
    );
    builder.sequence(displayName(schema ?? '', name ?? ''), [
      ['last_value', row?.[0] ?? ''],
      ['is_called', row?.[1] ?? ''],
    ]);
  }
}

/**
 * Every relation that holds rows, large objects included where there are any.
 * @throws CustodyError DATABASE_UNSUPPORTED for a column whose values cannot all be told apart.
 */
async function relations(connection: PostgresConnection): Promise<Relation[]> {
  const columns = new Map<string, { name: string; type: string; oid: string }[]>();
  const keys = new Map<string, { name: string; integer: boolean }[]>();
  const found = await connection.rows(
    `SELECT c.oid::text, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE (c.relkind = 'r' OR (c.relkind = 'm' AND c.relispopulated)) AND ${inDatabase('n', 'c.oid')}
     UNION ALL SELECT 'pg_largeobject'::regclass::oid::text, 'pg_catalog', 'pg_largeobject' WHERE EXISTS (SELECT FROM pg_largeobject)`,
  );
  for (const [relation, name, type, oid] of await connection.rows(
    `SELECT a.attrelid::text, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid::text FROM pg_attribute a
     WHERE a.attnum > 0 AND NOT a.attisdropped AND (a.attrelid >= ${FIRST_OID} OR a.attrelid = 'pg_largeobject'::regclass)
     ORDER BY a.attrelid, a.attnum`,
  )) {
    group(columns, relation ?? '').push({ name: name ?? '', type: type ?? '', oid: oid ?? '' });
  }
  // A large object's pages have a unique index instead of a primary key.
  for (const [relation, name, type] of await connection.rows(
    `SELECT i.indrelid::text, a.attname, a.atttypid::regtype::text
     FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
     WHERE (i.indisprimary OR i.indexrelid = 'pg_largeobject_loid_pn_index'::regclass) AND k.place <= i.indnkeyatts
     ORDER BY i.indrelid, k.place`,
  )) {
    group(keys, relation ?? '').push({
      name: name ?? '',
      integer: /^(smallint|integer|bigint)$/.test(type ?? ''),
    });
  }
  const reading = await tellingReading(connection);
  return found.map(([relation, schema, name]) => {
    const own = columns.get(relation ?? '') ?? [];
    return {
      schema: schema ?? '',
      name: name ?? '',
      columns: own.map((column) => ({ name: column.name, type: column.type })),
      readings: own.map(
        (column) =>
          reading(column.oid, quoteIdentifier(column.name)) ??
          untold(displayName(schema ?? '', name ?? '', column.name), column.type),
      ),
      key: keys.get(relation ?? '') ?? [],
    };
  });
}

function untold(column: string, type: string): never {
  throw new CustodyError(
    'DATABASE_UNSUPPORTED',
    `the column ${column} is of the type ${type}, whose values PostgreSQL does not all print apart`,
    {
      hint: 'Make the dump without this table, or keep what the column holds as text.',
      path: column,
    },
  );
}

function group<T>(map: Map<string, T[]>, key: string): T[] {
  const found = map.get(key) ?? [];
  map.set(key, found);
  return found;
}

/** Display names of every table with its oid, for the boundary. */
export const TABLE_NAMES = `SELECT ${qualified('n.nspname', 'c.relname')}, c.oid::text FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND ${inDatabase('n', 'c.oid')}`;
