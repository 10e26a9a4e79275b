import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, it } from 'vitest';
import { splice } from '../../scripts/yaml-splice.ts';
import { digestOf } from '../../src/objects/digest.ts';
import { copyPlan, copyProfile, openProfile } from '../../src/rehearsal/plan/profile-folder.ts';
import { buildDatabase } from '../../src/engines/surrogate.ts';
import { makeSurrogate, surrogateFault } from '../../src/workflows/surrogate.ts';
import { makeTestFolder } from '../support/folder.ts';
import { lacking } from '../support/lacking.ts';
import { refuses } from '../support/refusals.ts';

const TEAM = join(import.meta.dirname, '../profiles/other-team');

describe('a surrogate', () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  beforeEach(() => {
    folder = makeTestFolder('surrogate');
    cpSync(TEAM, folder, { recursive: true });
  });

  /** Replaces the script, and pins it anew. */
  function replace(text: string): void {
    const profile = readFileSync(at('profile.yaml'), 'utf8');
    writeFileSync(at('stock.sql'), text);
    const sha256 = digestOf(Buffer.from(text));
    writeFileSync(at('profile.yaml'), splice(profile, ['surrogate', 'sql', 'sha256'], sha256));
  }
  const make = async (name = 'new.sqlite'): Promise<string> =>
    makeSurrogate(await openProfile(folder), at(name));
  const refused = async (code: string): Promise<void> => {
    await expect(make()).rejects.toMatchObject({ code });
    expect(existsSync(at('new.sqlite'))).toBe(false);
  };

  it('has the same bytes every time, and is a sound database', async () => {
    const digest = await make();
    expect(await make('again.sqlite')).toBe(digest);
    expect(digestOf(readFileSync(at('new.sqlite')))).toBe(digest);
    using database = { db: new Database(at('new.sqlite')), [Symbol.dispose]: () => undefined };
    expect(database.db.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(database.db.prepare('SELECT sum(pieces) FROM shelves').pluck().get()).toBe(350);
    database.db.close();
  });

  it('of somebody else comes out as pinned, or does not', async () => {
    const names = readdirSync(folder);
    expect(await surrogateFault(await openProfile(folder))).toBeUndefined();
    expect(readdirSync(folder)).toEqual(names);
    const script = readFileSync(at('stock.sql'), 'utf8');
    for (const other of [
      script.replace('250', '251'),
      `${script}INSERT INTO nowhere VALUES (1);`,
      'VACUUM;',
    ]) {
      replace(other);
      expect(await surrogateFault(await openProfile(folder))).toMatch(/^PROFILE_INVALID: /);
    }
  });

  it('ends with this process, whatever its script computes', async () => {
    replace(
      'CREATE TABLE t AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n;',
    );
    const signal = AbortSignal.timeout(500);
    const ended = makeSurrogate(await openProfile(folder), at('new.sqlite'), signal);
    await expect(ended).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  it('does not say which SQLite wrote it', async () => {
    await make();
    expect([...readFileSync(at('new.sqlite')).subarray(96, 100)]).toEqual([0, 0, 0, 0]);
  });

  it('is never written over a file', async () => {
    writeFileSync(at('new.sqlite'), 'mine');
    await expect(make()).rejects.toMatchObject({ code: 'USAGE' });
    expect(readFileSync(at('new.sqlite'), 'utf8')).toBe('mine');
  });

  it('must come out as pinned', async () => {
    replace(readFileSync(at('stock.sql'), 'utf8').replace('250', '251'));
    await refused('PROFILE_INVALID');
  });

  it('is not made from another script than the pinned one', async () => {
    writeFileSync(at('stock.sql'), `${readFileSync(at('stock.sql'), 'utf8')}\n`);
    await refused('PROFILE_INVALID');
  });

  it.each([
    "ATTACH 'other.sqlite' AS other;",
    "/* */ attach 'other.sqlite' AS other;",
    "INSERT INTO origin VALUES ('x'); VACUUM INTO 'other.sqlite';",
    'PRAGMA journal_mode = WAL;',
    'CREATE VIRTUAL TABLE v USING fts5(a);',
    'COMMIT;',
    "SELECT load_extension('x');",
  ])('may not: %s', async (statement) => {
    replace(`${readFileSync(at('stock.sql'), 'utf8')}${statement}\n`);
    await refused('PROFILE_INVALID');
    expect(existsSync('other.sqlite')).toBe(false);
  });

  it('leaves nothing of a script that fails', async () => {
    const names = readdirSync(folder);
    for (const sql of [
      'CREATE TABLE t (a); INSERT INTO u VALUES (1);',
      'CREATE TABLE t (a CHECK (a > 0)); INSERT INTO t VALUES (0);',
    ])
      await refuses(
        buildDatabase(sql, at('new.sqlite'), () => undefined),
        'PROFILE_INVALID',
      );
    expect(readdirSync(folder)).toEqual(names);
  });

  /** Some 4 MiB. */
  const LARGE = 'CREATE TABLE t AS SELECT zeroblob(4000000) AS a;';

  it.each([
    ['its size', LARGE],
    [
      'the rowids of a table',
      `CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT);
       INSERT INTO t VALUES (9223372036854775807); INSERT INTO t DEFAULT VALUES;`,
    ],
  ])('may not fill %s: that is no fault of the disk', async (_, sql) => {
    const names = readdirSync(folder);
    await refuses(
      buildDatabase(sql, at('new.sqlite'), () => undefined, 2 ** 20),
      'PROFILE_INVALID',
    );
    expect(readdirSync(folder)).toEqual(names);
  });

  const lack = lacking('mounting a file system');
  it.skipIf(lack)(`is not at fault where the disk is full${lack}`, async () => {
    const disk = at('disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
    try {
      await refuses(
        buildDatabase(LARGE, join(disk, 'new.sqlite'), () => undefined),
        'DISK_FULL',
      );
      expect(readdirSync(disk)).toEqual([]);
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  it('has its name only when it is whole and accepted, and takes nobody else’s', async () => {
    const names = readdirSync(folder);
    const sql = 'CREATE TABLE t (a);';
    const accept = (): void => {
      expect(existsSync(at('new.sqlite'))).toBe(false);
      writeFileSync(at('new.sqlite'), 'mine');
    };
    await refuses(buildDatabase(sql, at('new.sqlite'), accept), 'USAGE');
    expect(readFileSync(at('new.sqlite'), 'utf8')).toBe('mine');
    expect(readdirSync(folder).filter((name) => !names.includes(name))).toEqual(['new.sqlite']);
  });

  it('needs a profile that describes one', async () => {
    const text = readFileSync(at('profile.yaml'), 'utf8');
    writeFileSync(at('profile.yaml'), text.slice(0, text.indexOf('surrogate:')));
    await refused('PROFILE_INVALID');
  });

  it('goes with the profile and its plan into another folder', async () => {
    const to = at('copy');
    const plan = await copyProfile(await openProfile(folder), to);
    expect(plan.path).toBe(join(to, 'plan.yaml'));
    await makeSurrogate(await openProfile(to), plan.source.file);
    expect(digestOf(readFileSync(plan.source.file))).toBe(plan.source.sha256);
  });

  it('has no plan that reaches out of its folder', async () => {
    const plan = readFileSync(at('plan.yaml'), 'utf8');
    for (const [from, to] of [
      ['restock.sql', '../restock.sql'],
      ['stock.sqlite', '/srv/stock.sqlite'],
      ['profile.yaml', 'a/../../profile.yaml'],
    ] as const) {
      writeFileSync(at('plan.yaml'), plan.replace(from, to));
      await expect(copyPlan(at('plan.yaml'), at('copy'))).rejects.toMatchObject({ code: 'PLAN_INVALID' });
    }
  });
});
