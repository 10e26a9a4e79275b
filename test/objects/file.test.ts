import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWindow } from '../../src/objects/cutting/byte-window.ts';
import { cutPoint, MAX_BLOB, MAX_CHUNK, MIN_CHUNK } from '../../src/objects/cutting/chunker.ts';
import { MAX_LEVEL } from '../../src/objects/cutting/cutter.ts';
import { digestOf, digestToBytes, parseDigest } from '../../src/objects/digest.ts';
import { ContentBuilder, readContent, readWhole, storeContent } from '../../src/objects/file.ts';
import { decodeKind, decodeObject } from '../../src/objects/kinds.ts';
import { rawLink, type Link } from '../../src/objects/link.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import { CountingObjects, itemsOf, noise, utf8, vectors } from './support.ts';
import { refusedWith } from '../support/refusals.ts';

interface KnownFile {
  readonly size: number;
  readonly seed: number;
  readonly codec: string;
  readonly link: string;
  readonly sha256: string;
  readonly chunks: number[];
}

function inPieces(objects: MemoryObjects, bytes: Uint8Array, sizes: Iterable<number>): Link {
  const builder = new ContentBuilder(objects);
  let at = 0;
  for (const size of sizes) {
    builder.add(bytes.subarray(at, at + size));
    at += size;
  }
  builder.add(bytes.subarray(at));
  const { link, size, sha256 } = builder.finish();
  expect(size).toBe(bytes.length);
  expect(sha256).toBe(digestOf(bytes));
  return link;
}

function chunkSizes(objects: MemoryObjects, link: Link): number[] {
  return itemsOf(readContent(link), objects).map(({ length }) => length);
}

describe('known files', () => {
  it.each(vectors<KnownFile>('objects/files'))('%s', (_, vector) => {
    const objects = new MemoryObjects();
    const bytes = noise(vector.size, vector.seed);
    expect(digestOf(bytes)).toBe(vector.sha256);
    const link = storeContent(objects, bytes);
    expect([link.codec, link.digest]).toEqual([vector.codec, vector.link]);
    expect(chunkSizes(objects, link)).toEqual(vector.chunks);
  });
});

describe('content', () => {
  const content = noise(5_000_000, 3);
  const objects = new MemoryObjects();
  const link = storeContent(objects, content);

  it('gives the same link in whatever pieces it comes', () => {
    const sizes = fc.array(fc.oneof(fc.nat(10), fc.nat(70_000), fc.nat(3_000_000)), { maxLength: 60 });
    fc.assert(
      fc.property(sizes, (pieces) => {
        expect(inPieces(new MemoryObjects(), content, pieces).equals(link)).toBe(true);
      }),
      { numRuns: 15 },
    );
    expect(inPieces(new MemoryObjects(), content, [0, 0, 1, MAX_BLOB, 0]).equals(link)).toBe(true);
  });

  it('gives the same link byte by byte', () => {
    const bytes = noise(MAX_BLOB + 300_000, 5);
    const bytewise = inPieces(new MemoryObjects(), bytes, new Array<number>(bytes.length).fill(1));
    expect(bytewise.equals(storeContent(objects, bytes))).toBe(true);
  });

  it('does not keep the pieces it was given', () => {
    const piece = noise(1_000);
    const builder = new ContentBuilder(objects);
    builder.add(piece);
    piece.fill(0);
    expect(builder.finish().link.digest).toBe(digestOf(noise(1_000)));
  });

  it('up to 1 MiB is a blob with the id that sha256sum prints; a byte more is a file', () => {
    for (const size of [0, 1, 65_536, MAX_BLOB - 1, MAX_BLOB]) {
      const bytes = noise(size, 9);
      const found = storeContent(objects, bytes);
      expect([found.codec, found.digest]).toEqual(['raw', digestOf(bytes)]);
      expect(itemsOf(readWhole(found), objects)).toEqual([bytes]);
    }
    const found = storeContent(objects, noise(MAX_BLOB + 1, 9));
    expect(found.codec).toBe('dag-cbor');
    expect(decodeKind('file', objects.get(found.digest)).sha256).toEqual(
      digestToBytes(digestOf(noise(MAX_BLOB + 1, 9))),
    );
  });

  it('comes back byte for byte', () => {
    const [whole] = itemsOf(readWhole(link), objects);
    expect(Buffer.compare(whole!, content)).toBe(0);
    expect(Buffer.compare(Buffer.concat(itemsOf(readContent(link), objects)), content)).toBe(0);
  });

  it('chunks keep to the minimum and maximum, but for the last', () => {
    for (const bytes of [content, new Uint8Array(5_000_000), noise(2_000_000, 11)]) {
      const sizes = chunkSizes(objects, storeContent(objects, bytes));
      for (const size of sizes.slice(0, -1)) {
        expect(size).toBeGreaterThan(MIN_CHUNK);
        expect(size).toBeLessThanOrEqual(MAX_CHUNK);
      }
    }
  });

  it('a byte at the front, in the middle, or gone, of 8 MiB makes less than 2 MiB of new bytes', () => {
    const store = new CountingObjects();
    const base = noise(8 * MAX_BLOB, 21);
    storeContent(store, base);
    for (const changed of [
      Buffer.concat([Buffer.of(1), base]),
      Buffer.concat([base.subarray(0, 4_000_000), Buffer.of(1), base.subarray(4_000_000)]),
      base.subarray(1),
    ]) {
      store.reset();
      storeContent(store, new Uint8Array(changed));
      const fresh = store.fresh.reduce((sum, digest) => sum + store.get(digest).length, 0);
      expect(fresh).toBeLessThan(2 * MAX_BLOB);
      expect(store.fresh.length).toBeLessThan(8);
    }
  });

  it('a file of many chunks has several levels of lists', () => {
    const many = new MemoryObjects();
    const builder = new ContentBuilder(many);
    for (let i = 0; i < 90; i++) builder.add(noise(1_000_000, 100 + i));
    const found = builder.finish();
    const file = decodeKind('file', many.get(found.link.digest));
    expect(decodeKind('chunks', many.get(file.chunks.digest)).level).toBeGreaterThan(0);
    expect(itemsOf(readContent(found.link), many).reduce((sum, { length }) => sum + length, 0)).toBe(
      90_000_000,
    );
  });

  it('cutPoint: the whole where it is short, the maximum where nothing cuts', () => {
    expect(cutPoint(noise(MIN_CHUNK))).toBe(MIN_CHUNK);
    expect(cutPoint(noise(10))).toBe(10);
    expect(cutPoint(new Uint8Array(3_000_000))).toBe(cutPoint(new Uint8Array(MAX_CHUNK)));
    const random = noise(3_000_000, 41);
    expect(cutPoint(random)).toBe(cutPoint(random.subarray(0, MAX_CHUNK)));
  });
});

describe('a damaged file', () => {
  const objects = new MemoryObjects();
  const a = noise(1_000_000, 1);
  const b = noise(500_000, 2);
  const whole = new Uint8Array(Buffer.concat([a, b]));
  const x = putBlob(objects, a);
  const y = putBlob(objects, b);
  const short = putBlob(objects, noise(65_536, 3));
  const list = (level: number, ...entries: [Link, number][]): Link =>
    putObject(objects, { kind: 'chunks', v: 1, level, entries });
  const file = (chunks: Link, size = 1_500_000, sha256 = digestToBytes(digestOf(whole))): Link =>
    putObject(objects, { kind: 'file', v: 1, size, sha256, chunks });
  const good = list(0, [x, 1_000_000], [y, 500_000]);
  const deep = (levels: number): Link => {
    let root = good;
    for (let level = 1; level <= levels; level++) root = list(level, [root, 1_500_000]);
    return root;
  };

  it('the one that the faults start from is read', () => {
    expect(Buffer.compare(itemsOf(readWhole(file(good)), objects)[0]!, whole)).toBe(0);
    expect(itemsOf(readWhole(file(deep(MAX_LEVEL))), objects)).toHaveLength(1);
  });

  it.each<[string, Link, string]>([
    ['another size', file(good, 1_500_001), 'TREE_MALFORMED'],
    ['another SHA-256', file(good, 1_500_000, digestToBytes(digestOf(utf8('x')))), 'TREE_MALFORMED'],
    ['chunks in another order', file(list(0, [y, 500_000], [x, 1_000_000])), 'TREE_MALFORMED'],
    ['a chunk of another size', file(list(0, [x, 1_000_001], [y, 499_999])), 'TREE_MALFORMED'],
    ['a chunk missing', file(list(0, [x, 1_000_000])), 'TREE_MALFORMED'],
    [
      'a chunk more',
      file(list(0, [x, 1_000_000], [y, 500_000], [putBlob(objects, utf8('x')), 1])),
      'TREE_MALFORMED',
    ],
    ['an empty list', file(list(0)), 'TREE_MALFORMED'],
    ['an empty list below', file(list(1, [good, 1_500_000], [list(0), 0])), 'TREE_MALFORMED'],
    ['a list of another size', file(list(1, [good, 1_500_001])), 'TREE_MALFORMED'],
    [
      'a chunk of 65,536 bytes before another',
      file(list(0, [short, 65_536], [x, 1_000_000]), 1_065_536),
      'TREE_MALFORMED',
    ],
    ['a chunk of more than 1 MiB', file(list(0, [x, 1_048_577], [y, 500_000]), 1_548_577), 'TREE_MALFORMED'],
    ['a level left out', file(list(2, [good, 1_500_000])), 'TREE_MALFORMED'],
    ['a list where a chunk is due', file(list(0, [good, 1_500_000])), 'TREE_MALFORMED'],
    ['a chunk where a list is due', file(list(1, [x, 1_000_000], [y, 500_000])), 'TREE_MALFORMED'],
    ['too deep', file(deep(MAX_LEVEL + 1)), 'TREE_MALFORMED'],
    ['far too deep', file(deep(20_000)), 'TREE_MALFORMED'],
    [
      'another kind for the list',
      file(putObject(objects, { kind: 'rows', v: 1, entries: [] })),
      'OBJECT_KIND_UNEXPECTED',
    ],
    ['another kind for the file', good, 'OBJECT_KIND_UNEXPECTED'],
    [
      'content that should be a blob',
      file(list(0, [y, 500_000]), 500_000, digestToBytes(digestOf(b))),
      'TREE_MALFORMED',
    ],
    [
      'a chunk that is not there',
      file(list(0, [rawLink(parseDigest('ab'.repeat(32))), 1_000_000], [y, 500_000])),
      'OBJECT_MISSING',
    ],
  ])('%s', (_, link, code) => {
    expect(refusedWith(() => itemsOf(readContent(link), objects))).toBe(code);
    expect(refusedWith(() => itemsOf(readWhole(link), objects))).toBe(code);
  });

  it('decodes as objects all the same: shapes alone do not tell', () => {
    expect(decodeObject(objects.get(file(good, 2_000_000).digest)).kind).toBe('file');
  });
});

describe('ByteWindow', () => {
  it('is a queue of bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(60), fc.nat(60)), { maxLength: 60 }), (steps) => {
        const window = new ByteWindow();
        let model: number[] = [];
        let next = 0;
        for (const [push, take] of steps) {
          const piece = Uint8Array.from({ length: push }, () => next++ % 251);
          window.push(piece);
          model.push(...piece);
          expect([...window.view()]).toEqual(model);
          const count = Math.min(take, model.length);
          expect([...window.take(count)]).toEqual(model.slice(0, count));
          model = model.slice(count);
          expect(window.length).toBe(model.length);
        }
      }),
    );
  });
});
