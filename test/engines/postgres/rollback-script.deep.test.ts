import { beforeAll, describe, expect, it } from 'vitest';
import type { Boundary, Clone } from '../../../src/engines/engine.ts';
import { decodeKind } from '../../../src/objects/kinds.ts';
import { ROLLBACK_FIXTURE } from './rollback-fixture.ts';
import { boundary, INSTALLATIONS, useBed, utf8 } from './support.ts';
import { refuses } from '../../support/refusals.ts';

describe.each(INSTALLATIONS)('executor and rollback script on the $name installation', ({ folder }) => {
  const bed = useBed(folder, ROLLBACK_FIXTURE);
  /** Its sequences move, which no ROLLBACK undoes. */
  let moving: Clone;
  beforeAll(async () => {
    moving = await bed.workspace.restore('moving');
  });

  async function committed(on: Clone, script: string, allowed: Boundary): Promise<void> {
    await using session = await on.open();
    await session.begin();
    await session.apply(utf8(script), allowed);
    await session.commit();
  }

  const EXECUTOR = `INSERT INTO shop.item (name) VALUES ('three'), ('four');
    INSERT INTO shop.visit (v) VALUES ('a'); INSERT INTO shop.number (v) VALUES ('b')`;
  const INSERTS = boundary({ insert: ['shop.item', 'shop.visit', 'shop.number', 'shop.log'] });
  const UNDO = `BEGIN; DELETE FROM shop.item WHERE id > 2; DELETE FROM shop.visit; DELETE FROM shop.number; DELETE FROM shop.log; COMMIT`;
  const DELETES = boundary({ delete: ['shop.item', 'shop.visit', 'shop.number', 'shop.log'] });

  it('a committed change is undone to the row; counters stay where ROLLBACK would leave them too', async () => {
    await using other = await bed.workspace.restore('rows');
    await committed(other, EXECUTOR, INSERTS);
    expect(bed.changed(await other.capture(bed.sink))).toEqual([
      'shop.item',
      'shop.log',
      'shop.number',
      'shop.visit',
    ]);
    await committed(other, UNDO, DELETES);
    const after = await other.capture(bed.sink);
    expect(after.tables).toEqual(bed.before.tables);
    const [a, b] = [bed.before, after].map(({ snapshot }) =>
      decodeKind('snapshot', bed.sink.get(snapshot.digest)),
    );
    expect(b?.facts['schema']).toEqual(a?.facts['schema']);
    expect(b?.facts['sequence']?.digest).not.toBe(a?.facts['sequence']?.digest);
  });

  it('with setval it is undone completely: owned, identity and shared sequences', async () => {
    await using other = await bed.workspace.restore('counters');
    await committed(other, EXECUTOR, INSERTS);
    const script = `${UNDO.replace('COMMIT', '')} SELECT setval('shop.item_id_seq', 2, true);
      SELECT pg_catalog.setval(pg_get_serial_sequence('shop.number', 'id'), 1, false), setval('shop.ticket', 1, false); COMMIT`;
    await committed(other, script, { ...DELETES, counters: true });
    expect((await other.capture(bed.sink)).snapshot).toEqual(bed.before.snapshot);
  });

  it('one session takes both, each in a transaction of its own', async () => {
    await using other = await bed.workspace.restore('session');
    await using session = await other.open();
    await session.begin();
    await session.apply(utf8("INSERT INTO shop.log VALUES ('x')"), boundary({ insert: ['shop.log'] }));
    await session.rollback();
    await session.begin();
    await session.apply(utf8("UPDATE shop.item SET name = 'x'"), boundary({ update: ['shop.item'] }));
    await session.rollback();
    expect((await other.capture(bed.sink)).snapshot).toEqual(bed.before.snapshot);
  });

  it('rights of the first script are gone for the second', async () => {
    await using other = await bed.workspace.restore('rights');
    const rights = (): Promise<string> =>
      other.query(`SELECT concat_ws(' ', string_agg(DISTINCT c.relname || ':' || x.privilege_type, ' ' ORDER BY c.relname || ':' || x.privilege_type))
        FROM pg_class c, aclexplode(c.relacl) x WHERE x.grantee = 'custody_executor'::regrole`);
    await committed(other, 'SELECT 1', {
      ...boundary({ insert: ['shop.item', 'shop.log'], update: ['shop.log'], delete: ['shop.log'] }),
      counters: true,
    });
    expect(await rights()).toBe(
      'item:INSERT item_id_seq:UPDATE item_id_seq:USAGE log:DELETE log:INSERT log:UPDATE',
    );
    for (const [script, allowed] of [
      ['SELECT shop.do_insert()', boundary({ delete: ['shop.log'] })],
      ['SELECT shop.do_update()', boundary({ insert: ['shop.log'] })],
      ['SELECT shop.do_delete()', boundary({ update: ['shop.log'] })],
      ["SELECT nextval('shop.item_id_seq')", boundary({ delete: ['shop.item'] })],
      ['SELECT shop.do_setval()', boundary({ insert: ['shop.item'] })],
    ] as const) {
      await bed.inside(
        (session) => refuses(session.apply(utf8(script), allowed), 'BOUNDARY_VIOLATED'),
        other,
      );
    }
    await committed(other, 'SELECT 1', boundary({ delete: ['shop.item'] }));
    expect(await rights()).toBe('item:DELETE');
    await committed(other, 'SELECT 1', boundary({}));
    expect(await rights()).toBe('');
  });

  it.each<readonly [string, Partial<Boundary>, readonly string[]]>([
    ["UPDATE shop.item SET name = 'x' WHERE id = 1", { update: ['shop.item'] }, ['shop.item']],
    [
      "SELECT set_config('search_path', 'shop', false); DELETE FROM item WHERE id = 1",
      { delete: ['shop.item'] },
      ['shop.item'],
    ],
    [
      "INSERT INTO shop.item VALUES (1, 'x'), (9, 'y') ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name",
      { insert: ['shop.item'], update: ['shop.item'] },
      ['shop.item'],
    ],
    ['SELECT shop.update_as_owner()', { update: ['shop.item'] }, ['shop.item']],
    ['SELECT shop.delete_as_owner()', { delete: ['shop.item'] }, ['shop.item']],
    ['SELECT shop.insert_as_owner()', { insert: ['shop.item'] }, ['shop.item']],
    ['UPDATE shop.item SET id = DEFAULT WHERE id = 1', { update: ['shop.item'] }, ['shop.item']],
    [
      'DELETE FROM shop.author WHERE id = 1',
      { delete: ['shop.author', 'shop.book'] },
      ['shop.author', 'shop.book'],
    ],
    [
      'DELETE FROM shop.author WHERE id = 2',
      { delete: ['shop.author'], update: ['shop.note'] },
      ['shop.author', 'shop.note'],
    ],
    [
      "UPDATE shop.parent SET v = 'x'",
      { update: ['shop.parent', 'shop.child'] },
      ['shop.child', 'shop.parent'],
    ],
    ["UPDATE ONLY shop.parent SET v = 'x'", { update: ['shop.parent'] }, ['shop.parent']],
    [
      "UPDATE shop.event SET what = 'x' WHERE at > '2020-01-01'",
      { update: ['shop.event_new'] },
      ['shop.event_new'],
    ],
    ['DELETE FROM shop.event', { delete: ['shop.event'] }, ['shop.event_new', 'shop.event_old']],
    [
      "UPDATE shop.event SET at = '2022-01-01' WHERE at < '2020-01-01'",
      { update: ['shop.event'], delete: ['shop.event_old'], insert: ['shop.event_new'] },
      ['shop.event_new', 'shop.event_old'],
    ],
  ])('%s, where %j is allowed', async (script, allowed, tables) => {
    await bed.inside(async (session) => {
      await session.apply(utf8(script), boundary(allowed));
      expect(bed.changed(await session.capture(bed.sink))).toEqual(tables);
    }, moving);
  });

  it.each<readonly [string, Partial<Boundary>]>([
    // the parser's
    ["UPDATE shop.item SET name = 'x'", { insert: ['shop.item'], delete: ['shop.item'] }],
    ['DELETE FROM shop.item', { insert: ['shop.item'], update: ['shop.item'] }],
    ['INSERT INTO shop.item VALUES (9)', { update: ['shop.item'], delete: ['shop.item'] }],
    [
      "INSERT INTO shop.item VALUES (1) ON CONFLICT (id) DO UPDATE SET name = 'x'",
      { insert: ['shop.item'], update: ['shop.log'], delete: ['shop.item'] },
    ],
    ["SELECT setval('shop.item_id_seq', 1)", { insert: ['shop.item'], update: ['shop.item'] }],
    ['TRUNCATE shop.item', { delete: ['shop.item'] }],
    ['MERGE INTO shop.item i USING shop.log ON true WHEN MATCHED THEN DELETE', { delete: ['shop.item'] }],
    ['ALTER SEQUENCE shop.item_id_seq RESTART', { delete: ['shop.item'], counters: true }],
    // the role's rights
    ['SELECT shop.do_insert()', { update: ['shop.log'], delete: ['shop.log'] }],
    ['SELECT shop.do_update()', { insert: ['shop.log'], delete: ['shop.log'] }],
    ['SELECT shop.do_delete()', { insert: ['shop.log'], update: ['shop.log'] }],
    ['SELECT shop.do_setval()', { insert: ['shop.item'], update: ['shop.item'], delete: ['shop.item'] }],
    ["SELECT setval('shop.other', 1)", { insert: ['shop.item'], counters: true }],
    ["SELECT setval('shop.ticket', 1)", { delete: ['shop.item'], counters: true }],
    ["SELECT set_config('search_path', 'shop', false); DELETE FROM item", { delete: ['shop.log'] }],
    // the server's counts: rights of others were used
    ['SELECT shop.insert_as_owner()', { update: ['shop.item'], delete: ['shop.item'] }],
    ['SELECT shop.update_as_owner()', { insert: ['shop.item'], delete: ['shop.item'] }],
    ['SELECT shop.delete_as_owner()', { insert: ['shop.item'], update: ['shop.item'] }],
    ['SELECT shop.truncate_as_owner()', { delete: ['shop.item'] }],
    ['DELETE FROM shop.author WHERE id = 1', { delete: ['shop.author'], update: ['shop.book'] }],
    ['DELETE FROM shop.author WHERE id = 2', { delete: ['shop.author', 'shop.note'] }],
    ["UPDATE shop.parent SET v = 'x'", { update: ['shop.parent'] }],
    ["UPDATE shop.event SET what = 'x'", { update: ['shop.event_new'] }],
    ["UPDATE shop.event SET at = '2022-01-01' WHERE at < '2020-01-01'", { update: ['shop.event'] }],
  ])('%s is refused where %j is allowed', async (script, allowed) => {
    await bed.inside((session) =>
      refuses(session.apply(utf8(script), boundary(allowed)), 'BOUNDARY_VIOLATED'),
    );
  });

  it('nothing of all that was kept', async () => {
    expect((await bed.clone.capture(bed.sink)).snapshot).toEqual(bed.before.snapshot);
    expect((await moving.capture(bed.sink)).tables).toEqual(bed.before.tables);
  });
});
