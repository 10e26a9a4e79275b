import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { CustodyError } from '../../../src/errors.ts';
import { makerOf } from '../../../src/system/temporary-file.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import type { Clone } from '../../../src/engines/engine.ts';
import { children, insertOnly, make, prepare, useTemp } from './helpers.ts';
import { refuses } from '../../support/refusals.ts';
import { makeTestFolder } from '../../support/folder.ts';
import { ENDED, temporaryOf } from '../../support/killed.ts';

const { rename } = vi.hoisted(() => ({ rename: vi.fn<(from: string, to: string) => Promise<void>>() }));
vi.mock(import('node:fs/promises'), async (load) => {
  const real = await load();
  rename.mockImplementation(real.rename);
  return { ...real, rename: rename as typeof real.rename };
});

const temp = useTemp();
const source = (): string => {
  const path = temp.file('source.db');
  return existsSync(path) ? path : make(path, 'CREATE TABLE t(a); INSERT INTO t VALUES (1)');
};

/** A folder in another file system, where there is one: what is moved there is copied. */
const ELSEWHERE = '/dev/shm';
const elsewhere =
  existsSync(ELSEWHERE) && statSync(ELSEWHERE).dev !== statSync(process.env['TMPDIR'] ?? '/tmp').dev
    ? makeTestFolder('test', ELSEWHERE)
    : undefined;
afterAll(() => {
  if (elsewhere !== undefined) rmSync(elsewhere, { recursive: true, force: true });
});

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

async function refusesEverything(clone: Clone): Promise<void> {
  const script = Buffer.from('SELECT 1');
  await refuses(clone.open(), 'ENGINE_FAILED');
  await refuses(clone.capture(new MemoryObjects()), 'ENGINE_FAILED');
  await refuses(clone.query('SELECT 1'), 'ENGINE_FAILED');
  await refuses(clone.check(script, insertOnly('t')), 'ENGINE_FAILED');
  await refuses(clone.check(Buffer.from([0xff]), insertOnly('t')), 'ENGINE_FAILED');
  await refuses(clone.checkQuery('SELECT 1'), 'ENGINE_FAILED');
  await refuses(clone.reset(), 'ENGINE_FAILED');
  await refuses(clone.identical(), 'ENGINE_FAILED');
  await refuses(clone.quarantine(temp.file('again'), 'again'), 'ENGINE_FAILED');
  expect(existsSync(temp.file('again'))).toBe(false);
}

describe.each<[string, () => string | undefined]>([
  ['in the same file system', () => temp.file('kept')],
  ['in another file system', () => elsewhere && join(elsewhere, 'a', 'b')],
])('a clone in quarantine, %s', (_, where) => {
  it('is kept with everything, is named, and is never used again', async ({ skip }) => {
    const folder = where();
    if (folder === undefined) return skip('there is one file system');
    let kept: string;
    let bytes: Buffer;
    {
      await using workspace = await prepare(source(), { session: [['cache_size', '5']] });
      await using clone = await workspace.restore('T');
      await using session = await clone.open();
      await session.begin();
      // What a process that was killed here left under a temporary name.
      mkdirSync(join(folder, temporaryOf(ENDED, 'folder'), 'deep'), { recursive: true });
      const spilling = `INSERT INTO t WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s LIMIT 3000) SELECT randomblob(200) FROM s`;
      await session.apply(Buffer.from(spilling), insertOnly('t'));
      kept = await clone.quarantine(folder, 'the transaction was left open');
      // Whoever had it open was ended.
      if (process.platform === 'linux') expect(children()).toEqual([]);
      await refuses(session.commit(), 'ENGINE_FAILED');
      await refusesEverything(clone);
      expect(kept).toMatch(/sqlite-T-[0-9a-f]{16}$/);
      expect(readdirSync(folder)).toEqual([kept.slice(folder.length + 1)]);
      // What else the workspace holds is swept again, should this process be killed.
      const [left] = readdirSync(temp.path).filter((name) => name.startsWith('custody-sqlite-'));
      expect(existsSync(join(temp.path, left!, 'owner'))).toBe(true);
      // The hot journal of the transaction that was under way is part of what is kept.
      expect(readdirSync(kept).sort()).toEqual(['QUARANTINE.txt', 'clone.db', 'clone.db-journal']);
      bytes = readFileSync(join(kept, 'clone.db'));
      // The label is free again, for another clone.
      await using another = await workspace.restore('T');
      expect(await another.identical()).toBe(true);
      expect(await another.query('SELECT count(*) FROM t')).toBe('1');
    }
    expect(readFileSync(join(kept, 'clone.db'))).toEqual(bytes);
    expect(readFileSync(join(kept, 'QUARANTINE.txt'), 'utf8')).toBe('the transaction was left open\n');
    expect([mode(folder), mode(kept)]).toEqual(['700', '700']);
    expect(readdirSync(kept).map((name) => mode(join(kept, name)))).toEqual(Array(3).fill('600'));
    expect(readdirSync(temp.path).filter((name) => name.startsWith('custody-sqlite-'))).toEqual([]);
  });

  it('lies beside others', async ({ skip }) => {
    const folder = where();
    if (folder === undefined) return skip('there is one file system');
    await using workspace = await prepare(source());
    const before = existsSync(folder) ? readdirSync(folder).length : 0;
    for (const label of ['T', 'T', 'R']) {
      await using clone = await workspace.restore(label);
      await clone.quarantine(folder, label);
    }
    expect(readdirSync(folder).length).toBe(before + 3);
  });
});

it('a copy into another file system is made under a name that says who makes it', async ({ skip }) => {
  if (elsewhere === undefined) return skip('there is one file system');
  await using workspace = await prepare(source());
  await using clone = await workspace.restore('T');
  const kept = await clone.quarantine(elsewhere, 'x');
  const [from, to] = rename.mock.lastCall!;
  expect(to).toBe(kept);
  expect(makerOf(basename(from))?.pid).toBe(process.pid);
});

describe('the folder of a quarantine', () => {
  it('is made private where others could read it', async () => {
    const folder = temp.file('public');
    mkdirSync(folder);
    chmodSync(folder, 0o755);
    await using workspace = await prepare(source());
    await using clone = await workspace.restore('T');
    await clone.quarantine(folder, 'x');
    expect(mode(folder)).toBe('700');
  });

  it.each<[string, (path: string) => void]>([
    [
      'a symlink',
      (path) => {
        mkdirSync(`${path}.real`);
        symlinkSync(`${path}.real`, path);
      },
    ],
    [
      'a file',
      (path) => {
        writeFileSync(path, '');
      },
    ],
  ])('may not be %s; the clone is out of use nevertheless, and stays where it is', async (name, put) => {
    const folder = temp.file(name);
    put(folder);
    let failed: unknown;
    {
      await using workspace = await prepare(source());
      await using clone = await workspace.restore('T');
      failed = await clone.quarantine(folder, 'x').catch((error: unknown) => error);
      await refusesEverything(clone);
    }
    expect(failed).toBeInstanceOf(CustodyError);
    const kept = (failed as CustodyError).path!;
    expect(existsSync(join(kept, 'clone.db'))).toBe(true);
    // Neither the end of the workspace nor a later start removes it: no note says whose it is.
    expect(existsSync(join(kept, '..', 'owner'))).toBe(false);
    await using _ = await prepare(source());
    expect(existsSync(join(kept, 'clone.db'))).toBe(true);
    rmSync(join(kept, '..'), { recursive: true });
  });

  it('may have no place for it: then it says so in the workspace', async () => {
    const folder = temp.file('full');
    let kept: string;
    {
      await using workspace = await prepare(source());
      await using clone = await workspace.restore('T');
      rename.mockRejectedValueOnce(Object.assign(new Error('no space left'), { code: 'ENOSPC' }));
      const failed: unknown = await clone.quarantine(folder, 'why').catch((error: unknown) => error);
      expect(failed).toMatchObject({ code: 'DISK_FULL' });
      kept = (failed as CustodyError).path!;
    }
    expect(readFileSync(join(kept, 'QUARANTINE.txt'), 'utf8')).toBe('why\n');
    expect(existsSync(join(kept, 'clone.db'))).toBe(true);
    rmSync(join(kept, '..'), { recursive: true });
  });
});

it('a clone whose child was killed can be kept too', async () => {
  await using workspace = await prepare(source(), { timeLimit: 1_000 });
  await using clone = await workspace.restore('T');
  await using session = await clone.open();
  await session.begin();
  const endless = 'WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL SELECT i FROM x) SELECT count(*) FROM x';
  await refuses(session.apply(Buffer.from(endless), insertOnly('t')), 'TIME_LIMIT');
  const kept = await clone.quarantine(temp.file('killed'), 'time limit');
  expect(existsSync(join(kept, 'clone.db'))).toBe(true);
});
