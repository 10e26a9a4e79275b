import { describe, expect, it } from 'vitest';
import { digestOf, digestToBytes } from '../../src/objects/digest.ts';
import { readContent, readWhole, storeContent } from '../../src/objects/file.ts';
import type { Link } from '../../src/objects/link.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import { TreeBuilder, walkTree } from '../../src/objects/tree.ts';
import { driveAsync, driveSync, item, type Walk } from '../../src/objects/walk.ts';
import { checkStoredPacket } from '../../src/packets/check-stored.ts';
import { refusedWith } from '../support/refusals.ts';

const ZERO = digestToBytes(digestOf(new Uint8Array(0)));
const drain = (objects: MemoryObjects, walk: Walk<unknown>) => (): unknown[] => [
  ...driveSync(walk, (id) => objects.get(id)),
];

/** Folders of `width` links to one folder, `depth` levels of them, over one file that claims a size. */
function folders(objects: MemoryObjects, depth: number, width: number, size?: number): Link {
  const builder = new TreeBuilder(objects);
  const link = size === undefined ? putBlob(objects, new Uint8Array(1)) : claims(objects, size);
  builder.add({ name: 'f', mode: 'file', link });
  let tree = builder.finish();
  for (let level = 0; level < depth; level++) {
    const folder = new TreeBuilder(objects);
    for (let i = 0; i < width; i++) folder.add({ name: `d${i}`, mode: 'dir', link: tree });
    tree = folder.finish();
  }
  return tree;
}

/** A `file` of one chunk that says to be of `size` bytes. */
function claims(objects: MemoryObjects, size: number): Link {
  return lists(objects, 1, 1, new Uint8Array(1), size);
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
    expect(refusedWith(drain(objects, walkTree(folders(objects, 2, 10, 2 ** 43))))).toBe('OBJECT_TOO_LARGE');
    expect(drain(objects, walkTree(folders(objects, 2, 3)))()).toHaveLength(3 + 9 + 9);
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
