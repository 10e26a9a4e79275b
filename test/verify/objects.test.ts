import { describe, expect, it } from 'vitest';
import { digestOf, digestToBytes } from '../../src/objects/digest.ts';
import { decodeKind } from '../../src/objects/kinds.ts';
import { Link, nodeLink, rawLink } from '../../src/objects/link.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import { TreeBuilder } from '../../src/objects/tree.ts';
import { sealFiles } from '../../src/packets/make-packet.ts';
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

describe('an entry of type rehearsal', () => {
  it.each([true, false])('links a run of the rehearsal that its packet holds: %s', async (same) => {
    const objects = new MemoryObjects();
    const [one, other] = ['one', 'other'].map((text) => nodeLink(digestOf(Buffer.from(text)))) as [
      Link,
      Link,
    ];
    const { tree, seal } = sealFiles(new Map([['a', 'b']]), objects);
    const packet = putObject(objects, {
      kind: 'packet',
      v: 2,
      tree,
      seal: digestToBytes(seal),
      macro: null,
      links: [['rehearsal', one]],
    });
    const program = { version: '0.1.0', files: tree, packages: [] };
    const others = { durations: [], program, versions: [], isolation: [], afters: [] };
    const rehearsal = same ? one : other;
    const run = putObject(objects, { kind: 'run', v: 2, rehearsal, started: 0, ...others });
    const who = { author: 'a', lane: 'l', message: '', time: 0 };
    const entry = putObject(objects, { kind: 'entry', v: 2, type: 'rehearsal', packet, run, ...who });
    const check = new ObjectsCheck({ get: async (id) => objects.get(id) });
    await check.record({ entry, signatures: [] }, 'records/0');
    const found = check.findings.filter(({ code }) => code !== 'OBJECT_MISSING');
    expect(found.map(({ code, path }) => [code, path])).toEqual(same ? [] : [['OBJECT_INVALID', run.digest]]);
  });
});

it('the program that a run links is one whole folder', async () => {
  const objects = new MemoryObjects();
  const builder = new TreeBuilder(objects);
  const link = putBlob(objects, Buffer.from('x'));
  for (let i = 100; i < 400; i++) builder.add({ name: `chunk-${i}.js`, mode: 'file', link });
  const sound = builder.finish();
  const root = decodeKind('tree', objects.get(sound.digest));
  const [first, ...others] = root.entries as [string, Link, number][];
  const entries: [string, Link, number][] = [[first![0], first![1], first![2] + 1], ...others];
  const none = putObject(objects, { kind: 'rows', v: 1, entries: [] });
  for (const files of [sound, putObject(objects, { ...root, entries }), none]) {
    const run = putObject(objects, {
      kind: 'run',
      v: 2,
      rehearsal: nodeLink(digestOf(Buffer.from('a rehearsal'))),
      started: 0,
      program: { version: '0.1.0', files, packages: [] },
      ...{ durations: [], versions: [], isolation: [], afters: [] },
    });
    const check = new ObjectsCheck({ get: async (id) => objects.get(id) });
    await check.reach([run], 'roots');
    const found = check.findings.filter(({ code }) => code !== 'OBJECT_MISSING');
    expect(found.map(({ code }) => code)).toEqual(files === sound ? [] : ['OBJECT_INVALID']);
  }
});
