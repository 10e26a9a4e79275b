import Database from 'better-sqlite3';
import { writeFileSync, rmSync } from 'node:fs';
import type { Captured, Session } from '../../src/engines/engine.ts';
import { captureDatabase } from '../../src/engines/sqlite/capture/capture.ts';
import type { ObjectSink } from '../../src/objects/sink.ts';

export interface Loose {
  /** Runs on the connection before the transaction begins. */
  readonly opened?: (db: Database.Database) => void;
  /** Runs the script; `exec` by default: no boundary, no guard. */
  readonly apply?: (db: Database.Database, script: string) => void;
}

/** The session of a careless engine: one connection in this process on which everything is allowed. */
export class LooseSession implements Session {
  readonly ended = false;
  readonly #file: string;
  readonly #db: Database.Database;
  readonly #loose: Loose;

  constructor(file: string, loose: Loose = {}) {
    this.#file = file;
    this.#db = new Database(file);
    this.#db.unsafeMode(true);
    this.#loose = loose;
    loose.opened?.(this.#db);
  }

  async begin(): Promise<void> {
    this.#db.exec('BEGIN IMMEDIATE');
  }

  async apply(script: Uint8Array): Promise<void> {
    const text = Buffer.from(script).toString();
    if (this.#loose.apply) this.#loose.apply(this.#db, text);
    else this.#db.exec(text);
  }

  async capture(sink: ObjectSink): Promise<Captured> {
    const copy = `${this.#file}.inside`;
    writeFileSync(copy, this.#db.serialize(), { flag: 'wx', mode: 0o600 });
    try {
      return await captureDatabase(copy, sink);
    } finally {
      rmSync(copy);
    }
  }

  async query(sql: string): Promise<string> {
    return String(this.#db.prepare(sql).pluck().get());
  }

  async rollback(): Promise<void> {
    if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
  }

  async commit(): Promise<void> {
    this.#db.exec('COMMIT');
  }

  async inTransaction(): Promise<boolean> {
    return this.#db.inTransaction;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#db.close();
  }
}
