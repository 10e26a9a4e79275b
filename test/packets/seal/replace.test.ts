import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkFolder } from '../../../src/packets/seal/check.ts';
import { sealFolder } from '../../../src/packets/seal/seal.ts';
import { identityOf, type ProcessIdentity } from '../../../src/system/process-identity.ts';
import { ELSEWHERE, ENDED, lay, MAKERS, temporaryOf } from '../../support/killed.ts';
import { TestFolder } from './folder.ts';

/** A process that runs until it is disposed of. */
function sleeper(): Disposable & { identity: ProcessIdentity } {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  return { identity: identityOf(child.pid!)!, [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

type Maker = (typeof MAKERS)[number];

const ITEMS = { 'b.txt': 'beta\n', 'a/x': 'alpha\n' };

describe('temporary names', () => {
  const name = (maker: ProcessIdentity): string => temporaryOf(maker, 'seal');
  const [[, self], , [, earlier]] = MAKERS as [Maker, Maker, Maker];

  test('what a killed sealer left is not listed and is swept away', async () => {
    await using clean = await new TestFolder().fill(ITEMS);
    await using folder = await new TestFolder().fill({
      ...ITEMS,
      [name(ENDED)]: 'half',
      [name(earlier)]: 'half',
      [name(self)]: '', // ours, of a call that has ended
    });
    expect(await sealFolder(folder.dir)).toEqual(await sealFolder(clean.dir));
    expect(readdirSync(folder.dir).sort()).toEqual(['HASH_MANIFEST.txt', 'a', 'b.txt', 'packet_tree.sha256']);
    await folder.put(name(ENDED), 'again');
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
    const unknown = name(ELSEWHERE);
    await using folder = await new TestFolder().fill({ ...ITEMS, [unknown]: 'busy' });
    lay(join(folder.dir, unknown), 23);
    await expect(sealFolder(folder.dir)).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' });
    lay(join(folder.dir, unknown), 25);
    await sealFolder(folder.dir);
    expect(readdirSync(folder.dir)).not.toContain(unknown);
  });

  test.each([name(ENDED) + 'x', `a/${name(ENDED)}`])('%s is a file like any other', async (path) => {
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
