import type { Client, QueryArrayConfig } from 'pg';
import type { Writable } from 'node:stream';
import { CustodyError } from '../../errors.ts';
import { interrupted, isServerError } from './failure.ts';

export interface Where {
  readonly socketFolder: string;
  readonly database: string;
  readonly user: string;
  /** Keeps the server's own search path: only for SQL from outside. */
  readonly freePath?: boolean;
  /** Whether the server was ended on request: its errors are then an interruption. */
  readonly aborted?: () => boolean;
}

export type ResultRow = readonly (string | null)[];

export interface QueryResult {
  readonly names: readonly string[];
  readonly rows: readonly ResultRow[];
  /** The command tag's first word: `SELECT`, `COMMIT`, `ROLLBACK`. */
  readonly command: string;
}

/** What the server says about itself after each command: idle, in a transaction, in a failed one. */
export type Status = 'I' | 'T' | 'E' | 'lost';

/** One connection over the cluster's Unix socket. Every value travels as text: nothing is parsed on our side. */
export class PostgresConnection implements AsyncDisposable {
  readonly #client: Client;
  readonly #aborted: () => boolean;
  #lost = false;

  constructor(client: Client, aborted: () => boolean = () => false) {
    this.#client = client;
    this.#aborted = aborted;
    client.on('error', () => (this.#lost = true));
    client.on('end', () => (this.#lost = true));
  }

  get status(): Status {
    if (this.#lost) return 'lost';
    return this.#client.getTransactionStatus() ?? 'lost';
  }

  /** One statement in the extended protocol, in which the server itself refuses a second one. */
  async run(sql: string): Promise<QueryResult> {
    const config: QueryArrayConfig & { queryMode: 'extended' } = {
      text: sql,
      rowMode: 'array',
      types: { getTypeParser: () => asIs },
      queryMode: 'extended',
    };
    const result = await this.#guarded(() => this.#client.query<(string | null)[]>(config));
    return { names: result.fields.map((field) => field.name), rows: result.rows, command: result.command };
  }

  /** {@link run}, and the rows only. */
  async rows(sql: string): Promise<readonly ResultRow[]> {
    return (await this.run(sql)).rows;
  }

  /** The one value that the statement gives. @throws CustodyError ENGINE_FAILED where it is not exactly one. */
  async value(sql: string): Promise<string | null> {
    const [row, ...more] = await this.rows(sql);
    if (row?.length !== 1 || more.length > 0) {
      throw new CustodyError('ENGINE_FAILED', `expected one value from ${JSON.stringify(sql)}`);
    }
    return row[0] ?? null;
  }

  /** Several statements of our own, in the simple protocol. */
  async script(sql: string): Promise<void> {
    await this.#guarded(() => this.#client.query(sql));
  }

  /** One statement whose rows are of no interest and may be many. @returns the command tag's first word. */
  async discard(sql: string): Promise<string> {
    const { default: pg } = await import('pg');
    const query = new pg.Query({
      text: sql,
      rowMode: 'array',
      types: { getTypeParser: () => nothing },
      queryMode: 'extended',
    } as QueryArrayConfig & { queryMode: 'extended' });
    return this.#guarded(
      () =>
        new Promise<string>((resolve, reject) => {
          query.on('row', () => undefined); // with a listener pg keeps no rows
          query.on('error', reject);
          query.on('end', (result) => resolve((result as { command?: string }).command ?? ''));
          this.#client.query(query);
        }),
    );
  }

  /** The bytes that `COPY … TO STDOUT` sends. */
  async copyOut(sql: string): Promise<AsyncIterable<Buffer>> {
    const { to } = await import('pg-copy-streams');
    return this.#client.query(to(sql)) as AsyncIterable<Buffer>;
  }

  /** A stream for the bytes that `COPY … FROM STDIN` reads. */
  async copyIn(sql: string): Promise<Writable> {
    const { from } = await import('pg-copy-streams');
    return this.#client.query(from(sql));
  }

  /**
   * @throws what the server reported, as it is; CustodyError ENGINE_FAILED when the connection broke instead, INTERRUPTED
   *   when we broke it.
   */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (this.#aborted()) throw interrupted(cause);
      // After FATAL the server ends the session, whether or not we have seen it do so.
      if (isServerError(cause)) this.#lost ||= cause.severity === 'FATAL';
      if (isServerError(cause)) throw cause;
      throw new CustodyError('ENGINE_FAILED', `the connection to the server broke: ${String(cause)}`, {
        cause,
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The server ends what we leave; nothing that it could say now changes what it did.
    if (!this.#lost) await this.#client.end().catch(() => undefined);
  }
}

/** @throws CustodyError ENGINE_FAILED when the server does not take the connection. */
export async function connect(where: Where): Promise<PostgresConnection> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({
    // All of it is given: pg would take what is missing from PG* variables.
    host: where.socketFolder,
    port: 5432,
    user: where.user,
    database: where.database,
    password: 'none',
    ssl: false,
    // An operator or function that a dump brings must never be taken for the server's in a query of ours.
    options: `-c client_encoding=UTF8${where.freePath === true ? '' : ' -c search_path=pg_catalog,pg_temp'}`,
    application_name: 'custody',
  });
  const connection = new PostgresConnection(client, where.aborted);
  try {
    await client.connect();
  } catch (cause) {
    if (where.aborted?.()) throw interrupted(cause);
    throw new CustodyError(
      'ENGINE_FAILED',
      `cannot connect to ${where.database} as ${where.user}: ${String(cause)}`,
      { cause },
    );
  }
  return connection;
}

const asIs = (value: string): string => value;
const nothing = (): null => null;
