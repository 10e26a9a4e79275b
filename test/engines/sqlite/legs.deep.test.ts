import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { capture, insertOnly, make, prepare, snapshotOf, useTemp } from './helpers.ts';
import { data, lackingData } from '../../support/lacking.ts';
import { refuses } from '../../support/refusals.ts';

const lack = lackingData('chinook.sqlite', 'agencyos.sqlite');

const temp = useTemp();

const SCHEMA = `CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT UNIQUE, b REAL);
  CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID;
  PRAGMA user_version = 7;
  INSERT INTO t(a, b) SELECT value, value * 1.5 FROM generate_series(1, 500);
  INSERT INTO w SELECT 'key ' || value, x'00ff' FROM generate_series(1, 500);`.replaceAll(
  /generate_series\(1, 500\)/g,
  '(WITH RECURSIVE s(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM s LIMIT 500) SELECT value FROM s)',
);
const SCRIPT = `BEGIN;
  INSERT INTO t(a, b) VALUES ('new', 1), ('newer', 2.5);
  INSERT INTO w VALUES ('new', NULL);
  COMMIT;`;
/** Enough to spill out of a cache of ten pages. */
const LONG = `WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s LIMIT 3000)
  INSERT INTO w SELECT 'long ' || i, randomblob(300) FROM s`;

describe.each(['delete', 'wal'])('journal_mode = %s', (mode) => {
  const source = (): string => {
    const path = temp.file(`${mode}.db`);
    return existsSync(path) ? path : make(path, `PRAGMA journal_mode = ${mode}`, SCHEMA);
  };

  it('ROLLBACK brings the before-state back, byte for byte', async () => {
    await using workspace = await prepare(source());
    await using clone = await workspace.restore('T');
    const sink = new MemoryObjects();
    const before = await clone.capture(sink);
    expect((await clone.capture(sink)).snapshot.digest).toBe(before.snapshot.digest);
    {
      await using session = await clone.open();
      await session.begin();
      await session.apply(Buffer.from(SCRIPT), insertOnly('t', 'w'));
      const inside = await session.capture(sink);
      expect(inside.tables['t']?.rows).toBe(502);
      expect(inside.tables['w']?.rows).toBe(501);
      expect(await session.inTransaction()).toBe(true);
      await session.rollback();
      expect(await session.inTransaction()).toBe(false);
    }
    expect((await clone.capture(sink)).snapshot.digest).toBe(before.snapshot.digest);
    expect(await clone.identical()).toBe(true);
    expect(await clone.query('PRAGMA user_version')).toBe('7');
    // Reading leaves nothing beside the clone either, whatever its journal mode.
    const files = readdirSync(temp.path, { recursive: true, encoding: 'utf8' });
    expect(files.filter((name) => name.includes('clone.db')).length).toBe(1);
  });

  it('and so it does when the transaction spills out of the cache', async () => {
    await using workspace = await prepare(source(), { session: [['cache_size', '10']] });
    await using clone = await workspace.restore('T');
    const before = await snapshotOf(clone);
    {
      await using session = await clone.open();
      await session.begin();
      await session.apply(Buffer.from(LONG), insertOnly('w'));
      expect((await session.capture(new MemoryObjects())).tables['w']?.rows).toBe(3_500);
      await session.rollback();
    }
    expect(await snapshotOf(clone)).toBe(before);
    expect(await clone.identical()).toBe(true);
  });

  it('a killed session leaves a journal or a WAL, and the committed state is still what is captured', async () => {
    await using workspace = await prepare(source(), { session: [['cache_size', '10']], timeLimit: 1_500 });
    await using clone = await workspace.restore('T');
    const before = await snapshotOf(clone);
    {
      await using session = await clone.open();
      await session.begin();
      const endless = `${LONG}; WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM x) SELECT count(*) FROM x`;
      await refuses(session.apply(Buffer.from(endless), insertOnly('w')), 'TIME_LIMIT');
      await refuses(session.rollback(), 'TIME_LIMIT');
    }
    expect(leftBeside(temp.path).length).toBeGreaterThan(0);
    const left = leftBeside(temp.path);
    expect(await snapshotOf(clone)).toBe(before);
    expect(await clone.identical()).toBe(true);
    expect(await clone.query('SELECT count(*) FROM w')).toBe('500');
    expect(leftBeside(temp.path)).toEqual(left);
    await clone.reset();
    expect(leftBeside(temp.path)).toEqual([]);
    expect(await snapshotOf(clone)).toBe(before);
  });

  it('COMMIT changes the file, reset puts the image back', async () => {
    await using workspace = await prepare(source());
    await using clone = await workspace.restore('R');
    const before = await snapshotOf(clone);
    let inside: string;
    {
      await using session = await clone.open();
      await session.begin();
      await session.apply(Buffer.from(SCRIPT), insertOnly('t', 'w'));
      inside = (await session.capture(new MemoryObjects())).snapshot.digest;
      await session.commit();
    }
    expect(await snapshotOf(clone)).toBe(inside);
    expect(inside).not.toBe(before);
    expect(await clone.identical()).toBe(false);
    await clone.reset();
    expect(await snapshotOf(clone)).toBe(before);
    expect(await clone.identical()).toBe(true);
  });

  it('COMMIT and an inverse DELETE: rows come back, the sequence does not', async () => {
    const path = make(temp.file(`inverse-${mode}.db`), `PRAGMA journal_mode = ${mode}`, SCHEMA);
    const before = await capture(path);
    make(path, `INSERT INTO t(a) VALUES ('new'); DELETE FROM t WHERE a = 'new'`);
    const after = await capture(path);
    expect(after.tables).toEqual(before.tables);
    expect(after.snapshot.digest).not.toBe(before.snapshot.digest);
  });

  it('two workspaces of one source have the same digests', async () => {
    await using a = await prepare(source());
    await using b = await prepare(source());
    expect([b.sourceDigest, b.imageDigest]).toEqual([a.sourceDigest, a.imageDigest]);
    await using one = await a.restore('T');
    await using two = await b.restore('T');
    expect(await snapshotOf(two)).toBe(await snapshotOf(one));
  });
});

describe('a session', () => {
  it('pins foreign_keys, and a plan can say otherwise', async () => {
    const source = make(
      temp.file('fk.db'),
      `CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p)`,
    );
    const script = Buffer.from('INSERT INTO c VALUES (7)');
    const run = async (session: [string, string][]): Promise<void> => {
      await using workspace = await prepare(source, { session });
      await using clone = await workspace.restore('T');
      await using opened = await clone.open();
      await opened.begin();
      await opened.apply(script, insertOnly('c'));
      await opened.commit();
    };
    await refuses(run([]), 'SQL_FAILED', 'statement 1');
    await run([['foreign_keys', 'OFF']]);
    // Deferred: the statement passes, COMMIT does not.
    await refuses(run([['defer_foreign_keys', 'on']]), 'SQL_FAILED', undefined);
  });

  it('refuses other pragmas before anything is copied', async () => {
    const source = make(temp.file('pragmas.db'), `CREATE TABLE t(a)`);
    for (const pragma of [
      'query_only',
      'journal_mode',
      'writable_schema',
      'foreign_keys = 1; --',
      'user_version',
    ]) {
      await refuses(prepare(source, { session: [[pragma, '1']] }), 'USAGE');
    }
    await refuses(prepare(source, { session: [['foreign_keys', 'maybe']] }), 'USAGE');
    await refuses(prepare(source, { session: [['cache_size', '1; DROP TABLE t']] }), 'USAGE');
  });

  it('is the only one on its clone', async () => {
    const source = make(temp.file('one.db'), `CREATE TABLE t(a)`);
    await using workspace = await prepare(source);
    await using clone = await workspace.restore('T');
    await using session = await clone.open();
    await session.begin();
    await refuses(clone.open(), 'INTERNAL');
    await refuses(clone.capture(new MemoryObjects()), 'INTERNAL');
    await refuses(clone.reset(), 'INTERNAL');
  });
});

describe.skipIf(lack)(`real databases${lack}`, () => {
  it.each<[string, number, number, string, string]>([
    ['chinook.sqlite', 11, 15_607, `INSERT INTO Artist(Name) VALUES ('Custody')`, 'Artist'],
    [
      'agencyos.sqlite',
      100,
      5_692,
      `INSERT INTO directus_activity("action", "collection", "item") VALUES ('create', 'posts', '1')`,
      'directus_activity',
    ],
  ])('%s', async (name, tables, rows, script, table) => {
    const sink = new MemoryObjects();
    await using workspace = await prepare(data(name));
    const legs: string[] = [];
    for (const leg of ['T', 'R']) {
      await using clone = await workspace.restore(leg);
      const before = await clone.capture(sink);
      expect([Object.keys(before.tables).length, before.rows]).toEqual([tables, rows]);
      {
        await using session = await clone.open();
        await session.begin();
        await session.apply(Buffer.from(script), insertOnly(table));
        if (leg === 'T') {
          legs.push((await session.capture(sink)).tables[table]!.rows.toString());
          await session.rollback();
        } else await session.commit();
      }
      if (leg === 'R') {
        legs.push((await clone.capture(sink)).tables[table]!.rows.toString());
        await clone.reset();
      }
      expect((await clone.capture(sink)).snapshot.digest).toBe(before.snapshot.digest);
      expect(await clone.identical()).toBe(true);
    }
    expect(legs[0]).toBe(legs[1]);
    expect(
      (await workspace.isolation()).assertions.find((a) => a.assertion === 'source-unchanged')?.holds,
    ).toBe(true);
  });
});

/** Files beside clones that hold something: what a closed database must not leave. */
function leftBeside(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /clone\.db-(wal|journal)$/.test(name) && statSync(join(folder, name)).size > 0)
    .sort();
}
