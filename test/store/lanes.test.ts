import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parseDigest } from '../../src/objects/digest.ts';
import { readHead } from '../../src/store/heads.ts';
import { PackStore } from '../../src/store/pack-store.ts';
import { scrub } from '../../src/store/scrub.ts';
import { fsHarness } from './harness.ts';

const run = promisify(execFile);
const LANE = fileURLToPath(new URL('children/lane.ts', import.meta.url));

describe('several processes write at once', () => {
  it('nothing is lost, no move of the head is overwritten, a reader beside them sees no error', async () => {
    const harness = fsHarness();
    const backend = harness.open();
    const lanes = [1, 2, 3].map((lane) => run(process.execPath, [LANE, harness.dir!, String(lane), '8']));
    let writing = true;
    const done = Promise.all(lanes).finally(() => {
      writing = false;
    });
    const reader = await PackStore.open(backend);
    while (writing) {
      const size = (await readHead(backend))?.head.size ?? 0;
      expect((await readHead(backend))?.head.size ?? 0).toBeGreaterThanOrEqual(size);
      for await (const { digest } of reader.list()) await reader.get(digest);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const ids = (await done).flatMap(({ stdout }) => stdout.trim().split('\n'));
    expect(ids).toHaveLength(3 * 8 * 2);
    expect((await readHead(backend))?.head.size).toBe(24);
    for (const id of ids) await reader.get(parseDigest(id));
    expect((await scrub(backend)).findings).toEqual([]);
    harness.dispose();
  });
});
