import { describe, expect, it } from 'vitest';
import type { Boundary } from '../../../src/engines/engine.ts';
import { postgresEngine } from '../../../src/engines/postgres/index.ts';
import { isCustodyError } from '../../../src/errors.ts';
import { decodeKind } from '../../../src/objects/kinds.ts';
import { FIXTURE } from './fixture.ts';
import { boundary, INSTALLATIONS, OPTIONS, useBed, utf8, zipped, type Bed } from './support.ts';
import { refuses } from '../../support/refusals.ts';

const BOUNDARY: Boundary = boundary({ insert: ['shop.item', 'shop.log'] });

describe.each(INSTALLATIONS)('the engine on the $name installation', ({ folder }) => {
  const bed = useBed(folder, zipped(FIXTURE));

  it('captures every relation with rows of its own', () => {
    expect(
      Object.fromEntries(Object.entries(bed.before.tables).map(([name, { rows }]) => [name, rows])),
    ).toEqual({
      'shop."Odd ""name"': 2,
      'shop.bag': 4, // equal rows count as often as they are there
      'shop.child': 1,
      'shop.deferred': 0,
      'shop.empty': 0,
      'shop.event_new': 1,
      'shop.event_old': 1,
      'shop.item': 3,
      'shop.log': 0,
      'shop.parent': 1,
      'shop.secret': 2,
      'shop.total': 1,
      'shop.types': 2,
    });
  });

  it('stores the lines that COPY prints, in the order of the key', () => {
    expect(rowsOf(bed, 'shop.item')).toEqual([
      '-1\ta\t\t1.10\t2.20',
      '2\tb\t\\N\t1.10\t2.20',
      '10\ttab\\tnewline\\nback\\\\slash;\'"\t\\\\N\t0.00\t0.00',
    ]);
    expect(rowsOf(bed, 'shop."Odd ""name"')).toEqual(["a;'b\t2020-01-01", 'x\\ty\t2020-01-02']);
    expect(rowsOf(bed, 'shop.bag').sort()).toEqual(['\u0001\t1', '\u0001\\N\t1', '\u0002same\t1'].sort());
    expect(
      rowsOf(bed, 'shop.types')
        .map((row) => row.slice(1))
        .sort(),
    ).toEqual([
      '1.1\t-0\tNaN\t{"x": 1.1}\tnull\t{5,6}\t{}\t\\\\x\t30 days\t-infinity\t     \t\\N\t\\N\tsad\t\\N\t\\N\t\\N\tempty\t10.0.0.0/8\t000',
      '1.10\t0.30000000000000004\t1.1\t{"x": 2}\t{"x":1, "x":2}\t[0:1]={5,6}\t{NULL,"NULL",""}\t\\\\x00ff\t1 mon\t2019-12-31 22:00:00+00\tab   \tt\ta0000000-0000-4000-8000-000000000001\tok\t(1,"a b")\t<a/>\t$12.50\t[1,5)\t::1\t101',
    ]);
  });

  it('gives one state one snapshot, in every clone, and after a reset', async () => {
    expect((await bed.clone.capture(bed.sink)).snapshot.digest).toBe(bed.before.snapshot.digest);
    await using other = await bed.workspace.restore('other');
    expect((await other.capture(bed.sink)).snapshot.digest).toBe(bed.before.snapshot.digest);
    await using session = await other.open();
    await session.begin();
    await session.apply(utf8("INSERT INTO shop.log VALUES ('x')"), BOUNDARY);
    await session.commit();
    expect(bed.changed(await other.capture(bed.sink))).toEqual(['shop.log']);
    await other.reset();
    expect((await other.capture(bed.sink)).snapshot.digest).toBe(bed.before.snapshot.digest);
    expect(await other.identical()).toBeNull();
  });

  it('sees inside the transaction what a deferred trigger will write, and rolls all of it back', async () => {
    await bed.inside(async (session) => {
      await session.apply(
        utf8("BEGIN; INSERT INTO shop.item (id, name) VALUES (11, 'new'); COMMIT;"),
        BOUNDARY,
      );
      expect(await session.inTransaction()).toBe(true);
      expect(bed.changed(await session.capture(bed.sink))).toEqual(['shop.item', 'shop.log']);
      expect(bed.changed(await session.capture(bed.sink))).toEqual(['shop.item', 'shop.log']);
    });
    expect((await bed.clone.capture(bed.sink)).snapshot.digest).toBe(bed.before.snapshot.digest);
  });

  it('an inserted row that draws from a sequence leaves only the sequence moved', async () => {
    await using other = await bed.workspace.restore('sequence');
    await bed.inside(
      (session) => session.apply(utf8("INSERT INTO shop.item (name) VALUES ('n')"), BOUNDARY),
      other,
    );
    const after = await other.capture(bed.sink);
    expect(bed.changed(after)).toEqual([]);
    const [a, b] = [bed.before, after].map(({ snapshot }) =>
      decodeKind('snapshot', bed.sink.get(snapshot.digest)),
    );
    expect(b?.facts['schema']?.digest).toBe(a?.facts['schema']?.digest);
    expect(b?.facts['sequence']?.digest).not.toBe(a?.facts['sequence']?.digest);
  });

  it('inserts through a partitioned table; the leaf grows, and only that of the boundary', async () => {
    await using other = await bed.workspace.restore('partitions');
    const allowed: Boundary = boundary({ insert: ['shop.event_new'] });
    await bed.inside(async (session) => {
      await session.apply(utf8("INSERT INTO shop.event (at, what) VALUES ('2022-01-01', 'x')"), allowed);
      expect(bed.changed(await session.capture(bed.sink))).toEqual(['shop.event_new']);
    }, other);
    const old = utf8("INSERT INTO shop.event (at, what) VALUES ('2000-01-01', 'x')");
    await bed.inside((session) => refuses(session.apply(old, allowed), 'BOUNDARY_VIOLATED'), other);
    await bed.inside((session) => session.apply(old, boundary({ insert: ['shop.event'] })), other);
  });

  it('row security hides nothing from a capture, but acts on the script', async () => {
    await bed.inside(async (session) => {
      await session.apply(utf8('INSERT INTO shop.log SELECT id::text FROM shop.secret'), BOUNDARY);
      const captured = await session.capture(bed.sink);
      expect(captured.tables['shop.log']?.rows).toBe(1);
      expect(captured.tables['shop.secret']).toEqual(bed.before.tables['shop.secret']);
    });
  });

  it.each([
    ['SELECT shop.do_delete()', 'BOUNDARY_VIOLATED'],
    ['SELECT shop.do_update()', 'BOUNDARY_VIOLATED'],
    ['SELECT shop.do_temp()', 'BOUNDARY_VIOLATED'],
    ['SELECT shop.do_ddl()', 'BOUNDARY_VIOLATED'],
    ['SELECT shop.do_commit()', 'TRANSACTION_CONTROL'],
    ['SELECT shop.do_program()', 'BOUNDARY_VIOLATED'],
    ['SELECT shop.do_lock()', 'BOUNDARY_VIOLATED'],
    ['SELECT shop.do_prepare()', 'BOUNDARY_VIOLATED'],
    ['SELECT shop.do_role()', 'BOUNDARY_VIOLATED'],
    ["SELECT set_config('role', 'custody_capture', false)", 'BOUNDARY_VIOLATED'],
    ['SELECT shop.do_admin()', 'BOUNDARY_VIOLATED'],
    ['SELECT shop.do_lo()', 'BOUNDARY_VIOLATED'],
    ['SELECT shop.do_end()', 'BOUNDARY_VIOLATED'],
    ['SELECT shop.do_setval()', 'BOUNDARY_VIOLATED'],
    ['SELECT shop.as_owner_delete()', 'BOUNDARY_VIOLATED'],
    ['SELECT shop.as_owner_ddl()', 'BOUNDARY_VIOLATED'],
    ['SELECT shop.as_owner_program()', 'BOUNDARY_VIOLATED'],
    ["SELECT nextval('shop.event_id_seq')", 'BOUNDARY_VIOLATED'],
    ['INSERT INTO shop.bag VALUES (1)', 'BOUNDARY_VIOLATED'],
    ["SELECT pg_read_file('/etc/passwd')", 'BOUNDARY_VIOLATED'],
    ["SELECT pg_ls_dir('/')", 'BOUNDARY_VIOLATED'],
    ['INSERT INTO shop.item (id) VALUES (2)', 'SQL_FAILED'],
    ['SELECT 1/0', 'SQL_FAILED'],
    ['SELECT no_such_function()', 'SQL_FAILED'],
  ] as const)('%s → %s', async (script, code) => {
    await using session = await bed.clone.open();
    await session.begin();
    await refuses(session.apply(utf8(script), BOUNDARY), code);
  });

  it('what a SECURITY DEFINER function inserts elsewhere is seen', async () => {
    await bed.inside((session) =>
      refuses(
        session.apply(utf8('SELECT shop.as_owner_insert()'), boundary({ insert: ['shop.item'] })),
        'BOUNDARY_VIOLATED',
      ),
    );
  });

  it('nothing of all that was kept', async () => {
    expect((await bed.clone.capture(bed.sink)).snapshot.digest).toBe(bed.before.snapshot.digest);
  });

  it.each([
    ['SELECT shop.do_notify()', 'BOUNDARY_VIOLATED'],
    ['SELECT shop.do_listen()', 'BOUNDARY_VIOLATED'],
    ['INSERT INTO shop.deferred VALUES (1, 99)', 'SQL_FAILED'],
  ] as const)('%s is found at the commit → %s', async (script, code) => {
    await using other = await bed.workspace.restore('commit');
    await using session = await other.open();
    await session.begin();
    await session.apply(utf8(script), boundary({ insert: ['shop.deferred'] }));
    await refuses(session.commit(), code);
  });

  it('a deferred constraint refuses the capture inside, and the transaction goes on', async () => {
    await bed.inside(async (session) => {
      const allowed: Boundary = boundary({ insert: ['shop.deferred'] });
      await session.apply(utf8('INSERT INTO shop.deferred VALUES (1, 2)'), allowed);
      await refuses(session.capture(bed.sink), 'SQL_FAILED');
      await session.apply(utf8('INSERT INTO shop.deferred VALUES (2, 1)'), allowed);
      expect((await session.capture(bed.sink)).tables['shop.deferred']?.rows).toBe(2);
    });
  });

  it('ends a script that takes too long, also one that lifts the limit itself', async () => {
    await using hasty = await postgresEngine.prepare(
      { file: bed.files.file('again.sql', FIXTURE) },
      { session: [], timeLimit: 400 },
    );
    await using other = await hasty.restore('T');
    for (const script of [
      'SELECT pg_sleep(30)',
      "SELECT set_config('statement_timeout', '0', false); SELECT pg_sleep(30)",
    ]) {
      await using session = await other.open();
      await session.begin();
      expect(session.ended).toBe(false);
      await refuses(session.apply(utf8(script), BOUNDARY), 'TIME_LIMIT');
      // At once: whoever rolls back afterwards must not take a killed session for one that does not answer.
      expect(session.ended).toBe(true);
      expect(await session.inTransaction()).toBe(false);
    }
    await refuses(other.query('SELECT pg_sleep(30)'), 'TIME_LIMIT');
  });

  it('notices a transaction that was lost', async () => {
    await using session = await bed.clone.open();
    await session.begin();
    const script = utf8("SELECT set_config('idle_in_transaction_session_timeout', '1', false)");
    try {
      await session.apply(script, BOUNDARY);
    } catch (error) {
      // It can be found at once, or only by what comes next.
      expect(isCustodyError(error, 'TRANSACTION_LOST')).toBe(true);
    }
    const sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'custody_executor'";
    while ((await bed.clone.query(sessions)) !== '0');
    await refuses(session.apply(utf8('SELECT 1'), BOUNDARY), 'TRANSACTION_LOST');
    await refuses(session.commit(), 'TRANSACTION_LOST');
    await refuses(session.rollback(), 'TRANSACTION_LOST');
    expect(session.ended).toBe(true);
    expect(await session.inTransaction()).toBe(false);
  });

  it('a boundary of a table that is not there is refused', async () => {
    await bed.inside((session) =>
      refuses(session.apply(utf8('SELECT 1'), boundary({ insert: ['shop.nothing'] })), 'BOUNDARY_VIOLATED'),
    );
  });

  it('answers a query with one value, read-only', async () => {
    expect(await bed.clone.query('SELECT count(*) FROM shop.secret')).toBe('2');
    expect(await bed.clone.query('SELECT NULL::text')).toBe('NULL');
    expect(await bed.clone.query('SELECT name FROM shop.item WHERE id = -1')).toBe('a');
    await refuses(bed.clone.query('SELECT 1, 2'), 'SQL_FAILED');
    await refuses(bed.clone.query('SELECT 1 WHERE false'), 'SQL_FAILED');
    await refuses(bed.clone.query("SELECT nextval('shop.item_id_seq')"), 'SQL_FAILED');
    await refuses(bed.clone.query('DELETE FROM shop.bag'), 'SQL_SYNTAX');
    await refuses(bed.clone.query('SELECT 1; SELECT 2'), 'SQL_SYNTAX');
    await refuses(bed.clone.query('SELEC 1'), 'SQL_SYNTAX');
  });

  it('proves isolation', async () => {
    const { assertions } = await bed.workspace.isolation();
    expect(assertions.filter(({ holds }) => !holds)).toEqual([]);
    expect(assertions.map(({ assertion }) => assertion)).toEqual([
      'cluster-folder-private',
      'cluster-own-process',
      'executor-role-unprivileged',
      'image-without-sessions',
      'no-other-sessions',
      'no-prepared-transactions',
      'no-replication',
      'source-unchanged',
      'unix-socket-only',
    ]);
  });

  it('takes settings from the plan, and refuses others', async () => {
    const source = { file: bed.files.file('settings.sql', FIXTURE) };
    await using other = await postgresEngine.prepare(source, {
      ...OPTIONS,
      session: [
        ['search_path', 'shop, pg_catalog'],
        ['shop.x', "a'b\\"],
      ],
    });
    await using database = await other.restore('T');
    expect(await database.query("SELECT count(*) || current_setting('shop.x') FROM bag")).toBe("4a'b\\");
    for (const name of [
      'role',
      'session_replication_role',
      'row_security',
      'default_transaction_read_only',
      'nonsense',
    ]) {
      await refuses(postgresEngine.prepare(source, { ...OPTIONS, session: [[name, 'x']] }), 'USAGE');
    }
  });

  it('notices a source that changed', async () => {
    const path = bed.files.file('changes.sql', FIXTURE);
    await using other = await postgresEngine.prepare({ file: path }, OPTIONS);
    bed.files.file('changes.sql', `${FIXTURE}\n`);
    const { assertions } = await other.isolation();
    expect(assertions.filter(({ holds }) => !holds)).toEqual([
      { assertion: 'source-unchanged', holds: false },
    ]);
  });
});

/** Rows of a table as text; tables of a test are one leaf. */
function rowsOf({ sink, before }: Bed, table: string): string[] {
  const root = before.tables[table]?.root;
  if (root === undefined) throw new Error(`no table ${table}`);
  return decodeKind('rows', sink.get(root)).entries.map(([, row]) =>
    row instanceof Uint8Array ? Buffer.from(row).toString() : '',
  );
}
