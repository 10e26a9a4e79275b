import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { Ledger } from '../../../src/ledger/ledger.ts';
import { digestOf, type Digest } from '../../../src/objects/digest.ts';
import type { ObjectSink } from '../../../src/objects/sink.ts';
import { storeValidator } from '../../../src/judging/policy.ts';
import { rehearsePlan, type RehearseResult } from '../../../src/workflows/rehearse.ts';
import { rerun, type RerunOptions, type RerunResult } from '../../../src/workflows/rerun.ts';
import { STUB } from './stub-validator.ts';
import { makeTestFolder } from '../../support/folder.ts';

/** A folder with a database, a plan that uses all that a plan may, and a ledger whose policy pins one validator alone. */
export class Made implements AsyncDisposable {
  readonly dir = makeTestFolder('made');
  readonly keys = join(this.dir, 'config', 'keys');
  validator!: Digest;
  ledger!: Ledger;

  /** @param code the stub is quick, and no validator: only what this version brings passes its own test. */
  static async begin(code: Uint8Array = Buffer.from(STUB)): Promise<Made> {
    const made = new Made();
    const { ledger } = await Ledger.init(made.dir, {
      origin: 'test.example/log',
      author: 'tester',
      keys: made.keys,
      fill: async (sink: ObjectSink) => {
        const link = storeValidator(sink, {
          name: 'stub',
          code: new Uint8Array(code),
          runner: 'node-permission',
        });
        made.validator = link.digest;
        const none = { expected: [], isolation: [], roles: [], required: [] };
        return { kind: 'policy', v: 2, previous: null, validators: [link], ...none };
      },
    });
    made.ledger = ledger;
    made.database('app.sqlite');
    return made;
  }

  path(...names: string[]): string {
    return join(this.dir, ...names);
  }

  write(name: string, text: string): string {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  database(name: string, second = 'two'): void {
    const database = new Database(this.path(name));
    database.exec(
      `CREATE TABLE posts (id TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL, at TEXT);
       CREATE TABLE audit (id INTEGER PRIMARY KEY, what TEXT NOT NULL);
       INSERT INTO posts VALUES ('p1', 'one', '2026-01-01'), ('p2', '${second}', '2026-01-02');
       INSERT INTO audit (what) VALUES ('begun');`,
    );
    database.close();
  }

  /** @param options the body of the row that the executor's include writes; without a rollback script: legs T and R. */
  plan(name: string, { body = 'three', rollback = true } = {}): string {
    const folder = `${name}-sql`;
    const insert = `INSERT INTO posts VALUES ('p3', '${body}', datetime('now'));\n`;
    this.write(`${folder}/insert.sql`, insert);
    this.write(`${folder}/change.sql`, `-- the change\n\\ir insert.sql\n`);
    this.write(`${folder}/back.sql`, "DELETE FROM posts WHERE id = 'p3';\n");
    return this.write(
      `${name}.yaml`,
      [
        'custody: plan/2',
        'name: one more post',
        'macro: TEST_MACRO',
        'engine: sqlite',
        'source: { file: app.sqlite, kind: fixture, marker: A_FIXTURE }',
        'executor:',
        `  file: ${folder}/change.sql`,
        `  includes: [{ file: ${folder}/insert.sql, sha256: '${digestOf(Buffer.from(insert))}' }]`,
        ...(rollback ? [`rollback: { file: ${folder}/back.sql }`] : []),
        "preflight: [{ name: not there yet, sql: SELECT count(*) FROM posts WHERE id = 'p3', expect: '== 0' }]",
        'delta: { posts: { inserted: 1 } }',
        'postconditions:',
        '  - { name: as many as before, sql: SELECT count(*) FROM posts, unchanged: true }',
        "  - { name: it is there, sql: SELECT count(*) FROM posts, expect: '== 3', at: applied }",
        'clock: [{ table: posts, column: at, reason: the clock }]',
        '',
      ].join('\n'),
    );
  }

  rehearse(plan: string, out?: string): Promise<RehearseResult> {
    return rehearsePlan(this.ledger, plan, {
      author: 'tester',
      lane: 'main',
      ...(out !== undefined && { out: this.path(out) }),
    });
  }

  /** @param subject a folder below this one, or a revision. */
  async rerun(subject: string, options: RerunOptions = {}): Promise<RerunResult> {
    return rerun(
      { path: this.path(subject), revision: subject },
      () => Ledger.open(this.dir, { keys: this.keys }),
      options,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ledger[Symbol.asyncDispose]();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
