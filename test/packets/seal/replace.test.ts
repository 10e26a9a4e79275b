import { spawn } from 'node:child_process';
import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkFolder } from '../../../src/packets/seal/check.ts';
import { sealFolder } from '../../../src/packets/seal/seal.ts';
import { identityOf, type ProcessIdentity } from '../../../src/system/process-identity.ts';
import { TestFolder } from './folder.ts';

/** A process that runs until it is disposed of. */
function sleeper(): Disposable & { identity: ProcessIdentity } {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  return { identity: identityOf(child.pid!)!, [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

const ITEMS = { 'b.txt': 'beta\n', 'a/x': 'alpha\n' };

describe('temporary names', () => {
  const { pid, start, world } = identityOf(process.pid)!;
  const name = (who: Partial<ProcessIdentity> = {}): string => {
    const writer = { pid, start, world, ...who };
    return `.custody-seal-${writer.pid}-${writer.start}-${writer.world}-0123456789abcdef.tmp`;
  };
  const dead = { pid: 4_194_305 }; // above the greatest number that Linux gives
  const earlier = { start: '1' }; // had this process's number
  const elsewhere = { world: '0123456789abcdef' };

  test('what a killed sealer left is not listed and is swept away', async () => {
    await using clean = await new TestFolder().fill(ITEMS);
    await using folder = await new TestFolder().fill({
      ...ITEMS,
      [name(dead)]: 'half',
      [name(earlier)]: 'half',
      [name()]: '', // ours, of a call that has ended
    });
    expect(await sealFolder(folder.dir)).toEqual(await sealFolder(clean.dir));
    expect(readdirSync(folder.dir).sort()).toEqual(['HASH_MANIFEST.txt', 'a', 'b.txt', 'packet_tree.sha256']);
    await folder.put(name(dead), 'again');
    await sealFolder(folder.dir);
    expect((await checkFolder(folder.dir)).findings).toEqual([]);
  });

  test('one that is at work is not disturbed', async () => {
    using other = sleeper();
    const busy = name(other.identity);
    await using folder = await new TestFolder().fill({ ...ITEMS, [busy]: 'busy' });
    await expect(sealFolder(folder.dir)).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' });
    expect(folder.read(busy).toString()).toBe('busy');
  });

  test('one of whom nothing can be known is not disturbed for a day', async () => {
    const unknown = name(elsewhere);
    await using folder = await new TestFolder().fill({ ...ITEMS, [unknown]: 'busy' });
    const lay = (hours: number): void => {
      const since = Date.now() / 1000 - hours * 3600;
      utimesSync(join(folder.dir, unknown), since, since);
    };
    lay(23);
    await expect(sealFolder(folder.dir)).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' });
    lay(25);
    await sealFolder(folder.dir);
    expect(readdirSync(folder.dir)).not.toContain(unknown);
  });

  test.each([name(dead) + 'x', `a/${name(dead)}`])('%s is a file like any other', async (path) => {
    await using folder = await new TestFolder().fill({ ...ITEMS, [path]: 'x' });
    expect((await sealFolder(folder.dir)).files).toBe(3);
  });

  test('many at once: each seals or says that another is at it, and the packet is sound', async () => {
    await using folder = await new TestFolder().fill(ITEMS);
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => sealFolder(folder.dir)));
    const seals = new Set(
      results.map((r) => (r.status === 'fulfilled' ? r.value.seal : (r.reason as { code: string }).code)),
    );
    seals.delete('LOCK_TIMEOUT');
    expect(seals.size).toBe(1);
    expect((await checkFolder(folder.dir)).findings).toEqual([]);
  });
});
