import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { CustodyError } from '../../../errors.ts';
import type { Boundary } from '../../engine.ts';
import { hidesRowid, readState, type Part } from '../capture/state.ts';
import type { SqlReads } from '../capture/sql-reads.ts';
import { readOnlyGuard } from '../script/authorizer.ts';
import { BoundaryGuard, CounterWatch } from '../script/boundary-guard.ts';
import { integrityFaults, refuseFaults } from './integrity.ts';
import { checkOne, queryOne } from '../script/query.ts';
import { splitScript } from '../script/script.ts';
import { attemptRead, sqlError } from '../script/sql-error.ts';

/**
 * What the child does with SQLite, on one connection (worker.ts is the entry that talks to the parent).
 * Everything here is synchronous: the parent ends it by killing the process.
 */
const OPTIONS = {
  allowExtension: false,
  enableDoubleQuotedStringLiterals: false,
  enableForeignKeyConstraints: true,
  // https://www.sqlite.org/c3ref/c_dbconfig_defensive.html: no writable_schema, no writes to shadow tables
  defensive: true,
  timeout: 0,
} as const;

/** While a state is read; as when a closed file is (capture/reader.ts). */
const READING = [
  ['trusted_schema', '0'],
  ['ignore_check_constraints', '1'],
] as const;

/** Ends with every transaction, so it is set inside each. */
const DEFER = 'defer_foreign_keys';

export class SqliteConnection {
  readonly #db: DatabaseSync;
  readonly #deferForeignKeys: boolean;
  #reading: Generator<Part | null, void> | undefined;

  /** @param pragmas normalised by pragmas.ts; each is read back. */
  constructor(path: string, pragmas: readonly (readonly [string, string])[]) {
    this.#db = attempt('ENGINE_FAILED', () => new DatabaseSync(path, OPTIONS));
    this.#deferForeignKeys = pragmas.some(([name, value]) => name === DEFER && value === '1');
    for (const [name, value] of pragmas) if (name !== DEFER) setPragma(this.#db, name, value);
  }

  begin(): void {
    attempt('ENGINE_FAILED', () => this.#db.exec('BEGIN IMMEDIATE'));
    if (this.#deferForeignKeys) setPragma(this.#db, DEFER, '1');
  }

  /** @throws CustodyError the first refusal of {@link splitScript}; then SQL_FAILED, BOUNDARY_VIOLATED, TRANSACTION_LOST. */
  apply(script: string, boundary: Boundary): void {
    if (!this.#db.isTransaction) throw new CustodyError('INTERNAL', 'a script runs inside a transaction');
    const guard = new BoundaryGuard(this.#db, boundary);
    try {
      const { statements, refusals } = splitScript(this.#db, guard, script);
      if (refusals[0] !== undefined) throw refusals[0];
      const counters = boundary.counters ? new CounterWatch(this.#db, boundary) : undefined;
      for (const { at, sql, conflict } of statements) {
        guard.next(conflict);
        try {
          drain(this.#db.prepare(sql));
        } catch (error) {
          this.#assertTransaction(at, error);
          guard.check(at);
          throw sqlError(error, 'SQL_FAILED', at);
        }
        this.#assertTransaction(at);
        guard.check(at);
        if (guard.movesCounters && counters?.kept !== true) throw foreignCounter(at);
      }
    } finally {
      guard.lift();
    }
  }

  /** {@link queryOne} on the uncommitted state. */
  query(sql: string): string {
    if (!this.#db.isTransaction) throw new CustodyError('INTERNAL', 'a query inside needs a transaction');
    const value = queryOne(this.#db, sql);
    this.#assertTransaction('query');
    return value;
  }

  /** `INSERT OR ROLLBACK` and RAISE(ROLLBACK) end the transaction; what came after them would commit on its own. */
  #assertTransaction(at: string, cause?: unknown): void {
    if (this.#db.isTransaction) return;
    throw new CustodyError('TRANSACTION_LOST', `${at} ended the transaction`, {
      path: at,
      cause,
      hint: 'Remove OR ROLLBACK and RAISE(ROLLBACK), or correct the rows that they met.',
    });
  }

  image(path: string): void {
    const bytes = attempt('ENGINE_FAILED', () => this.#db.serialize());
    // A file in WAL mode cannot be read without making files beside it: the copy says "no WAL"
    // (https://www.sqlite.org/fileformat2.html#file_format_version_numbers).
    bytes[18] = bytes[19] = 1;
    writeFileSync(path, bytes, { flag: 'wx', mode: 0o600 });
  }

  /** Bytes of the state that this connection sees, uncommitted changes included. */
  size(): number {
    return Number(valueOf(this.#db, 'page_count')) * Number(valueOf(this.#db, 'page_size'));
  }

  /**
   * Checks the uncommitted state and begins to read it, as a closed file is read.
   * @returns whether it can be read so: a table that hides its rowid needs a copy.
   * @throws CustodyError DATABASE_CORRUPT, DATABASE_UNSUPPORTED
   */
  read(): boolean {
    if (!this.#db.isTransaction) throw new CustodyError('INTERNAL', 'reading inside needs a transaction');
    this.#reading = this.#parts();
    return this.#step().done !== true;
  }

  /** The next part of what {@link read} began, or null: there is no more. */
  next(): Part | null {
    return this.#step().value ?? null;
  }

  /** What has failed or ended cannot be gone on with, so that it is never taken for a whole. */
  #step(): IteratorResult<Part | null, void> {
    const reading = this.#reading;
    if (reading === undefined) throw new CustodyError('INTERNAL', 'nothing is being read');
    this.#reading = undefined;
    const step = attemptRead(() => reading.next());
    if (step.done !== true) this.#reading = reading;
    return step;
  }

  /** Before anything else is done: nothing is left open, and the session's settings are in force again. */
  endReading(): void {
    this.#reading?.return();
    this.#reading = undefined;
  }

  *#parts(): Generator<Part | null, void> {
    const was = READING.map(([name]) => [name, valueOf(this.#db, name)] as const);
    try {
      for (const [name, value] of READING) setPragma(this.#db, name, value);
      const guard = readOnlyGuard(this.#db);
      try {
        const reads = readsOf(this.#db);
        if (hidesRowid(reads)) return;
        refuseFaults(integrityFaults(reads));
        yield null;
        yield* readState(reads, (table) => {
          throw new CustodyError('INTERNAL', `the rowid of ${table} is hidden`);
        });
      } finally {
        guard.lift();
      }
    } finally {
      for (const [name, value] of was) setPragma(this.#db, name, value);
    }
  }

  rollback(): void {
    if (this.#db.isTransaction) attempt('ENGINE_FAILED', () => this.#db.exec('ROLLBACK'));
  }

  commit(): void {
    if (!this.#db.isTransaction)
      throw new CustodyError('TRANSACTION_LOST', 'there is no transaction to commit');
    attempt('SQL_FAILED', () => this.#db.exec('COMMIT'));
  }

  get inTransaction(): boolean {
    return this.#db.isTransaction;
  }

  close(): void {
    attempt('ENGINE_FAILED', () => this.#db.close());
  }
}

/** Recovers a closed copy in place and checks it. @throws DATABASE_CORRUPT */
export function settle(path: string): void {
  const db = attempt('DATABASE_CORRUPT', () => new DatabaseSync(path, OPTIONS));
  try {
    attempt('DATABASE_CORRUPT', () => {
      db.prepare('SELECT count(*) FROM sqlite_schema').get();
      const row = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
      if (row?.['busy'] !== 0) throw new CustodyError('ENGINE_FAILED', 'the WAL of the private copy is busy');
    });
  } finally {
    db.close();
  }
}

/** {@link queryOne} on a closed file. */
export function query(path: string, sql: string): string {
  const db = openImmutable(path);
  try {
    return queryOne(db, sql);
  } finally {
    db.close();
  }
}

/** {@link checkOne} on a closed file. */
export function checkQuery(path: string, sql: string): CustodyError | undefined {
  const db = openImmutable(path);
  try {
    return checkOne(db, sql);
  } finally {
    db.close();
  }
}

/**
 * What {@link SqliteConnection.apply} would refuse before anything runs, on a closed file.
 * @param pragmas those of the session: foreign keys, for one, decide what a statement writes.
 */
export function check(
  path: string,
  pragmas: readonly (readonly [string, string])[],
  script: string,
  boundary: Boundary,
): readonly CustodyError[] {
  const db = openImmutable(path);
  try {
    for (const [name, value] of pragmas) if (name !== DEFER) setPragma(db, name, value);
    return splitScript(db, new BoundaryGuard(db, boundary), script).refusals;
  } finally {
    db.close();
  }
}

/** Nothing is locked, and nothing is made beside the file: https://www.sqlite.org/c3ref/open.html */
function openImmutable(path: string): DatabaseSync {
  const url = pathToFileURL(path);
  url.search = '?immutable=1';
  return attempt('ENGINE_FAILED', () => new DatabaseSync(url, { ...OPTIONS, readOnly: true }));
}

/** Runs a statement to its end, whatever it returns. */
function drain(statement: StatementSync): void {
  if (statement.columns().length === 0) {
    statement.run();
    return;
  }
  statement.setReadBigInts(true);
  statement.setReturnArrays(true);
  const rows = statement.iterate();
  while (rows.next().done !== true);
}

function readsOf(db: DatabaseSync): SqlReads {
  const prepare = (sql: string): StatementSync => {
    const statement = db.prepare(sql);
    statement.setReadBigInts(true);
    return statement;
  };
  return {
    all: (sql) => prepare(sql).all(),
    rows: (sql) => {
      const statement = prepare(sql);
      statement.setReturnArrays(true);
      return statement.iterate() as Iterable<unknown> as Iterable<unknown[]>;
    },
  };
}

function valueOf(db: DatabaseSync, pragma: string): string {
  return String(db.prepare(`PRAGMA ${pragma}`).get()?.[pragma]);
}

function setPragma(db: DatabaseSync, name: string, value: string): void {
  attempt('ENGINE_FAILED', () => {
    db.exec(`PRAGMA ${name} = ${value}`);
    const now = valueOf(db, name);
    if (now !== value) throw new CustodyError('ENGINE_FAILED', `PRAGMA ${name} is ${now}, not ${value}`);
  });
}

function attempt<T>(otherwise: 'ENGINE_FAILED' | 'SQL_FAILED' | 'DATABASE_CORRUPT', run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw sqlError(error, otherwise);
  }
}

function foreignCounter(at: string): CustodyError {
  return new CustodyError(
    'BOUNDARY_VIOLATED',
    `${at} moves the counter of a table that is outside the boundary`,
    { path: at, hint: 'Put back only the counters of tables that the plan names.' },
  );
}
