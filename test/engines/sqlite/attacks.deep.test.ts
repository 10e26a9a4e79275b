import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../src/errors.ts';
import type { Clone, Workspace } from '../../../src/engines/engine.ts';
import { insertOnly, make, prepare, snapshotOf, useTemp } from './helpers.ts';
import { byCode, refuses } from '../../support/refusals.ts';

/** Everything that a script may try, each alone in an otherwise good script. After each, the state is the one before. */
const temp = useTemp();
let workspace: Workspace;
let clone: Clone;
let before: string;

beforeAll(async () => {
  const source = make(
    temp.file('source.db'),
    `CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE, b);
     CREATE TABLE other(x);
     CREATE TABLE seq(id INTEGER PRIMARY KEY AUTOINCREMENT, a);
     CREATE TABLE parent(id INTEGER PRIMARY KEY);
     CREATE TABLE child(id INTEGER PRIMARY KEY, p REFERENCES parent ON DELETE CASCADE);
     CREATE TABLE replacing(a PRIMARY KEY ON CONFLICT REPLACE, b);
     CREATE TABLE spies(a);
     CREATE TRIGGER spy AFTER INSERT ON spies BEGIN INSERT INTO other VALUES (new.a); END;
     CREATE TABLE deleters(a);
     CREATE TRIGGER deleter AFTER INSERT ON deleters BEGIN DELETE FROM other; END;
     CREATE TABLE replacers(a);
     CREATE TRIGGER replacer AFTER INSERT ON replacers BEGIN INSERT OR REPLACE INTO t(a, b) VALUES (new.a, 2); END;
     CREATE TABLE raisers(a);
     CREATE TRIGGER raiser AFTER INSERT ON raisers BEGIN SELECT RAISE(ROLLBACK, 'no'); END;
     CREATE VIEW v AS SELECT a FROM t;
     CREATE TRIGGER through INSTEAD OF INSERT ON v BEGIN INSERT INTO other VALUES (new.a); END;
     CREATE VIRTUAL TABLE words USING fts5(a);
     INSERT INTO t VALUES (1, 'one', 1); INSERT INTO seq(a) VALUES (1); INSERT INTO other VALUES (0);
     INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1); INSERT INTO replacing VALUES (1, 1);`,
  );
  workspace = await prepare(source, { timeLimit: 1_500 });
  clone = await workspace.restore('T');
  before = await snapshotOf(clone);
});
afterAll(async () => {
  await workspace[Symbol.asyncDispose]();
});

const TABLES = [
  't',
  'seq',
  'parent',
  'child',
  'replacing',
  'spies',
  'deleters',
  'replacers',
  'raisers',
  'words',
];

async function run(script: string, tables = TABLES): Promise<void> {
  await using session = await clone.open();
  await session.begin();
  await session.apply(Buffer.from(script), insertOnly(...tables));
  expect(await session.inTransaction()).toBe(true);
  await session.rollback();
}

const ATTACKS = byCode<[script: string, path?: string]>({
  BOUNDARY_VIOLATED: [
    ['ATTACH', `ATTACH '/tmp/custody-evil.db' AS evil`, 'statement 1'],
    ['DETACH', `DETACH main`],
    ['PRAGMA query_only', `PRAGMA query_only = 0`],
    ['PRAGMA writable_schema', `PRAGMA writable_schema = 1`],
    ['PRAGMA foreign_keys', `PRAGMA foreign_keys = OFF`],
    ['PRAGMA user_version', `PRAGMA user_version = 7`],
    ['a pragma as a table', `SELECT * FROM pragma_user_version`],
    ['UPDATE', `UPDATE t SET b = 2`],
    ['UPDATE OR REPLACE', `UPDATE OR REPLACE t SET a = 1`],
    ['DELETE', `DELETE FROM t`],
    ['DELETE that cascades', `DELETE FROM parent`],
    ['DELETE behind WITH', `WITH x AS (SELECT 1) DELETE FROM t`],
    ['DROP', `DROP TABLE t`],
    ['CREATE TABLE', `CREATE TABLE n(a)`],
    ['CREATE TABLE AS', `CREATE TABLE n AS SELECT * FROM t`],
    ['a temporary table', `CREATE TEMP TABLE n(a)`],
    ['a temporary trigger', `CREATE TEMP TRIGGER n AFTER INSERT ON t BEGIN DELETE FROM other; END`],
    ['CREATE TRIGGER', `CREATE TRIGGER n AFTER INSERT ON t BEGIN DELETE FROM other; END`],
    ['CREATE INDEX', `CREATE INDEX n ON t(b)`],
    ['CREATE VIRTUAL TABLE', `CREATE VIRTUAL TABLE n USING fts5(a)`],
    ['ALTER TABLE', `ALTER TABLE t ADD COLUMN n`],
    ['REINDEX', `REINDEX`],
    ['REINDEX without an index', `REINDEX other`],
    ['ANALYZE', `ANALYZE`],
    ['VACUUM', `VACUUM`],
    ['VACUUM INTO', `VACUUM INTO '/tmp/custody-evil.db'`],
    ['EXPLAIN', `EXPLAIN SELECT 1`],
    ['load_extension', `SELECT load_extension('/tmp/evil')`],
    ['load_extension in VALUES', `INSERT INTO t(a) VALUES (load_extension('/tmp/evil'))`],
    ['a table outside', `INSERT INTO other VALUES (1)`],
    ['the schema', `INSERT INTO sqlite_schema VALUES ('table', 'n', 'n', 0, '')`],
    ['the sequences', `INSERT INTO sqlite_sequence VALUES ('seq', 99)`],
    ['a shadow table', `INSERT INTO words_content VALUES (1, 'x')`],
    ['a virtual table, which updates its own', `INSERT INTO words VALUES ('x')`],
    ['INSERT OR REPLACE', `INSERT OR REPLACE INTO t VALUES (1, 'x', 2)`],
    ['REPLACE', `REPLACE INTO t VALUES (1, 'x', 2)`],
    ['REPLACE hidden by comments', `INSERT /* OR */ OR -- x\n REPLACE/**/INTO t VALUES (1, 'x', 2)`],
    ['REPLACE behind WITH', `WITH x AS (SELECT 1) REPLACE INTO t SELECT 1, 2, 3 FROM x`],
    ['an upsert', `INSERT INTO t VALUES (1, 'x', 2) ON CONFLICT DO UPDATE SET b = 3`],
    ['a column that replaces', `INSERT INTO replacing VALUES (1, 2)`],
    ['a trigger that writes elsewhere', `INSERT INTO spies VALUES (1)`],
    ['a trigger that deletes', `INSERT INTO deleters VALUES (1)`],
    ['a trigger that replaces', `INSERT INTO replacers VALUES ('one')`],
    ['a view whose trigger writes elsewhere', `INSERT INTO v VALUES (1)`],
  ],
  SQL_SYNTAX: [
    ['writefile', `SELECT writefile('/tmp/custody-evil', 'x')`],
    ['a syntax error', `INSERT INTO t(a) VALUES (2);\n\nINSERT INTO t(a) VALUES (`, 'statement 2'],
    ['a word that is no statement', `HELLO`, 'statement 1'],
    ['a dot-command', `.read other.sql`, 'statement 1'],
    ['an unknown table', `INSERT INTO nowhere VALUES (1)`, 'statement 1'],
    ['an unclosed string', `INSERT INTO t(a) VALUES ('x`],
    ['text in double quotes', `INSERT INTO t(a) VALUES ("x")`],
    ['a parameter ?', `INSERT INTO t(a) VALUES (?)`, 'statement 1'],
    ['a parameter :x', `INSERT INTO t(a) VALUES (:x)`],
    ['a NUL', `SELECT 1;\0DELETE FROM t`],
    ['nothing', ` -- nothing\n;; /* at all */`],
    ['nothing in a transaction', `BEGIN; COMMIT;`],
  ],
  TRANSACTION_CONTROL: [
    ['COMMIT alone', `COMMIT`, 'statement 1'],
    [
      'COMMIT in the middle',
      `INSERT INTO t(a) VALUES (2); COMMIT; INSERT INTO t(a) VALUES (3)`,
      'statement 2',
    ],
    ['END at the end', `INSERT INTO t(a) VALUES (2); END`, 'statement 2'],
    ['BEGIN without COMMIT', `BEGIN; INSERT INTO t(a) VALUES (2)`, 'statement 1'],
    ['two BEGINs', `BEGIN; BEGIN; INSERT INTO t(a) VALUES (2); COMMIT`, 'statement 2'],
    ['two transactions', `BEGIN; SELECT 1; COMMIT; BEGIN; SELECT 1; COMMIT`, 'statement 3'],
    ['ROLLBACK', `ROLLBACK`, 'statement 1'],
    ['ROLLBACK at the end', `BEGIN; INSERT INTO t(a) VALUES (2); ROLLBACK`, 'statement 3'],
    ['SAVEPOINT', `SAVEPOINT s`],
    ['RELEASE', `RELEASE s`],
    ['ROLLBACK TO', `ROLLBACK TO s`],
  ],
  TRANSACTION_LOST: [
    [
      'INSERT OR ROLLBACK',
      `INSERT OR ROLLBACK INTO t(a) VALUES ('one'); INSERT INTO t(a) VALUES (2)`,
      'statement 1',
    ],
    ['RAISE(ROLLBACK)', `INSERT INTO raisers VALUES (1)`, 'statement 1'],
  ],
  SQL_FAILED: [
    ['a constraint', `INSERT INTO t(a) VALUES ('two'); INSERT INTO t(a) VALUES ('one')`, 'statement 2'],
    ['a foreign key, which is pinned on', `INSERT INTO child VALUES (2, 77)`],
    ['an error in a later row of a SELECT', `SELECT abs(column1) FROM (VALUES (1), (-9223372036854775808))`],
  ],
  TIME_LIMIT: [
    [
      'an endless query',
      `WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM x) SELECT count(*) FROM x`,
    ],
  ],
});

describe('a script that is refused', () => {
  it.each(ATTACKS)('%s', async (_, code, script, path) => {
    await refuses(run(script), code, path);
    expect(existsSync('/tmp/custody-evil.db')).toBe(false);
    expect(await snapshotOf(clone)).toBe(before);
    expect(await clone.identical()).toBe(true);
  });

  it('not UTF-8', async () => {
    await using session = await clone.open();
    await session.begin();
    const script = Buffer.from("SELECT '\xff'", 'latin1');
    await refuses(session.apply(script, insertOnly('t')), 'SQL_SYNTAX');
  });

  it('before anything runs: the first statement has not run when the second is refused', async () => {
    await using session = await clone.open();
    await session.begin();
    await refuses(
      session.apply(Buffer.from(`INSERT INTO t(a) VALUES (2); DELETE FROM t`), insertOnly('t')),
      'BOUNDARY_VIOLATED',
    );
    await session.commit();
    await session[Symbol.asyncDispose]();
    expect(await clone.query('SELECT count(*) FROM t')).toBe('1');
    await clone.reset();
  });

  it('where the boundary names no table at all', async () => {
    await refuses(run(`INSERT INTO t(a) VALUES (2)`, []), 'BOUNDARY_VIOLATED');
  });
});

describe('a script that may run', () => {
  it.each<[string, string]>([
    [
      'its own transaction',
      `BEGIN IMMEDIATE TRANSACTION;\nINSERT INTO t(a) VALUES (2);\nCOMMIT TRANSACTION;`,
    ],
    [
      'END for COMMIT, comments, empty statements, no last semicolon',
      `;; -- x\nBEGIN;;/* ; */INSERT INTO t(a) VALUES (';--');END`,
    ],
    ['a byte order mark', `\ufeffINSERT INTO t(a) VALUES (2)`],
    [
      'the function replace()',
      `INSERT INTO t(a) SELECT replace('a', 'b', 'c') WHERE 0 OR replace('a', 'a', '1')`,
    ],
    [
      'words of attacks in strings, names and comments',
      `INSERT INTO t(a, "b") VALUES ('REPLACE INTO ; COMMIT', 1) -- ; DELETE\n`,
    ],
    [
      'conflicts that keep what is there',
      `INSERT OR IGNORE INTO t(a) VALUES ('one'); INSERT INTO t(a) VALUES ('one') ON CONFLICT DO NOTHING`,
    ],
    ['a replacing column, told to ignore', `INSERT OR IGNORE INTO replacing VALUES (1, 2)`],
    ['names in another case', `INSERT INTO T(a) VALUES (2)`],
    ['AUTOINCREMENT, which writes sqlite_sequence', `INSERT INTO seq(a) VALUES (2)`],
    [
      'a recursive query',
      `WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM x LIMIT 100) INSERT INTO t(a) SELECT i FROM x`,
    ],
    [
      'RETURNING, with an integer that JavaScript cannot hold',
      `INSERT INTO t(a) VALUES (9007199254740993) RETURNING a`,
    ],
    ['a trigger whose table is allowed', `INSERT INTO spies VALUES (1)`],
    ['a view whose trigger writes what is allowed', `INSERT INTO v VALUES (1)`],
  ])('%s', async (_, script) => {
    await run(script, [...TABLES, 'other']);
    expect(await snapshotOf(clone)).toBe(before);
  });

  it('of many statements', async () => {
    const inserts = Array.from(
      { length: 5_000 },
      (_, i) => `INSERT INTO other VALUES ('${'x'.repeat(100)};${i}');`,
    );
    // How long it takes is not the point: a limit of its own.
    await using patient = await prepare(temp.file('source.db'), { timeLimit: 120_000 });
    await using many = await patient.restore('many');
    await using session = await many.open();
    await session.begin();
    await session.apply(Buffer.from(inserts.join('\n')), insertOnly('other'));
    expect(await session.query('SELECT count(*) FROM other')).toBe('5001');
  });
});

describe('a query', () => {
  it.each<[string, string]>([
    ['SELECT NULL', 'NULL'],
    ['SELECT 9223372036854775807', '9223372036854775807'],
    ['SELECT 1.0', '1.0'],
    [`SELECT 'text' -- and a comment`, 'text'],
    [`SELECT x'00ff';`, `x'00ff'`],
    ['SELECT count(*) FROM pragma_foreign_key_check', '0'],
    ['PRAGMA user_version', '0'],
  ])('%s', async (sql, text) => {
    expect(await clone.query(sql)).toBe(text);
  });

  it.each<[string, ErrorCode]>([
    ['SELECT 1, 2', 'SQL_FAILED'],
    ['VALUES (1), (2)', 'SQL_FAILED'],
    ['SELECT 1 WHERE 0', 'SQL_FAILED'],
    ['SELECT 1; SELECT 2', 'SQL_FAILED'],
    ['SELECT ?', 'SQL_FAILED'],
    ['SELECT abs(-9223372036854775808)', 'SQL_FAILED'],
    ['SELEC 1', 'SQL_SYNTAX'],
    ['', 'SQL_SYNTAX'],
    ['INSERT INTO t(a) VALUES (1) RETURNING a', 'BOUNDARY_VIOLATED'],
    ['DELETE FROM t RETURNING a', 'BOUNDARY_VIOLATED'],
    ['PRAGMA user_version = 3', 'BOUNDARY_VIOLATED'],
    ['PRAGMA journal_mode', 'BOUNDARY_VIOLATED'],
    [`VACUUM INTO '/tmp/custody-evil.db'`, 'SQL_FAILED'],
    [`SELECT load_extension('x')`, 'BOUNDARY_VIOLATED'],
    ['WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL SELECT i FROM x) SELECT count(*) FROM x', 'TIME_LIMIT'],
  ])('refused: %s', async (sql, code) => {
    await refuses(clone.query(sql), code);
    expect(existsSync('/tmp/custody-evil.db')).toBe(false);
    expect(await clone.identical()).toBe(true);
  });
});
