import { describe, expect, it } from 'vitest';
import { postgresEngine } from '../../../src/engines/postgres/index.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import { ROLLBACK_FIXTURE } from './rollback-fixture.ts';
import { boundary, INSTALLATIONS, useBed, utf8 } from './support.ts';
import { refusedWith, refuses } from '../../support/refusals.ts';

const ALLOWED = boundary({ insert: ['shop.item', 'shop.number', 'shop.log', 'shop.deferred'] });

describe.each(INSTALLATIONS)('queries and checks on the $name installation', ({ folder }) => {
  const bed = useBed(folder, ROLLBACK_FIXTURE, { session: [['intervalstyle', 'iso_8601']] });

  describe('a query inside the transaction', () => {
    it('sees what is not committed, and what deferred triggers will write, and leaves all of it', async () => {
      await using other = await bed.workspace.restore('inside');
      await using session = await other.open();
      await session.begin();
      await session.apply(utf8("INSERT INTO shop.number VALUES (7, 'n')"), ALLOWED);
      const captured = await session.capture(bed.sink);
      expect(await session.query('SELECT v FROM shop.number')).toBe('n');
      expect(await session.query('SELECT count(*) FROM shop.log')).toBe('1');
      expect(await session.query('SELECT count(*) FROM shop.log -- a comment')).toBe('1');
      expect((await session.capture(bed.sink)).snapshot).toEqual(captured.snapshot);
      await session.apply(utf8("INSERT INTO shop.log VALUES ('after')"), ALLOWED);
      expect(await session.query('SELECT count(*) FROM shop.log')).toBe('2');
      await session.commit();
      expect(await other.query('SELECT count(*) FROM shop.log')).toBe('2');
    });

    it('gives the text that a fresh connection gives, whatever the script set, which it keeps', async () => {
      const queries = [
        "SELECT '2020-02-01 00:00:00+00'::timestamptz",
        "SELECT '1 mon'::interval",
        'SELECT 0.1::float8 + 0.2::float8',
        "SELECT '\\x00ff'::bytea",
        "SELECT current_user::text || current_setting('search_path') || coalesce(current_setting('shop.x', true), '')",
        'SELECT NULL::text',
      ];
      const script = `SELECT set_config('timezone', 'Asia/Tokyo', false), set_config('datestyle', 'German', false),
        set_config('intervalstyle', 'postgres_verbose', false), set_config('extra_float_digits', '0', true),
        set_config('bytea_output', 'escape', false), set_config('search_path', 'shop', false), set_config('shop.x', '1', true)`;
      await bed.inside(async (session) => {
        await session.apply(utf8(script), ALLOWED);
        for (const sql of queries) expect(await session.query(sql)).toBe(await bed.clone.query(sql));
        const kept = `INSERT INTO log SELECT concat_ws(' ', current_setting('timezone'), '1 mon'::interval, current_setting('shop.x'), current_user)`;
        await session.apply(utf8(kept), ALLOWED);
        expect(await session.query('SELECT what FROM shop.log')).toBe(
          'Asia/Tokyo @ 1 mon 1 custody_executor',
        );
      });
      expect(await bed.clone.query("SELECT '1 mon'::interval")).toBe('P1M');
    });

    it.each([
      ['SELECT 1, 2', 'SQL_FAILED'],
      ['SELECT 1 WHERE false', 'SQL_FAILED'],
      ['VALUES (1), (2)', 'SQL_FAILED'],
      ['SELECT 1/0', 'SQL_FAILED'],
      ['SELECT nothing FROM shop.item', 'SQL_FAILED'],
      ['SELECT shop.insert_as_owner()', 'SQL_FAILED'],
      ['SELECT shop.update_as_owner()', 'SQL_FAILED'],
      ["SELECT nextval('shop.item_id_seq')", 'SQL_FAILED'],
      ["SELECT set_config('transaction_read_only', 'off', true)", 'SQL_FAILED'],
      ["SELECT set_config('role', 'custody_admin', true)", 'SQL_FAILED'],
      ['DELETE FROM shop.item RETURNING id', 'SQL_SYNTAX'],
      ['WITH x AS (DELETE FROM shop.item RETURNING id) SELECT count(*) FROM x', 'SQL_SYNTAX'],
      ['SELECT 1 INTO shop.x', 'SQL_SYNTAX'],
      ['SELECT id FROM shop.item WHERE id = 1 FOR UPDATE', 'SQL_SYNTAX'],
      ['SELECT $1', 'SQL_SYNTAX'],
      ['SELECT 1; SELECT 2', 'SQL_SYNTAX'],
      ['ROLLBACK', 'SQL_SYNTAX'],
      ['', 'SQL_SYNTAX'],
    ] as const)('%s → %s, and the transaction goes on', async (sql, code) => {
      await bed.inside(async (session) => {
        await session.apply(utf8("INSERT INTO shop.log VALUES ('x')"), ALLOWED);
        await refuses(session.query(sql), code);
        expect(await session.query('SELECT count(*) FROM shop.log')).toBe('1');
        await session.apply(utf8("INSERT INTO shop.log VALUES ('y')"), ALLOWED);
      });
    });

    it('nothing of all that was kept', async () => {
      expect((await bed.clone.capture(bed.sink)).snapshot).toEqual(bed.before.snapshot);
    });

    it('what outlives a savepoint is found', async () => {
      await bed.inside((session) => refuses(session.query('SELECT shop.do_prepare()'), 'BOUNDARY_VIOLATED'));
    });

    it('a deferred constraint refuses it, and the transaction goes on', async () => {
      await bed.inside(async (session) => {
        await session.apply(utf8('INSERT INTO shop.deferred VALUES (1, 2)'), ALLOWED);
        await refuses(session.query('SELECT 1'), 'SQL_FAILED');
        await session.apply(utf8('INSERT INTO shop.deferred VALUES (2, 1)'), ALLOWED);
        expect(await session.query('SELECT count(*) FROM shop.deferred')).toBe('2');
      });
    });

    it('ends with the time limit, and the session with it', async () => {
      await using hasty = await postgresEngine.prepare(
        { file: bed.files.file('hasty.sql', ROLLBACK_FIXTURE) },
        { session: [], timeLimit: 400 },
      );
      await using other = await hasty.restore('T');
      await using session = await other.open();
      await session.begin();
      await refuses(session.query('SELECT pg_sleep(30)'), 'TIME_LIMIT');
      await refuses(session.query('SELECT 1'), 'TRANSACTION_LOST');
    });

    it('needs a transaction', async () => {
      await using session = await bed.clone.open();
      await refuses(session.query('SELECT 1'), 'INTERNAL');
    });
  });

  describe('a check', () => {
    it('finds all that apply would refuse, in order, and neither runs nor grants anything', async () => {
      const script = utf8(`BEGIN;
INSERT INTO shop.log VALUES ('x');
UPDATE shop.item SET name = 'x';
\\echo hello
DELETE FROM shop.log; SAVEPOINT a; SELECT setval('shop.ticket', 1);
COMMIT;`);
      const allowed = boundary({ insert: ['shop.log', 'shop.nothing'], delete: ['shop.nowhere'] });
      const found = await bed.clone.check(script, allowed);
      expect(found.map(({ code, path }) => `${code} ${path ?? ''}`)).toEqual([
        'BOUNDARY_VIOLATED shop.nothing',
        'BOUNDARY_VIOLATED shop.nowhere',
        'BOUNDARY_VIOLATED statement 3',
        'SQL_SYNTAX line 4',
        'BOUNDARY_VIOLATED statement 4',
        'TRANSACTION_CONTROL statement 5',
        'BOUNDARY_VIOLATED statement 6',
      ]);
      expect(found.every(({ hint }) => hint !== '')).toBe(true);
      expect((await bed.clone.capture(bed.sink)).snapshot).toEqual(bed.before.snapshot);
      await using other = await bed.workspace.restore('checked');
      await other.check(utf8("INSERT INTO shop.log VALUES ('x')"), ALLOWED);
      expect(await other.query("SELECT has_table_privilege('custody_executor', 'shop.log', 'INSERT')")).toBe(
        'f',
      );
    });

    it.each<readonly [string, ErrorCode | 'none']>([
      ["INSERT INTO shop.log VALUES ('x')", 'none'],
      ['', 'none'],
      ['DELETE FROM shop.log', 'BOUNDARY_VIOLATED'],
      ['SELEC 1', 'SQL_SYNTAX'],
      ['BEGIN', 'TRANSACTION_CONTROL'],
    ])('%j: the first of it is what apply throws: %s', async (script, code) => {
      const [first] = await bed.clone.check(utf8(script), ALLOWED);
      expect(first?.code ?? 'none').toBe(code);
      const thrown = await bed.inside((session) => refusedWith(session.apply(utf8(script), ALLOWED)));
      expect(thrown).toBe(code);
    });

    it('cannot see what a function does', async () => {
      expect(await bed.clone.check(utf8('SELECT shop.do_delete()'), ALLOWED)).toEqual([]);
    });

    it.each<readonly [string, ErrorCode | 'none']>([
      ['SELECT count(*) FROM shop.item', 'none'],
      ['SELECT 1 -- comment', 'none'],
      ['WITH x AS (SELECT 1) SELECT * FROM x ORDER BY 1 LIMIT 1', 'none'],
      ['SELECT 1 UNION SELECT 1', 'none'],
      ['SELECT NULL', 'none'],
      ['VALUES (1)', 'none'],
      ['SELECT shop.do_update() WHERE false', 'SQL_FAILED'],
      ['SELECT 1, 2', 'SQL_FAILED'],
      ['SELECT', 'SQL_FAILED'],
      ['SELECT * FROM shop.item', 'SQL_FAILED'],
      ['SELECT x FROM shop.item', 'SQL_FAILED'],
      ['SELECT count(*) FROM shop.nothing', 'SQL_FAILED'],
      ['SELECT nothing()', 'SQL_FAILED'],
      ['SELEC 1', 'SQL_SYNTAX'],
      ['SELECT 1; SELECT 2', 'SQL_SYNTAX'],
      ['SELECT $1', 'SQL_SYNTAX'],
      ['SELECT 1) AS a, (SELECT 2', 'SQL_SYNTAX'],
      ['DELETE FROM shop.item', 'SQL_SYNTAX'],
    ])('of the query %s: what the query would throw, %s', async (sql, code) => {
      expect(await refusedWith(bed.clone.query(sql))).toBe(code);
      // That there is no row shows only when it runs.
      const refusal = await bed.clone.checkQuery(sql);
      expect(refusal?.code ?? 'none').toBe(sql.includes('WHERE false') ? 'none' : code);
    });

    it('of a query does not run it', async () => {
      await refuses(bed.clone.query('SELECT shop.boom()'), 'SQL_FAILED');
      expect(await bed.clone.checkQuery('SELECT shop.boom()')).toBeUndefined();
    });
  });
});
