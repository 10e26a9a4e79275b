import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../src/errors.ts';
import { storeContent } from '../../src/objects/file.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import type { PacketContent } from '../../src/packets/files/content.ts';
import { ingestFolder } from '../../src/packets/ingest-folder.ts';
import { sealFiles } from '../../src/packets/make-packet.ts';
import { sealFolder } from '../../src/packets/seal/seal.ts';
import { makeTestFolder } from '../support/folder.ts';

const long = new Uint8Array(1_500_000).map((_, i) => (i * i) % 251);

describe('files sealed in memory', () => {
  it('have the seal and the tree that a folder of them has', async () => {
    const objects = new MemoryObjects();
    const files = new Map<string, PacketContent>([
      ['z.txt', 'last\n'],
      ['source/b', storeContent(objects, long)],
      ['source/a', storeContent(objects, new Uint8Array([1, 2, 3]))],
      ['source/deep/er', new Uint8Array()],
      ['ä.txt', 'ä'],
    ]);
    const sealed = sealFiles(files, objects);
    const dir = makeTestFolder('made');
    const contents: [string, string | Uint8Array][] = [
      ...(['z.txt', 'source/deep/er', 'ä.txt'] as const).map((name): [string, string | Uint8Array] => [
        name,
        files.get(name) as string | Uint8Array,
      ]),
      ['source/b', long],
      ['source/a', new Uint8Array([1, 2, 3])],
    ];
    for (const [name, content] of contents) {
      mkdirSync(dirname(join(dir, name)), { recursive: true });
      writeFileSync(join(dir, name), content);
    }
    const { seal } = await sealFolder(dir);
    expect(sealed.seal).toBe(seal);
    expect(sealed.tree.digest).toBe((await ingestFolder(dir, new MemoryObjects())).digest);
    expect([...sealed.files.keys()].sort()).toEqual([...files.keys()].sort());
  });

  it.each([
    ['../out', ['MANIFEST_PATH_CLIMBS']],
    [`b\n${'0'.repeat(64)}  c`, ['NAME_CONTROL_CHARACTER']],
    ['HASH_MANIFEST.txt', ['MANIFEST_NAME_REFUSED']],
    ['A.txt', ['NAME_COLLISION']],
  ])('are refused where a reader would refuse the name %j', (name, codes) => {
    const files = new Map([
      ['a.txt', 'one'],
      [name, 'two'],
    ]);
    expect(refusal(() => sealFiles(files, new MemoryObjects()))).toEqual(['NAME_REFUSED', ...codes]);
  });

  it('are refused where there are none', () => {
    const sealed = (): unknown => sealFiles(new Map(), new MemoryObjects());
    expect(refusal(sealed)).toEqual(['NAME_REFUSED', 'MANIFEST_LINE_MALFORMED']);
  });
});

/** The code of the error and those of its findings. */
function refusal(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof CustodyError) return [error.code, ...error.findings.map(({ code }) => code)];
  }
  return [];
}
