import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import type { Clone, Session, Workspace } from '../../../src/engines/engine.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import { check as checkScript, checkQuery } from '../../../src/engines/sqlite/process/connection.ts';
import { sessionPragmas } from '../../../src/engines/sqlite/script/pragmas.ts';
import { boundary, insertOnly, make, prepare, snapshotOf, useTemp } from './helpers.ts';
import { refuses } from '../../support/refusals.ts';

/** Queries inside the transaction, and checks that run nothing. */
const temp = useTemp();
let workspace: Workspace;
let clone: Clone;
let before: string;

beforeAll(async () => {
  const source = make(
    temp.file('source.db'),
    `CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE); CREATE TABLE other(x);
     CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p ON DELETE CASCADE);
     INSERT INTO t VALUES (1, 'one'); INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);`,
  );
  workspace = await prepare(source, { timeLimit: 3_000 });
  clone = await workspace.restore('T');
  before = await snapshotOf(clone);
});
afterAll(() => workspace[Symbol.asyncDispose]());

describe('a query inside the transaction', () => {
  let session: Session;
  beforeAll(async () => {
    session = await clone.open();
    await session.begin();
    await session.apply(Buffer.from(`INSERT INTO t VALUES (2, 'two')`), insertOnly('t'));
  });
  afterAll(async () => {
    await session.rollback();
    await session[Symbol.asyncDispose]();
    expect(await snapshotOf(clone)).toBe(before);
    expect(await clone.identical()).toBe(true);
  });
  const state = async (): Promise<string> => (await session.capture(new MemoryObjects())).snapshot.digest;

  it('sees what is not committed', async () => {
    expect(await session.query('SELECT count(*) FROM t')).toBe('2');
    for (const [sql, answer] of [
      ['NULL', 'NULL'],
      ["'NULL'", "'NULL'"],
      ['1', '1'],
      ["'1'", "'1'"],
      ['1.0', '1.0'],
      ['-1e308', '-1e+308'],
      ['0.1 + 0.2', '0.30000000000000004'],
      ["x'31'", "x'31'"],
      ["'x''31'''", "'x'31''"],
      ["''", "''"],
      ["'SURROGATE'", 'SURROGATE'],
    ])
      expect(await session.query(`SELECT ${sql}`)).toBe(answer);
    expect(await session.query(`SELECT count(*) FROM pragma_foreign_key_check`)).toBe('0');
  });

  it.each<[string, ErrorCode]>([
    [`INSERT INTO t VALUES (3, 'three') RETURNING id`, 'BOUNDARY_VIOLATED'],
    [`UPDATE t SET a = 'x' RETURNING id`, 'BOUNDARY_VIOLATED'],
    [`DELETE FROM other RETURNING x`, 'BOUNDARY_VIOLATED'],
    ['COMMIT', 'TRANSACTION_CONTROL'],
    ['ROLLBACK', 'TRANSACTION_CONTROL'],
    ['SAVEPOINT s', 'TRANSACTION_CONTROL'],
    ['PRAGMA user_version = 3', 'BOUNDARY_VIOLATED'],
    ['PRAGMA foreign_keys = 0', 'BOUNDARY_VIOLATED'],
    ['PRAGMA defer_foreign_keys = 1', 'BOUNDARY_VIOLATED'],
    [`ATTACH ':memory:' AS x`, 'BOUNDARY_VIOLATED'],
    ['VACUUM', 'SQL_FAILED'],
    ['REINDEX', 'BOUNDARY_VIOLATED'],
    ['SELECT 1; COMMIT', 'SQL_FAILED'],
    ['SELECT id FROM t', 'SQL_FAILED'],
    ['SELECT id FROM t WHERE 0', 'SQL_FAILED'],
    ['SELECT abs(-9223372036854775808)', 'SQL_FAILED'],
    ['SELECT nothing', 'SQL_SYNTAX'],
  ])('leaves everything as it was when it is refused: %s', async (sql, code) => {
    const was = await state();
    await refuses(session.query(sql), code, 'query');
    expect(await session.inTransaction()).toBe(true);
    expect(await state()).toBe(was);
  });

  it('does not lift the boundary of what runs afterwards', async () => {
    await session.query('SELECT 1');
    await refuses(session.apply(Buffer.from('DELETE FROM t'), insertOnly('t')), 'BOUNDARY_VIOLATED');
    await session.apply(Buffer.from(`INSERT INTO t VALUES (4, 'four')`), insertOnly('t'));
    expect(await session.query('SELECT max(id) FROM t')).toBe('4');
  });

  it('needs a transaction', async () => {
    await using other = await workspace.restore('other');
    await using opened = await other.open();
    await refuses(opened.query('SELECT 1'), 'INTERNAL');
  });
});

it('a query inside ends at the time limit, and so does its session', async () => {
  await using other = await workspace.restore('slow');
  await using session = await other.open();
  await session.begin();
  const endless = 'WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL SELECT i FROM x) SELECT count(*) FROM x';
  await refuses(session.query(endless), 'TIME_LIMIT');
  await refuses(session.inTransaction(), 'TIME_LIMIT');
});

describe('a check', () => {
  const check = async (script: string, allowed = insertOnly('t')): Promise<string[]> =>
    (await clone.check(Buffer.from(script), allowed)).map(({ code, path }) => `${code} ${path}`);
  /** The same, in this process: what the child does. */
  const here = (script: string): string[] =>
    checkScript(temp.file('source.db'), sessionPragmas([]), script, insertOnly('t')).map(
      ({ code, path }) => `${code} ${path}`,
    );

  it('names everything that would be refused, in order, and runs nothing', async () => {
    const script = `
      INSERT INTO t(a) VALUES ('fine');
      DELETE FROM t;
      CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM t; INSERT INTO other VALUES (1); END;
      PRAGMA user_version = 7;
      SELEC 1;
      COMMIT;
      INSERT OR REPLACE INTO t VALUES (1, 'x');
      INSERT INTO t(a) VALUES (?);
      INSERT INTO other VALUES (1);
      VACUUM;
      INSERT INTO t(a) VALUES ('also fine')`;
    expect(await check(script)).toEqual([
      'BOUNDARY_VIOLATED statement 2',
      'BOUNDARY_VIOLATED statement 3',
      'BOUNDARY_VIOLATED statement 4',
      'SQL_SYNTAX statement 5',
      'TRANSACTION_CONTROL statement 6',
      'BOUNDARY_VIOLATED statement 7',
      'SQL_SYNTAX statement 8',
      'BOUNDARY_VIOLATED statement 9',
      'BOUNDARY_VIOLATED statement 10',
    ]);
    expect(await snapshotOf(clone)).toBe(before);
    expect(await clone.identical()).toBe(true);
  });

  it.each<[string, string, string[]]>([
    ['a script that may run', `BEGIN; INSERT INTO t(a) VALUES (2); COMMIT`, []],
    ['what fails only when it runs', `INSERT INTO t VALUES (1, 'one')`, []],
    [
      'two statements in the place of one BEGIN',
      `BEGIN; BEGIN; SELECT 1`,
      ['TRANSACTION_CONTROL statement 1', 'TRANSACTION_CONTROL statement 2'],
    ],
    ['nothing', `-- nothing`, ['SQL_SYNTAX script']],
    ['a NUL', `SELECT 1;\0`, ['SQL_SYNTAX script']],
    [
      'an unclosed string',
      `DROP TABLE t; SELECT '`,
      ['BOUNDARY_VIOLATED statement 1', 'SQL_SYNTAX statement 2'],
    ],
  ])('of %s', (_, script, expected) => {
    expect(here(script)).toEqual(expected);
  });

  it('of a script that is not UTF-8', async () => {
    const refusals = await clone.check(Buffer.from([0x27, 0xff]), insertOnly('t'));
    expect(refusals.map(({ code }) => code)).toEqual(['SQL_SYNTAX']);
  });

  it('follows foreign keys as the session will', async () => {
    const allowed = boundary({ delete: ['p'] });
    expect(await check('DELETE FROM p', allowed)).toEqual(['BOUNDARY_VIOLATED statement 1']);
    await using off = await prepare(temp.file('source.db'), { session: [['foreign_keys', 'off']] });
    await using other = await off.restore('T');
    expect(await other.check(Buffer.from('DELETE FROM p'), allowed)).toEqual([]);
  });

  it('ends after a thousand refusals', () => {
    expect(here('DROP TABLE t;'.repeat(2_000)).length).toBe(1_000);
  });

  it('begins with what a session then refuses with', async () => {
    const script = `INSERT INTO t(a) VALUES (7); COMMIT; DELETE FROM t`;
    const [first] = await clone.check(Buffer.from(script), insertOnly('t'));
    await using session = await clone.open();
    await session.begin();
    await refuses(session.apply(Buffer.from(script), insertOnly('t')), first!.code, first!.path);
  });
});

describe('a check of a query', () => {
  it.each<[string, ErrorCode | undefined]>([
    ['SELECT count(*) FROM t', undefined],
    ['PRAGMA user_version', undefined],
    // Whether it gives one row shows when it runs.
    ['SELECT id FROM t WHERE 0', undefined],
    ['WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL SELECT i FROM x) SELECT count(*) FROM x', undefined],
    ['SELECT 1, 2', 'SQL_FAILED'],
    ['SELECT 1; SELECT 2', 'SQL_FAILED'],
    ['SELECT ?', 'SQL_FAILED'],
    ['VACUUM', 'SQL_FAILED'],
    ['SELECT nothing FROM t', 'SQL_SYNTAX'],
    ['', 'SQL_SYNTAX'],
    ['DELETE FROM t RETURNING a', 'BOUNDARY_VIOLATED'],
    ['PRAGMA user_version = 3', 'BOUNDARY_VIOLATED'],
    ['COMMIT', 'TRANSACTION_CONTROL'],
  ])('%s', (sql, code) => {
    expect(checkQuery(temp.file('source.db'), sql)?.code).toBe(code);
  });

  it('in the child', async () => {
    expect(await clone.checkQuery('SELECT 1')).toBeUndefined();
    const refusal = await clone.checkQuery('DELETE FROM t RETURNING a');
    expect([refusal?.code, refusal?.path]).toEqual(['BOUNDARY_VIOLATED', 'query']);
    expect(await clone.identical()).toBe(true);
  });
});
