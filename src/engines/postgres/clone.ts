import { CustodyError, isCustodyError } from '../../errors.ts';
import type { ObjectSink } from '../../objects/sink.ts';
import type { Boundary, Captured, Clone, EngineOptions, Session } from '../engine.ts';
import { captureCommitted } from './capture/capture.ts';
import { checkScript } from './script/check.ts';
import type { Cluster } from './cluster/cluster.ts';
import type { PostgresConnection } from './connection.ts';
import { translated } from './failure.ts';
import { IMAGE } from './dump/image.ts';
import { quoteIdentifier } from './names.ts';
import { reserveQuarantine } from './cluster/quarantine.ts';
import { compileQuery, parseQuery, singleValue } from './query.ts';
import { CAPTURE, closeDatabase, EXECUTOR, lockDatabase } from './roles.ts';
import { PostgresSession } from './session.ts';
import { settingsSql } from './settings.ts';

export interface CloneParts {
  readonly cluster: Cluster;
  readonly label: string;
  readonly database: string;
  readonly options: EngineOptions;
  /** Called once the database is dropped. */
  readonly gone: () => void;
}

/** A database made from the restore image. */
export class PostgresClone implements Clone {
  readonly #cluster: Cluster;
  readonly #label: string;
  readonly #database: string;
  readonly #options: EngineOptions;
  readonly #gone: () => void;
  /** Where it is kept, once its state is unknown. */
  #quarantined: string | undefined;

  private constructor(parts: CloneParts) {
    this.#cluster = parts.cluster;
    this.#label = parts.label;
    this.#database = parts.database;
    this.#options = parts.options;
    this.#gone = parts.gone;
  }

  static async make(parts: CloneParts): Promise<PostgresClone> {
    const clone = new PostgresClone(parts);
    await clone.#create();
    return clone;
  }

  async capture(sink: ObjectSink): Promise<Captured> {
    this.#usable();
    await using connection = await this.#cluster.connect(this.#database, CAPTURE);
    return await captureCommitted(connection, sink);
  }

  /** In a read-only transaction of the capture role, under the plan's session settings; a second column or row is SQL_FAILED. */
  async query(sql: string): Promise<string> {
    this.#usable();
    const statement = await parseQuery(sql);
    await using connection = await this.#reader();
    return await singleValue(connection, statement);
  }

  async check(script: Uint8Array, boundary: Boundary): Promise<readonly CustodyError[]> {
    this.#usable();
    await using admin = await this.#cluster.connect(this.#database);
    return (await checkScript(admin, script, boundary)).refusals;
  }

  async checkQuery(sql: string): Promise<CustodyError | undefined> {
    this.#usable();
    try {
      const statement = await parseQuery(sql);
      await using connection = await this.#reader();
      return await compileQuery(connection, statement);
    } catch (error) {
      if (isCustodyError(error, 'SQL_SYNTAX')) return error;
      throw error;
    }
  }

  async open(): Promise<Session> {
    this.#usable();
    const connection = await this.#connected(EXECUTOR);
    return new PostgresSession({
      connection,
      admin: () => this.#cluster.connect(this.#database),
      timeLimit: this.#options.timeLimit,
      settings: this.#options.session,
    });
  }

  async reset(): Promise<void> {
    this.#usable();
    await this.#drop();
    await this.#create();
  }

  /** PostgreSQL is row-exact, never page-exact. */
  async identical(): Promise<null> {
    await Promise.resolve();
    this.#usable();
    return null;
  }

  /**
   * A database's files are of no use without their cluster: the cluster's data folder is what is kept. It is moved when the
   * workspace is disposed of, as other clones are in it; from now on nothing removes it.
   */
  async quarantine(folder: string, reason: string): Promise<string> {
    this.#usable();
    this.#quarantined = folder; // out of use, even where what follows fails
    const path = reserveQuarantine(folder, {
      label: this.#label,
      reason,
      database: this.#database,
      dataFolder: this.#cluster.dataFolder,
      version: this.#cluster.binaries.version,
      kept: this.#cluster.kept,
    });
    this.#quarantined = path;
    this.#cluster.keep(path);
    try {
      await using admin = await this.#cluster.connect('postgres');
      await closeDatabase(admin, this.#database);
    } catch {
      // A server that does not answer has nobody who could write; its data is kept all the same.
    }
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The name of one that is in quarantine stays in use: it is never made again.
    if (this.#quarantined !== undefined) return;
    if (this.#cluster.ownsServer()) await this.#drop();
    this.#gone();
  }

  #usable(): void {
    if (this.#quarantined === undefined) return;
    throw new CustodyError('ENGINE_FAILED', `the clone ${this.#label} is in quarantine`, {
      hint: `It is kept in ${this.#quarantined}; take a fresh clone.`,
      path: this.#quarantined,
    });
  }

  async #reader(): Promise<PostgresConnection> {
    const connection = await this.#connected(CAPTURE);
    await connection.script(`SET statement_timeout = ${Math.max(1, Math.floor(this.#options.timeLimit))}`);
    // A query has run before the statement's own: from then on nothing makes the transaction read-write again.
    await connection.script('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1');
    return connection;
  }

  /** For SQL from outside: with the server's search path and the plan's settings. @throws CustodyError USAGE */
  async #connected(role: string): Promise<PostgresConnection> {
    const connection = await this.#cluster.connect(this.#database, role, true);
    try {
      if (this.#options.session.length > 0) await connection.script(settingsSql(this.#options.session));
      return connection;
    } catch (cause) {
      await connection[Symbol.asyncDispose]();
      throw new CustodyError('USAGE', `a session setting of the plan is refused: ${String(cause)}`, {
        cause,
        hint: 'Correct the setting in the plan.',
      });
    }
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
