import { CustodyError } from '../../errors.ts';
import type { ObjectSink } from '../../objects/sink.ts';
import type { Captured, Clone, EngineOptions, Session } from '../engine.ts';
import { captureCommitted } from './capture.ts';
import type { Cluster } from './cluster.ts';
import { isServerError, translated } from './failure.ts';
import { IMAGE } from './image.ts';
import { quoteIdentifier } from './names.ts';
import { parseSql, type Statement } from './parser.ts';
import { CAPTURE, EXECUTOR, lockDatabase } from './roles.ts';
import { PostgresSession } from './session.ts';
import { settingsSql } from './settings.ts';

/** A database made from the restore image. */
export class PostgresClone implements Clone {
  readonly #cluster: Cluster;
  readonly #database: string;
  readonly #options: EngineOptions;
  readonly #gone: () => void;

  private constructor(cluster: Cluster, database: string, options: EngineOptions, gone: () => void) {
    this.#cluster = cluster;
    this.#database = database;
    this.#options = options;
    this.#gone = gone;
  }

  /** @param gone called once the database is dropped. */
  static async make(
    cluster: Cluster,
    database: string,
    options: EngineOptions,
    gone: () => void,
  ): Promise<PostgresClone> {
    const clone = new PostgresClone(cluster, database, options, gone);
    await clone.#create();
    return clone;
  }

  async capture(sink: ObjectSink): Promise<Captured> {
    await using connection = await this.#cluster.connect(this.#database, CAPTURE);
    return await captureCommitted(connection, sink);
  }

  /** In a read-only transaction of the capture role, under the plan's session settings; a second column or row is SQL_FAILED. */
  async query(sql: string): Promise<string> {
    const [statement, ...more] = await parseSql(sql);
    if (statement?.kind !== 'SelectStmt' || more.length > 0) {
      throw new CustodyError('SQL_SYNTAX', 'expected exactly one SELECT', {
        hint: 'Write one SELECT that gives one value.',
      });
    }
    await using connection = await this.#cluster.connect(this.#database, CAPTURE, true);
    if (this.#options.session.length > 0) await connection.script(settingsSql(this.#options.session));
    await connection.script(`SET statement_timeout = ${Math.max(1, Math.floor(this.#options.timeLimit))}`);
    // A query has run before the statement's own: from then on nothing makes the transaction read-write again.
    await connection.script('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1');
    return await single(connection, statement);
  }

  async open(): Promise<Session> {
    const connection = await this.#cluster.connect(this.#database, EXECUTOR, true);
    try {
      if (this.#options.session.length > 0) await connection.script(settingsSql(this.#options.session));
    } catch (cause) {
      await connection[Symbol.asyncDispose]();
      throw new CustodyError('USAGE', `a session setting of the plan is refused: ${String(cause)}`, {
        cause,
      });
    }
    return new PostgresSession({
      connection,
      admin: () => this.#cluster.connect(this.#database),
      timeLimit: this.#options.timeLimit,
    });
  }

  async reset(): Promise<void> {
    await this.#drop();
    await this.#create();
  }

  /** PostgreSQL is row-exact, never page-exact (facts page). */
  identical(): Promise<null> {
    return Promise.resolve(null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#cluster.ownsServer()) await this.#drop();
    this.#gone();
  }

  async #create(): Promise<void> {
    await translated('clone', async () => {
      await using admin = await this.#cluster.connect('postgres');
      await admin.script(`CREATE DATABASE ${quoteIdentifier(this.#database)} TEMPLATE ${IMAGE}`);
      await lockDatabase(admin, this.#database);
    });
  }

  async #drop(): Promise<void> {
    await translated('clone', async () => {
      await using admin = await this.#cluster.connect('postgres');
      await admin.script(`DROP DATABASE IF EXISTS ${quoteIdentifier(this.#database)} WITH (FORCE)`);
    });
  }
}

async function single(
  connection: { run(sql: string): Promise<{ rows: readonly (readonly (string | null)[])[] }> },
  { text }: Statement,
): Promise<string> {
  try {
    const { rows } = await connection.run(text);
    const [row] = rows;
    if (rows.length !== 1 || row?.length !== 1)
      throw new CustodyError('SQL_FAILED', 'the query does not give exactly one value');
    return row[0] ?? 'NULL';
  } catch (cause) {
    if (!isServerError(cause)) throw cause;
    const code = cause.code === '57014' ? 'TIME_LIMIT' : 'SQL_FAILED';
    throw new CustodyError(code, `${cause.message} [${cause.code}]`, { cause, hint: 'Correct the query.' });
  }
}
