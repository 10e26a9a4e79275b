import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isSqliteDatabase } from '../../../src/engines/sqlite/index.ts';
import { digestOf } from '../../../src/objects/digest.ts';
import { capture, make, prepare, snapshotOf, useTemp } from './helpers.ts';
import { refuses } from '../../support/refusals.ts';

const temp = useTemp();
const holds = async (workspace: Awaited<ReturnType<typeof prepare>>): Promise<Record<string, boolean>> =>
  Object.fromEntries((await workspace.isolation()).assertions.map((a) => [a.assertion, a.holds]));

/** A transaction that is under way, as another process would see it on disk. */
function openWriter(path: string, mode: string): DatabaseSync {
  make(path, `PRAGMA journal_mode = ${mode}; CREATE TABLE t(a); INSERT INTO t VALUES (1)`);
  const db = new DatabaseSync(path);
  db.exec('PRAGMA cache_size = 5; PRAGMA wal_autocheckpoint = 0');
  return db;
}
const MANY = `WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s LIMIT 2000) INSERT INTO t SELECT randomblob(200) FROM s`;

describe('what is no database', () => {
  it('is said so', async () => {
    await refuses(prepare(temp.file('nowhere.db')), 'PATH_NOT_FOUND');
    await refuses(isSqliteDatabase(temp.file('nowhere.db')), 'PATH_NOT_FOUND');
    await refuses(prepare(temp.path), 'PATH_NOT_A_FILE');
    for (const [name, content] of Object.entries({
      empty: '',
      text: 'CREATE TABLE t(a);',
      short: 'SQLite format',
      random: 'x'.repeat(5000),
    })) {
      writeFileSync(temp.file(name), content);
      await refuses(prepare(temp.file(name)), 'DATABASE_NOT_RECOGNISED');
      expect(await isSqliteDatabase(temp.file(name))).toBe(false);
    }
  });

  it.skipIf(process.platform === 'win32')('a pipe does not hang', async () => {
    spawnSync('mkfifo', [temp.file('pipe')]);
    await refuses(prepare(temp.file('pipe')), 'PATH_NOT_A_FILE');
  });
});

describe('a file far larger than its database', () => {
  it.each(['delete', 'wal'])('is not copied, in journal mode %s', async (mode) => {
    const path = make(temp.file(`sparse-${mode}.db`), `PRAGMA journal_mode = ${mode}; CREATE TABLE t(a)`);
    truncateSync(path, 200 * 2 ** 30);
    await refuses(prepare(path), 'DATABASE_CORRUPT');
  });

  it('may have been grown in steps', async () => {
    const path = make(temp.file('steps.db'), 'CREATE TABLE t(a); INSERT INTO t VALUES (1)');
    const before = (await capture(path)).snapshot.digest;
    truncateSync(path, statSync(path).size + 1024 * 1024);
    expect((await capture(path)).snapshot.digest).toBe(before);
  });
});

describe('a damaged database', () => {
  const good = (name: string): string =>
    make(temp.file(name), `CREATE TABLE t(a); CREATE INDEX i ON t(a)`, MANY);

  it('cut short', async () => {
    const path = good('short.db');
    truncateSync(path, 40_960);
    await refuses(prepare(path), 'DATABASE_CORRUPT');
  });

  it('with a page overwritten', async () => {
    const path = good('page.db');
    const bytes = readFileSync(path);
    bytes.fill(0xab, 3 * 4096, 4 * 4096);
    writeFileSync(path, bytes);
    expect(await isSqliteDatabase(path)).toBe(true);
    await refuses(prepare(path), 'DATABASE_CORRUPT');
  });

  it('with a header and nothing that makes sense behind it, as encrypted files may look', async () => {
    const path = good('encrypted.db');
    const bytes = readFileSync(path);
    bytes.fill(0x5a, 16);
    writeFileSync(path, bytes);
    await refuses(prepare(path), 'DATABASE_CORRUPT');
  });
  it('with a broken schema', async () => {
    const path = make(
      temp.file('schema.db'),
      'CREATE TABLE t(a)',
      `PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'CREATE TABLE'`,
    );
    await refuses(prepare(path), 'DATABASE_CORRUPT');
  });
});

describe('what the last writer left', () => {
  it('rows in the WAL count, and the source keeps its files', async () => {
    const path = temp.file('live.db');
    using db = openWriter(path, 'wal');
    db.exec('INSERT INTO t VALUES (2)');
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
    const before = ['', '-wal'].map((part) => digestOf(readFileSync(path + part)));
    {
      await using workspace = await prepare(path);
      await using clone = await workspace.restore('T');
      expect(await clone.query('SELECT count(*) FROM t')).toBe('2');
      expect(workspace.sourceDigest).toBe(before[0]);
      expect((await holds(workspace))['source-unchanged']).toBe(true);
    }
    expect(['', '-wal'].map((part) => digestOf(readFileSync(path + part)))).toEqual(before);
  });

  it.each(['delete', 'wal'])('an unfinished transaction does not (%s)', async (mode) => {
    const path = temp.file(`hot-${mode}.db`);
    const copy = temp.file(`hot-${mode}-copy.db`);
    {
      using db = openWriter(path, mode);
      db.exec(`BEGIN; ${MANY}`);
      for (const part of ['', '-wal', '-journal'])
        if (existsSync(path + part)) copyFileSync(path + part, copy + part);
      db.exec('ROLLBACK');
    }
    const sidecar = copy + (mode === 'wal' ? '-wal' : '-journal');
    expect(statSync(sidecar).size).toBeGreaterThan(512);
    const kept = digestOf(readFileSync(sidecar));
    expect((await capture(copy)).snapshot.digest).toBe((await capture(path)).snapshot.digest);
    expect(digestOf(readFileSync(sidecar))).toBe(kept);
  });

  it('a journal of a transaction over several files is refused', async () => {
    const path = make(temp.file('shared.db'), 'CREATE TABLE t(a)');
    writeFileSync(`${path}-journal`, Buffer.alloc(1_024));
    expect((await capture(path)).rows).toBe(0);
    appendFileSync(`${path}-journal`, Buffer.from('d9d505f920a163d7', 'hex'));
    await refuses(capture(path), 'DATABASE_UNSUPPORTED');
  });
});

describe('isolation', () => {
  it('asserts what was checked', async () => {
    const path = make(temp.file('source.db'), 'CREATE TABLE t(a)');
    chmodSync(path, 0o444);
    await using workspace = await prepare(path);
    await using clone = await workspace.restore('T');
    await (await clone.open())[Symbol.asyncDispose]();
    const seen = await holds(workspace);
    expect(Object.keys(seen)).toEqual([
      'attach-refused',
      'child-processes-refused',
      'clone-folder-private',
      'clone-not-linked-to-source',
      'clone-not-open-elsewhere',
      'clone-not-seen-open',
      'extensions-refused',
      'file-access-restricted',
      'image-unchanged',
      'network-isolated',
      'paths-confined',
      'source-opened-read-only',
      'source-unchanged',
    ]);
    // Whether the system grants namespaces, and shows other processes, is not ours to say.
    const granted = ['network-isolated', 'paths-confined', 'clone-not-open-elsewhere'];
    const others = Object.entries(seen).filter(([assertion]) => !granted.includes(assertion));
    expect(others.filter(([, held]) => !held)).toEqual([]);
  });

  it('does not hold for clones when there was none', async () => {
    await using workspace = await prepare(make(temp.file('none.db'), 'CREATE TABLE t(a)'));
    const seen = await holds(workspace);
    expect([seen['clone-folder-private'], seen['clone-not-linked-to-source']]).toEqual([false, false]);
  });

  it('a source that changes is seen', async () => {
    const path = make(temp.file('changing.db'), 'CREATE TABLE t(a)');
    await using workspace = await prepare(path);
    make(path, 'INSERT INTO t VALUES (1)');
    expect((await holds(workspace))['source-unchanged']).toBe(false);
    const other = make(temp.file('growing.db'), 'CREATE TABLE t(a)');
    await using second = await prepare(other);
    writeFileSync(`${other}-wal`, 'x');
    expect((await holds(second))['source-unchanged']).toBe(false);
  });

  it('a folder that others may read is seen', async () => {
    await using workspace = await prepare(make(temp.file('open.db'), 'CREATE TABLE t(a)'));
    await using clone = await workspace.restore('T');
    await clone.query('SELECT 1');
    const folder = (await workspace.isolation()).raw.find(([name]) => name === 'workspace')![1];
    chmodSync(folder, 0o755);
    expect((await holds(workspace))['clone-folder-private']).toBe(false);
  });

  it('a link leads to the database that it names, and the clone is no link', async () => {
    mkdirSync(temp.file('real'));
    const real = make(temp.file('real/real.db'), 'CREATE TABLE t(a); INSERT INTO t VALUES (1)');
    symlinkSync(real, temp.file('link.db'));
    await using workspace = await prepare(temp.file('link.db'));
    await using clone = await workspace.restore('T');
    expect((await holds(workspace))['clone-not-linked-to-source']).toBe(true);
    expect(await clone.query('SELECT count(*) FROM t')).toBe('1');
    expect(readdirSync(dirname(real))).toEqual(['real.db']);
  });

  it('labels cannot climb', async () => {
    await using workspace = await prepare(make(temp.file('labels.db'), 'CREATE TABLE t(a)'));
    for (const label of ['../x', '', '.hidden', 'a/b']) await refuses(workspace.restore(label), 'USAGE');
    await using a = await workspace.restore('T');
    await using b = await workspace.restore('T');
    expect(await snapshotOf(a)).toBe(await snapshotOf(b));
  });
});
