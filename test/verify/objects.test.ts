import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/objects/digest.ts';
import { Link, nodeLink, rawLink } from '../../src/objects/link.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { putBlob } from '../../src/objects/sink.ts';
import { TreeBuilder } from '../../src/objects/tree.ts';
import { ObjectsCheck } from '../../src/verify/objects.ts';

it('what a dag-cbor link names must be a document, whatever it was put as', async () => {
  const objects = new MemoryObjects();
  const { digest } = putBlob(objects, Buffer.from('no document'));
  const check = new ObjectsCheck({ get: async (id) => objects.get(id) });
  await check.reach([rawLink(digest)], 'roots');
  expect(check.findings).toEqual([]);
  await check.reach([nodeLink(digest)], 'roots');
  expect(check.findings.map(({ code, path }) => [code, path])).toEqual([['OBJECT_INVALID', digest]]);
});

describe('what is reached twice', () => {
  it('as raw bytes first is followed all the same', async () => {
    const objects = new MemoryObjects();
    const ghost = digestOf(Buffer.from('removed'));
    const builder = new TreeBuilder(objects);
    builder.add({ name: 'evidence.txt', mode: 'file', link: rawLink(ghost) });
    const tree = builder.finish();
    for (const roots of [
      [tree],
      [new Link(tree.digest, 'raw'), tree],
      [tree, new Link(tree.digest, 'raw')],
    ]) {
      const check = new ObjectsCheck({ get: async (id) => objects.get(id) });
      await check.reach(roots, 'roots');
      expect(check.findings.map(({ code, path }) => [code, path])).toEqual([['OBJECT_MISSING', ghost]]);
      expect(check.visited).toBe(2);
    }
  });
});
