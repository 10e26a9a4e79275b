import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { CustodyError } from '../../errors.ts';
import { InsertGuard, readOnlyGuard } from './authorizer.ts';
import { splitScript } from './script.ts';
import { sqlError } from './sql-error.ts';
import { tokens } from './tokens.ts';

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

export class Connection {
  readonly #db: DatabaseSync;
  readonly #deferForeignKeys: boolean;

  /** @param pragmas normalised by pragmas.ts; each is read back. */
  constructor(path: string, pragmas: readonly (readonly [string, string])[]) {
    this.#db = attempt('ENGINE_FAILED', () => new DatabaseSync(path, OPTIONS));
    // Ends with every transaction, so it is set inside each.
    this.#deferForeignKeys = pragmas.some(([name, value]) => name === 'defer_foreign_keys' && value === '1');
    for (const [name, value] of pragmas) if (name !== 'defer_foreign_keys') setPragma(this.#db, name, value);
  }

  begin(): void {
    attempt('ENGINE_FAILED', () => this.#db.exec('BEGIN IMMEDIATE'));
    if (this.#deferForeignKeys) setPragma(this.#db, 'defer_foreign_keys', '1');
  }

  /** @throws what {@link splitScript} throws before anything runs; then SQL_FAILED, BOUNDARY_VIOLATED, TRANSACTION_LOST. */
  apply(script: string, tables: readonly string[]): void {
    if (!this.#db.isTransaction) throw new CustodyError('INTERNAL', 'a script runs inside a transaction');
    const guard = new InsertGuard(this.#db, tables);
    try {
      for (const { at, sql, conflict } of splitScript(this.#db, guard, script)) {
        guard.conflict = conflict;
        try {
          drain(this.#db.prepare(sql));
        } catch (error) {
          this.#assertTransaction(at, error);
          guard.check(at);
          throw sqlError(error, 'SQL_FAILED', at);
        }
        this.#assertTransaction(at);
        guard.check(at);
      }
    } finally {
      guard.lift();
    }
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

/** @returns the one value as text: NULL, a number as SQLite prints it, text as it is, a blob as `x'…'`. */
export function query(path: string, sql: string): string {
  const url = pathToFileURL(path);
  url.search = '?immutable=1';
  const db = attempt('ENGINE_FAILED', () => new DatabaseSync(url, { ...OPTIONS, readOnly: true }));
  const guard = readOnlyGuard(db);
  const at = 'query';
  try {
    let statement: StatementSync;
    try {
      statement = db.prepare(sql);
    } catch (error) {
      guard.check(at);
      throw sqlError(error, 'SQL_SYNTAX', at);
    }
    if (tokens(sql, statement.sourceSQL.length).next().done !== true) throw failed('more than one statement');
    if (statement.expandedSQL !== statement.sourceSQL) throw failed('a parameter, which nothing would bind');
    if (statement.columns().length !== 1) throw failed(`${statement.columns().length} columns, not one`);
    statement.setReadBigInts(true);
    statement.setReturnArrays(true);
    let value: unknown;
    let rows = 0;
    try {
      for (const row of statement.iterate()) {
        if (++rows > 1) break;
        value = (row as unknown as unknown[])[0];
      }
    } catch (error) {
      guard.check(at);
      throw sqlError(error, 'SQL_FAILED', at);
    }
    if (rows !== 1) throw failed(rows === 0 ? 'no row' : 'more than one row');
    guard.lift();
    return asText(db, value);
  } finally {
    db.close();
  }
}

function asText(db: DatabaseSync, value: unknown): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString('hex')}'`;
  const bound = typeof value === 'bigint' ? value : Number(value);
  return String(db.prepare('SELECT CAST(? AS TEXT) AS value').get(bound)?.['value']);
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

function setPragma(db: DatabaseSync, name: string, value: string): void {
  attempt('ENGINE_FAILED', () => {
    db.exec(`PRAGMA ${name} = ${value}`);
    const now = String(db.prepare(`PRAGMA ${name}`).get()?.[name]);
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

function failed(what: string): CustodyError {
  return new CustodyError('SQL_FAILED', `the query gives ${what}`, {
    path: 'query',
    hint: 'Write one SELECT that gives one row with one column.',
  });
}
