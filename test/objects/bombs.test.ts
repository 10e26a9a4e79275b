import { describe, expect, it } from 'vitest';
import { digestOf, digestToBytes } from '../../src/objects/digest.ts';
import { readContent, readWhole, storeContent } from '../../src/objects/file.ts';
import type { Link } from '../../src/objects/link.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { oversized, withoutRepeats } from '../../src/objects/oversized.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import { checkTree, TreeBuilder, walkTree } from '../../src/objects/tree.ts';
import { driveAsync, driveSync, item, resultOf, type Walk } from '../../src/objects/walk.ts';
import { checkStoredPacket } from '../../src/packets/check-stored.ts';
import { refusedWith, refuses } from '../support/refusals.ts';
import { noise } from './support.ts';

const ZERO = digestToBytes(digestOf(new Uint8Array(0)));
const drain = (objects: MemoryObjects, walk: Walk<unknown>) => (): unknown[] => [
  ...driveSync(walk, (id) => objects.get(id)),
];

/** Folders of `width` links to one folder, `depth` levels of them, over one file. */
function folders(objects: MemoryObjects, depth: number, width: number, long = ''): Link {
  const builder = new TreeBuilder(objects);
  builder.add({ name: 'f', mode: 'file', link: putBlob(objects, new Uint8Array(1)) });
  let tree = builder.finish();
  for (let level = 0; level < depth; level++) {
    const folder = new TreeBuilder(objects);
    for (let i = 0; i < width; i++) folder.add({ name: `${long}d${i}`, mode: 'dir', link: tree });
    tree = folder.finish();
  }
  return tree;
}

/** Lists of `width` links to one list, `depth` levels of them, over one chunk of `size`. */
function lists(
  objects: MemoryObjects,
  depth: number,
  width: number,
  bytes: Uint8Array,
  total?: number,
): Link {
  let link = putBlob(objects, bytes);
  let size = bytes.length;
  for (let level = 0; level < depth; level++) {
    const entries = Array.from({ length: width }, (): [Link, number] => [link, size]);
    link = putObject(objects, { kind: 'chunks', v: 1, level, entries });
    size *= width;
  }
  return putObject(objects, { kind: 'file', v: 1, size: total ?? size, sha256: ZERO, chunks: link });
}

describe('what a few objects multiply', () => {
  it('folders', () => {
    const objects = new MemoryObjects();
    expect(refusedWith(drain(objects, walkTree(folders(objects, 40, 10))))).toBe('TREE_MALFORMED');
    expect(drain(objects, walkTree(folders(objects, 2, 3)))()).toHaveLength(3 + 9 + 9);
    // Some 20,000 entries with long names, and 10 MiB of paths; one level more, and they have a hundred.
    const long = 'n'.repeat(200);
    const check = (depth: number): string | undefined =>
      refusedWith(drain(objects, checkTree(folders(objects, depth, 10, long))));
    expect([check(4), check(5)]).toEqual(['none', 'TREE_MALFORMED']);
  });

  it('lists of chunks', () => {
    const objects = new MemoryObjects();
    const chunk = new Uint8Array(1_048_576);
    const read = (link: Link): string | undefined => refusedWith(drain(objects, readContent(link)));
    expect(read(lists(objects, 4, 100, chunk))).toBe('OBJECT_TOO_LARGE');
    // A claim that is small does not help.
    expect(read(lists(objects, 4, 100, chunk, 2_000_000))).toBe('TREE_MALFORMED');
    expect(read(lists(objects, 9, 100, new Uint8Array(0), 2_000_000))).toBe('TREE_MALFORMED');
  });

  it('content that is too long for one array', () => {
    const objects = new MemoryObjects();
    const link = storeContent(objects, new Uint8Array(10));
    expect(refusedWith(drain(objects, readWhole(link, 9)))).toBe('OBJECT_TOO_LARGE');
    expect(drain(objects, readWhole(link, 10))()).toHaveLength(1);
  });
});

describe('what contents claim together', () => {
  const objects = new MemoryObjects();
  const blob = (byte: number): Link => putBlob(objects, new Uint8Array(100).fill(byte));
  const within = (contents: Link[], limit: number): unknown =>
    resultOf(oversized(contents, limit), objects.get);

  it('is counted as often as it is read', () => {
    const five = new Array<Link>(5).fill(blob(0));
    expect(within(five, 500)).toBeUndefined();
    expect(within(five, 499)).toEqual({ claimed: 500, stored: 100, files: [] });
  });

  it('is never too much where so much is stored', () => {
    expect(within([blob(1), blob(2), blob(3)], 0)).toBeUndefined();
    expect(within([storeContent(objects, noise(2_000_000))], 0)).toBeUndefined();
  });

  it('names what is longer than its chunks, whatever else is there', () => {
    const bomb = lists(objects, 2, 10, new Uint8Array(100_000));
    const sound = storeContent(objects, noise(2_000_000));
    expect(within([sound, bomb], 12_000_000)).toBeUndefined();
    expect(within([sound, bomb], 11_000_000)).toEqual({
      claimed: 12_000_000,
      stored: 2_100_000,
      files: [{ link: bomb, size: 10_000_000, stored: 100_000 }],
    });
  });

  it('is counted while it is read, where nobody knows before what will be', async () => {
    const [a, b] = [blob(4).digest, blob(5).digest];
    const get = withoutRepeats(async (id) => objects.get(id), 199);
    for (const id of [a, b, a]) expect(await get(id)).toHaveLength(100);
    await refuses(get(b), 'OBJECT_TOO_LARGE');
  });
});

it('a walk that never waits for the disk still sees the signal', async () => {
  function* endless(): Walk<number> {
    for (;;) yield* item(1);
  }
  const controller = new AbortController();
  setImmediate(() => controller.abort());
  const walk = driveAsync(endless(), () => Promise.reject(new Error('nothing is read')), controller);
  await expect(
    (async () => {
      while (!(await walk.next()).done);
    })(),
  ).rejects.toThrow();
});

it('symlinks are followed 40 times, not for ever', async () => {
  const objects = new MemoryObjects();
  const builder = new TreeBuilder(objects);
  const add = (name: string, mode: 'file' | 'symlink', text: string): void => {
    const link = putBlob(objects, Buffer.from(text));
    builder.add({ name, mode, link });
  };
  const names = Array.from({ length: 60 }, (_, i) => `s${String(i).padStart(2, '0')}`);
  add('loop', 'symlink', 'loop');
  for (const [i, name] of names.entries()) add(name, 'symlink', names[i + 1] ?? 'target');
  add('target', 'file', 'x');
  const packet = { kind: 'packet', v: 2, seal: ZERO, macro: null, links: [] } as const;
  const source = { get: async (id: Parameters<MemoryObjects['get']>[0]) => objects.get(id) };
  const { findings } = await checkStoredPacket(source, { ...packet, links: [], tree: builder.finish() });
  const escapes = findings.filter(({ code }) => code === 'SYMLINK_ESCAPES').map(({ path }) => path);
  expect(escapes).toEqual(['loop', ...names.slice(0, 20)]);
});
