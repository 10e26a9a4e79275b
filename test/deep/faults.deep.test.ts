import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isCustodyError } from '../../src/errors.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { commitFolder } from '../../src/workflows/commit.ts';
import { fsckLedger } from '../../src/workflows/fsck.ts';
import { snapshotDatabase } from '../../src/workflows/snapshot.ts';
import { overtaken } from '../ledger/commit-text.ts';
import { FaultyFs } from './faulty-fs.ts';
import { appendMany, sealedFolder, smallLedger, useFolder, WHO } from './ledgers.ts';

const folder = useFolder();
let packet: string;
let database: string;
let pristine: string;
let atBundle: string;
const work = (): string => folder.file('work');

beforeAll(async () => {
  packet = await sealedFolder(folder.file('packet'), { 'a.txt': 'evidence\n', 'b.txt': 'more\n'.repeat(99) });
  database = folder.file('tiny.sqlite');
  {
    using db = new DatabaseSync(database);
    db.exec(
      'CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, NULL), (2, hex(zeroblob(20000)))',
    );
  }
  pristine = folder.file('pristine');
  {
    await using ledger = await smallLedger(pristine);
    await commitFolder(ledger, packet, { ...WHO, message: 'acknowledged' });
  }
  atBundle = folder.file('at-bundle');
  {
    await using ledger = await smallLedger(atBundle);
    await appendMany(ledger, 254);
  }
});

afterEach(() => rmSync(work(), { recursive: true, force: true }));

const WORKS: Record<
  string,
  { from: () => string; records: number; adds?: number; run: (ledger: Ledger) => Promise<unknown> }
> = {
  'a commit': {
    from: () => pristine,
    records: 2,
    run: async (ledger) => {
      const more = await sealedFolder(folder.file('more'), { 'new.txt': `new evidence ${'x'.repeat(3000)}` });
      return commitFolder(ledger, more, { ...WHO, message: 'new' });
    },
  },
  'a snapshot': {
    from: () => pristine,
    records: 2,
    run: (ledger) => snapshotDatabase(ledger, database, { ...WHO, message: 'state' }),
  },
  'the record that fills a bundle': {
    from: () => atBundle,
    records: 255,
    run: (ledger) => commitFolder(ledger, packet, { ...WHO, message: 'number 256' }),
  },
  'a commit that another one overtakes': {
    from: () => pristine,
    records: 2,
    adds: 2,
    run: async (ledger) => {
      await using other = await Ledger.open(work());
      await overtaken(ledger, other);
    },
  },
};

/** Runs the work with one fault. @returns the calls and the code that it ended in. */
async function attempt(
  name: string,
  fail: number,
  code: 'EIO' | 'ENOSPC',
): Promise<{ calls: string[]; ended: string }> {
  rmSync(work(), { recursive: true, force: true });
  cpSync(WORKS[name]!.from(), work(), { recursive: true });
  await using ledger = await Ledger.open(work());
  using faulty = new FaultyFs(work(), fail, code);
  try {
    await WORKS[name]!.run(ledger);
    return { calls: faulty.calls, ended: 'done' };
  } catch (error) {
    if (!isCustodyError(error)) throw error;
    return { calls: faulty.calls, ended: error.code };
  }
}

/** Clean, or nothing but leftover temporary files. */
async function expectSound(where: string): Promise<number> {
  await using ledger = await Ledger.open(work());
  const { findings } = await fsckLedger(ledger);
  expect(findings, where).toEqual([]);
  return (await ledger.head()).size;
}

describe.each(Object.keys(WORKS))('%s', (name) => {
  it('survives a fault at each of its calls in turn', async () => {
    const { calls, ended } = await attempt(name, Infinity, 'EIO');
    expect(ended).toBe('done');
    expect(calls.filter((call) => call.startsWith('fsyncSync')).length).toBeGreaterThan(3);
    expect(calls.filter((call) => call.startsWith('renameSync')).length).toBeGreaterThan(1);
    const { records, adds = 1 } = WORKS[name]!;
    const failed = new Set<string>();
    for (const code of ['EIO', 'ENOSPC'] as const) {
      for (const [fail, call] of calls.entries()) {
        const where = `${code} at ${fail}: ${call}`;
        const { ended } = await attempt(name, fail, code);
        failed.add(ended);
        expect(['done', 'IO_FAILED', 'DISK_FULL'], where).toContain(ended);
        const size = await expectSound(where);
        // What was acknowledged is there; what failed may be there only if the fault came after the head had moved.
        if (ended === 'done') expect(size, where).toBe(records + adds);
        else expect([records, records + 1, records + adds], where).toContain(size);
        // The next one works and finds all that was there.
        {
          await using ledger = await Ledger.open(work());
          const next = await commitFolder(ledger, packet, { ...WHO, message: 'the next one' });
          expect(next.index, where).toBe(size);
          const report = await fsckLedger(ledger);
          expect(report.records, where).toBe(size + 1);
        }
        await expectSound(where);
      }
    }
    expect([...failed].sort()).toEqual(expect.arrayContaining(['DISK_FULL', 'IO_FAILED']));
  });
});

describe('init', () => {
  it('leaves a ledger or nothing, whichever call fails', async () => {
    const count = async (
      fail: number,
      code: 'EIO' | 'ENOSPC',
    ): Promise<{ calls: string[]; ended: string }> => {
      rmSync(work(), { recursive: true, force: true });
      using faulty = new FaultyFs(work(), fail, code);
      try {
        await (await smallLedger(work()))[Symbol.asyncDispose]();
        return { calls: faulty.calls, ended: 'done' };
      } catch (error) {
        if (!isCustodyError(error)) throw error;
        return { calls: faulty.calls, ended: error.code };
      }
    };
    const { calls } = await count(Infinity, 'EIO');
    for (const code of ['EIO', 'ENOSPC'] as const) {
      for (const [fail, call] of calls.entries()) {
        const where = `${code} at ${fail}: ${call}`;
        const { ended } = await count(fail, code);
        expect(['done', 'IO_FAILED', 'DISK_FULL'], where).toContain(ended);
        if (ended === 'done') expect(await expectSound(where), where).toBe(1);
        else expect(existsSync(join(work(), '.custody/config.yaml')), where).toBe(false);
        // And it can be made again.
        if (ended !== 'done') await (await smallLedger(work()))[Symbol.asyncDispose]();
        expect(await expectSound(where), where).toBe(1);
      }
    }
  });
});
