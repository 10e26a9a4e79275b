import { describe, expect, it } from 'vitest';
import { encode } from '../../src/objects/codec.ts';
import { digestOf, digestToBytes } from '../../src/objects/digest.ts';
import { decodeKind } from '../../src/objects/kinds.ts';
import { Link, nodeLink, rawLink } from '../../src/objects/link.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import { storeContent } from '../../src/objects/file.ts';
import { MapBuilder } from '../../src/objects/merkle-map.ts';
import { encodeKey } from '../../src/objects/rows/key.ts';
import { MASKED } from '../../src/objects/rows/masked.ts';
import { encodeRecord } from '../../src/objects/rows/sqlite-record.ts';
import { sha256Bytes } from '../../src/objects/sha256.ts';
import { noise } from '../objects/support.ts';
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

it('a row that lies out of line is read once, under however many keys it stands', async () => {
  const objects = new MemoryObjects();
  for (const bytes of [20_000, 2_000_000]) {
    const row = encodeRecord([MASKED, noise(bytes)]);
    const content = storeContent(objects, row);
    const rows = new MapBuilder(objects);
    for (let i = 0n; i < 100n; i++) rows.addBounded(encodeKey([null, sha256Bytes(row), i]), content);
    const { root } = rows.finish();
    const table = putObject(objects, {
      ...{ kind: 'table', v: 1, engine: 'sqlite', name: 't', format: 'sqlite-record' },
      columns: ['id', 'v'].map((name) => ({ name, type: '' })),
      ...{ key: { type: 'declared', columns: ['id'] }, masked: ['id'], rows: 100, root },
    });
    let read = 0;
    const check = new ObjectsCheck({
      get: async (id) => {
        const found = objects.get(id);
        read += found.length;
        return found;
      },
    });
    await check.reach([table], 'roots');
    await check.hashFiles();
    expect(check.findings).toEqual([]);
    // As an object, as a file, as a row, and whatever lists there are.
    expect(read).toBeLessThan(4 * bytes + 100_000);
  }
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

/** A folder of several lists, and one whose first list has a name less than is said of it. */
function folders(objects: MemoryObjects): { sound: Link; lying: Link } {
  const builder = new TreeBuilder(objects);
  const link = putBlob(objects, Buffer.from('x'));
  for (let i = 100; i < 400; i++) builder.add({ name: `chunk-${i}.js`, mode: 'file', link });
  const sound = builder.finish();
  const root = decodeKind('tree', objects.get(sound.digest));
  const [first, ...others] = root.entries as [string, Link, number][];
  const entries: [string, Link, number][] = [[first![0], first![1], first![2] + 1], ...others];
  return { sound, lying: putObject(objects, { ...root, entries }) };
}

async function foundBelow(objects: MemoryObjects, root: Link): Promise<[code: string, path: string][]> {
  const check = new ObjectsCheck({ get: async (id) => objects.get(id) });
  await check.reach([root], 'roots');
  return check.findings.filter(({ code }) => code !== 'OBJECT_MISSING').map(({ code, path }) => [code, path]);
}

function runOf(objects: MemoryObjects, files: Link): Link {
  return putObject(objects, {
    kind: 'run',
    v: 2,
    rehearsal: nodeLink(digestOf(Buffer.from('a rehearsal'))),
    started: 0,
    program: { version: '0.1.0', files, packages: [] },
    ...{ durations: [], versions: [], isolation: [], afters: [] },
  });
}

function rehearsalOf(objects: MemoryObjects, files: Link): Link {
  const absent = nodeLink(digestOf(Buffer.from('absent')));
  const file = putBlob(objects, Buffer.from('x'));
  const sha256 = new Uint8Array(32);
  return putObject(objects, {
    kind: 'rehearsal',
    v: 2,
    plan: absent,
    validators: [],
    engine: 'sqlite',
    executor: { file, before: sha256, after: sha256, parts: [] },
    rollback: null,
    source: { sha256, files },
    image: { sha256, file, restored: null },
    entry: absent,
    exit: null,
    preflight: [],
    baseline: [],
    trigger: null,
    delta: [],
    legs: [],
    isolation: [],
    probes: null,
    observed: [],
  });
}

it.each([
  ['the program that a run links', runOf],
  ['the source that a rehearsal links', rehearsalOf],
])('%s is one whole folder', async (_, linking) => {
  const objects = new MemoryObjects();
  const { sound, lying } = folders(objects);
  expect(await foundBelow(objects, linking(objects, sound))).toEqual([]);
  for (const files of [lying, putObject(objects, { kind: 'rows', v: 1, entries: [] })])
    expect((await foundBelow(objects, linking(objects, files))).map(([code]) => code)).toEqual([
      'OBJECT_INVALID',
    ]);
});

it('an unknown version is one finding, at the object that has it', async () => {
  const objects = new MemoryObjects();
  const bytes = encode({ ...decodeKind('tree', objects.get(folders(objects).sound.digest)), v: 99 });
  const unknown = nodeLink(digestOf(bytes));
  objects.put('dag-cbor', unknown.digest, bytes);
  for (const linking of [runOf, rehearsalOf])
    expect(await foundBelow(objects, linking(objects, unknown))).toEqual([
      ['OBJECT_VERSION_UNKNOWN', unknown.digest],
    ]);
});
