import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { commitFolder } from '../../src/workflows/commit.ts';
import { fsckLedger } from '../../src/workflows/fsck.ts';
import { CUSTODY } from '../built.ts';
import { sealedFolder, smallLedger, useFolder, WHO } from './ledgers.ts';
import { inject, straceRefused, trace, type Point } from './strace.ts';

const folder = useFolder();
const refused = straceRefused();
const FAULTS = ['EIO', 'ENOSPC', 'SIGKILL'] as const;

/** The real command in a process of its own, with the kernel's answers changed: what LevelDB and SQLite do counts, too. */
describe.skipIf(refused !== null)(`under strace${refused === null ? '' : ` (refused: ${refused})`}`, () => {
  let env: NodeJS.ProcessEnv;
  let packet: string;
  let acknowledged: string;
  const work = (): string => folder.file('work');
  const command = (...words: string[]): string[] => [process.execPath, CUSTODY, ...words];

  beforeAll(async () => {
    env = { ...process.env, CUSTODY_AUTHOR: 'tester' };
    packet = await sealedFolder(folder.file('packet'), {
      'a.txt': 'evidence\n',
      'b.txt': 'more\n'.repeat(99),
    });
    await using ledger = await smallLedger(folder.file('pristine'));
    const old = await sealedFolder(folder.file('old'), { 'old.txt': 'acknowledged before\n' });
    acknowledged = (await commitFolder(ledger, old, { ...WHO, message: 'acknowledged' })).record;
  });

  beforeEach(() => restore());

  function restore(): void {
    rmSync(work(), { recursive: true, force: true });
    cpSync(folder.file('pristine'), work(), { recursive: true });
  }

  /** @returns how many records there are; everything else that fsck sees must be a leftover temporary file. */
  async function expectSound(where: string): Promise<number> {
    await using ledger = await Ledger.open(work());
    const { findings } = await fsckLedger(ledger);
    expect(findings, where).toEqual([]);
    return (await ledger.head()).size;
  }

  it('commit: an error or a kill at each of its calls on the ledger', async () => {
    const argv = command('commit', packet, '--ledger', work(), '-m', 'new');
    const points: Point[] = trace(argv, env, work(), folder.file('trace'));
    expect(points.filter(({ call }) => call === 'fsync').length).toBeGreaterThan(3);
    let killed = 0;
    let failed = 0;
    for (const point of points) {
      for (const fault of FAULTS) {
        restore();
        const where = `${fault} at ${point.call} ${point.nth}`;
        const { status, signal, stderr } = inject(argv, env, point, fault);
        if (fault === 'SIGKILL') killed += signal === 'SIGKILL' || status === 137 ? 1 : 0;
        else if (signal === 'SIGABRT' && point.call === 'write') {
          // The same place in another thread is libuv waking it up, and it aborts where it cannot: a crash like any other.
          killed++;
        } else {
          expect([0, 4], `${where}: ${stderr}`).toContain(status);
          failed += status === 4 ? 1 : 0;
        }
        const size = await expectSound(where);
        if (status === 0) expect(size, where).toBe(3);
        else expect([2, 3], where).toContain(size);
        {
          await using ledger = await Ledger.open(work());
          expect((await ledger.record(await ledger.head(), 1)).id, where).toBe(acknowledged);
          const next = await commitFolder(ledger, packet, { ...WHO, message: 'the next one' });
          expect(next.index, where).toBe(size);
        }
        expect(await expectSound(where), where).toBe(size + 1);
      }
    }
    // Nearly all calls are made again in the same place; a few threads race.
    expect(killed).toBeGreaterThan(points.length / 2);
    expect(failed).toBeGreaterThan(5);
  });

  it('init: a kill leaves no ledger, or a whole one', async () => {
    rmSync(work(), { recursive: true, force: true });
    const argv = command('init', work(), '--origin', 'crash.example/log');
    const points: Point[] = trace(argv, env, folder.path, folder.file('trace'));
    for (const point of points) {
      rmSync(work(), { recursive: true, force: true });
      const where = `SIGKILL at ${point.call} ${point.nth}`;
      inject(argv, env, point, 'SIGKILL');
      if (existsSync(join(work(), '.custody/config.yaml'))) expect(await expectSound(where), where).toBe(1);
    }
  });
});
