import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkFolder } from '../../../src/packets/seal/check.ts';
import { sealFolder } from '../../../src/packets/seal/seal.ts';
import { TestFolder } from './folder.ts';

const ITEMS = { 'b.txt': 'beta\n', 'a/x': 'alpha\n' };

describe('temporary names', () => {
  const name = (pid: number): string => `.custody-seal-${pid}-0123456789abcdef.tmp`;
  /** A process that has ended. */
  const dead = spawnSync('true').pid;

  test('what a killed sealer left is not listed and is swept away', async () => {
    await using clean = await new TestFolder().fill(ITEMS);
    await using folder = await new TestFolder().fill({
      ...ITEMS,
      [name(dead)]: 'half',
      [name(process.pid)]: '',
    });
    expect(await sealFolder(folder.dir)).toEqual(await sealFolder(clean.dir));
    expect(readdirSync(folder.dir).sort()).toEqual(['HASH_MANIFEST.txt', 'a', 'b.txt', 'packet_tree.sha256']);
    await folder.put(name(dead), 'again');
    await sealFolder(folder.dir);
    expect((await checkFolder(folder.dir)).findings).toEqual([]);
  });

  test('one that is at work is not disturbed', async () => {
    await using folder = await new TestFolder().fill({ ...ITEMS, [name(1)]: 'busy' });
    await expect(sealFolder(folder.dir)).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' });
    expect(folder.read(name(1)).toString()).toBe('busy');
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
