import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  appendRecord,
  checkHead,
  EMPTY_HEAD,
  recordAt,
  recordsDown,
  type Head,
} from '../../src/ledger/log-state.ts';
import { equalHashes, leafHash, rootOf } from '../../src/log/tree-hash.ts';
import { digestOf, type Digest } from '../../src/objects/digest.ts';
import { decodeKind, encodeObject, type ObjectOf } from '../../src/objects/kinds.ts';
import { nodeLink, type Link } from '../../src/objects/link.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { driveSync } from '../../src/objects/walk.ts';
import { refusedWith } from '../support/refusals.ts';

/** Past 256 * 256, so that there is a bundle of bundles, single bundles above it, and a tail. */
const SIZE = 70_000;
const WIDTH = 256;
const entry = nodeLink(digestOf(Buffer.from('entry')));

interface Log {
  head: Head;
  objects: MemoryObjects;
  /** Record bytes, by index. */
  records: Uint8Array[];
}

function append(log: Log): void {
  const { head, record, objects, index } = appendRecord(
    log.head,
    entry,
    1_700_000_000_000 + log.records.length,
  );
  expect(index).toBe(log.records.length);
  for (const { link, bytes } of objects) log.objects.put('dag-cbor', link.digest, bytes);
  log.records.push(record.bytes);
  log.head = head;
}

const empty = (): Log => ({ head: EMPTY_HEAD, objects: new MemoryObjects(), records: [] });

describe('a log of 70,000 records, in memory', () => {
  const log = empty();
  /** Heads on the way, at every size where something moves up. */
  const heads = new Map<number, Head>();
  beforeAll(() => {
    const kept = new Set([1, 255, 256, 257, 511, 512, 65_279, 65_280, 65_535, 65_536, 65_537, 65_792, SIZE]);
    while (log.records.length < SIZE) {
      append(log);
      if (kept.has(log.head.size)) heads.set(log.head.size, log.head);
    }
  });

  it('has the root of RFC 6962 over its records at every boundary, and is consistent with itself', () => {
    const leaves = log.records.map((bytes) => leafHash(bytes));
    for (const [size, head] of heads) {
      checkHead(head);
      expect(head.size).toBe(size);
      expect(equalHashes(head.root, rootOf(leaves.slice(0, size))), `size ${size}`).toBe(true);
      expect(head.last?.digest).toBe(digestOf(log.records[size - 1]!));
    }
  });

  // Frozen, like the ledger in test/vectors/ledgers/frozen/, which is too small for a bundle of bundles.
  it('has the head that is written down', () => {
    expect(encodeObject(log.head).link.digest).toBe(
      '4a10ab435b48f7de92a550f154624902a073064da6e0856500d1f33ee3e50022',
    );
  });

  it('keeps its head small: at most 255 records and 255 bundles a level', () => {
    for (const [size, head] of heads) {
      expect(head.tail).toHaveLength(size % WIDTH);
      expect(head.full.map((row) => row.length)).toEqual(
        size < WIDTH
          ? []
          : size < WIDTH ** 2
            ? [Math.floor(size / WIDTH)]
            : [Math.floor(size / WIDTH) % WIDTH, Math.floor(size / WIDTH ** 2)],
      );
      expect(encodeObject(head).bytes.length).toBeLessThan(100_000);
    }
    // A bundle for each 256 records, and for each 256 of those.
    expect(log.objects.size).toBe(Math.floor(SIZE / WIDTH) + Math.floor(SIZE / WIDTH ** 2));
  });

  it.each([
    0, 1, 254, 255, 256, 257, 511, 512, 65_279, 65_280, 65_535, 65_536, 65_537, 65_791, 65_792, 69_887,
    69_888, 69_999,
  ])('reads record %i, with at most one bundle a level', (index) => {
    let read = 0;
    const get = (id: Digest): Uint8Array => {
      read++;
      return log.objects.get(id);
    };
    const [found] = [...driveSync(recordAt(log.head, index), get)];
    expect(Buffer.compare(found!.bytes, log.records[index]!)).toBe(0);
    expect(found).toMatchObject({ index, id: digestOf(log.records[index]!) });
    expect(read).toBe(index < 65_536 ? 2 : index < 69_888 ? 1 : 0);
  });

  it('reads any range downwards, each bundle once', () => {
    fc.assert(
      fc.property(fc.nat(SIZE - 1), fc.nat(1200), (from, length) => {
        const to = Math.max(0, from - length);
        const found = [...driveSync(recordsDown(log.head, from, to), log.objects.get)].map(
          ({ index }) => index,
        );
        expect(found).toEqual(Array.from({ length: from - to + 1 }, (_, i) => from - i));
      }),
      { numRuns: 60 },
    );
  });

  it('all records chain', () => {
    let previous: Digest | undefined;
    const broken = log.records.filter((bytes, i) => {
      const record = decodeKind('record', bytes);
      const bad = record.index !== i || record.previous?.digest !== previous;
      previous = digestOf(bytes);
      return bad;
    });
    expect(broken).toEqual([]);
  });

  it('every record stays far below the limit of a tlog-tiles leaf', () => {
    expect(Math.max(...log.records.map(({ length }) => length))).toBeLessThan(200);
  });

  describe('what reading refuses', () => {
    const read = (head: Head, index: number, objects = log.objects): string =>
      refusedWith(() => [...driveSync(recordAt(head, index), objects.get)]);
    /** The log with one object replaced by another, and everything above it as if nothing had happened. */
    function swapped(
      change: (bundle: ObjectOf<'bundle'>) => ObjectOf<'bundle'>,
      at = 1,
    ): [Head, MemoryObjects] {
      const objects = new MemoryObjects();
      for (const [id, { codec, bytes }] of log.objects.entries()) objects.put(codec, id, bytes);
      const row = log.head.full[0]!;
      const [link, hash] = row[at]!;
      const changed = encodeObject(change(decodeKind('bundle', log.objects.get(link.digest))));
      objects.put('dag-cbor', changed.link.digest, changed.bytes);
      const full = [
        row.map((item, i): [Link, Uint8Array] => (i === at ? [changed.link, hash] : item)),
        log.head.full[1]!,
      ];
      return [{ ...log.head, full }, objects];
    }
    const first = 65_536 + WIDTH;

    it('nothing: the helper itself works', async () => {
      const [head, objects] = swapped((bundle) => bundle);
      expect(read(head, first, objects)).toBe('none');
    });
    it.each([
      ['a bundle of another place', (b: ObjectOf<'bundle'>) => ({ ...b, first: b.first + WIDTH })],
      ['a bundle of another level', (b: ObjectOf<'bundle'>) => ({ ...b, level: 1 })],
      ['a bundle that is too short', (b: ObjectOf<'bundle'>) => ({ ...b, entries: b.entries.slice(1) })],
      ['records in another order', (b: ObjectOf<'bundle'>) => ({ ...b, entries: [...b.entries].reverse() })],
    ])('%s', async (_what, change) => {
      const [head, objects] = swapped(change);
      expect(read(head, first, objects)).toBe('LOG_CORRUPT');
    });
    it('a bundle that is gone, and something that is no bundle', async () => {
      expect(read(log.head, first, new MemoryObjects())).toBe('OBJECT_MISSING');
      const other = encodeObject(EMPTY_HEAD);
      const objects = new MemoryObjects();
      objects.put('dag-cbor', other.link.digest, other.bytes);
      const full = log.head.full.map((row) => row.map(([, hash]): [Link, Uint8Array] => [other.link, hash]));
      expect(read({ ...log.head, full }, first, objects)).toBe('OBJECT_KIND_UNEXPECTED');
    });
    it('a record beyond the end', async () => {
      await expect(async () => [...driveSync(recordAt(log.head, SIZE), log.objects.get)]).rejects.toThrow();
    });
  });
});
