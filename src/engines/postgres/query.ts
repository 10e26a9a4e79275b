import { CustodyError, isCustodyError } from '../../errors.ts';
import type { PostgresConnection } from './connection.ts';
import { isServerError, translated } from './failure.ts';
import { parseSql, walkParseTree, type ParsedStatement } from './script/parser.ts';
import { CAPTURE } from './roles.ts';
import { settingsSql } from './settings.ts';

type Settings = readonly (readonly [name: string, value: string])[];

const HINT = 'Write one SELECT that gives one value.';

/** @throws CustodyError SQL_SYNTAX unless it is exactly one SELECT, nested statements included. */
export async function parseQuery(sql: string): Promise<ParsedStatement> {
  const [statement, ...more] = await parseSql(sql);
  if (statement?.kind !== 'SelectStmt' || more.length > 0) refuse('expected exactly one SELECT');
  walkParseTree({ [statement.kind]: statement.body }, (name, node) => {
    if (/^(Insert|Update|Delete|Merge)Stmt$/.test(name)) refuse('a query writes nothing');
    if (name === 'intoClause') refuse('SELECT INTO makes a table');
    if (name === 'ParamRef') refuse('a parameter ($1) has no value here');
    if (Array.isArray(node['lockingClause'])) refuse('a query locks no rows');
  });
  return statement;
}

function refuse(message: string): never {
  throw new CustodyError('SQL_SYNTAX', message, { hint: HINT });
}

/**
 * Inside a read-only transaction.
 * @returns the value as text that tells NULL from text (spec/REHEARSAL.md, "Rehearsal").
 * @throws CustodyError SQL_FAILED (also for another number of rows or columns), TIME_LIMIT
 */
export async function singleValue(
  connection: PostgresConnection,
  { text }: ParsedStatement,
): Promise<string> {
  const { rows } = await failing(() => connection.run(text));
  const [row] = rows;
  if (rows.length !== 1 || row?.length !== 1)
    throw new CustodyError('SQL_FAILED', 'the query does not give exactly one value', { hint: HINT });
  // A query gives one type: what may look alike is NULL and its name alone.
  const [value] = row;
  if (value == null) return 'NULL';
  return /^'*NULL'*$/i.test(value) ? `'${value}'` : value;
}

/**
 * Has the server analyse the query without running it: names and types are looked up, and as a scalar subquery it must
 * have one column. Nothing is planned, as that would evaluate immutable functions.
 */
export async function compileQuery(
  connection: PostgresConnection,
  { text }: ParsedStatement,
): Promise<CustodyError | undefined> {
  try {
    // The text may end in a comment.
    await failing(() => connection.discard(`PREPARE custody_check AS SELECT (${text}\n)`));
    return undefined;
  } catch (error) {
    if (isCustodyError(error, 'SQL_FAILED')) return error;
    throw error;
  }
}

async function failing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!isServerError(cause)) throw cause;
    // A session that is ended (57P01, 25P03) is no fault of the query.
    if (/^57P|^25P03/.test(cause.code)) throw new CustodyError('ENGINE_FAILED', cause.message, { cause });
    const code = cause.code === '57014' ? 'TIME_LIMIT' : 'SQL_FAILED';
    throw new CustodyError(code, `${cause.message} [${cause.code}]`, { cause, hint: 'Correct the query.' });
  }
}

/**
 * A query on the uncommitted state, inside the executor's transaction: with what deferred triggers will write, as in a
 * capture, and under the settings and the role of a query on a fresh connection, so that the same state gives the same
 * text. All of it is undone with the savepoint, and nothing makes a subtransaction read-write again.
 * @throws CustodyError as {@link singleValue}; SQL_FAILED where a deferred constraint refuses.
 */
export async function queryUncommitted(
  connection: PostgresConnection,
  statement: ParsedStatement,
  settings: Settings,
): Promise<string> {
  await translated('query', () => connection.script('SAVEPOINT custody_query'));
  try {
    await failing(() => connection.script('SET CONSTRAINTS ALL IMMEDIATE'));
    await translated('query', async () => {
      await connection.script('RESET ALL');
      if (settings.length > 0) await connection.script(settingsSql(settings));
      await connection.script(`SET LOCAL ROLE ${CAPTURE}; SET LOCAL transaction_read_only = on`);
    });
    return await singleValue(connection, statement);
  } finally {
    if (connection.status !== 'lost')
      await translated('query', () =>
        connection.script('ROLLBACK TO SAVEPOINT custody_query; RELEASE SAVEPOINT custody_query'),
      );
  }
}
