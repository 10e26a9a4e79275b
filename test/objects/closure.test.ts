import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closure } from '../../src/objects/closure.ts';
import type { Digest } from '../../src/objects/digest.ts';
import { DigestTable } from '../../src/objects/digest-table.ts';
import { storeContent } from '../../src/objects/file.ts';
import type { Link } from '../../src/objects/link.ts';
import { nodeLink, rawLink } from '../../src/objects/link.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import { driveAsync, driveSync } from '../../src/objects/walk.ts';
import { buildMap, CountingObjects, itemsOf, noise, numbered, utf8 } from './support.ts';
import { refusedWith } from '../support/refusals.ts';

/** Something that links to anything: a packet's named links. */
function knot(objects: MemoryObjects, name: string, links: readonly Link[]): Link {
  const tree = putObject(objects, { kind: 'tree', v: 2, level: 0, entries: [] });
  return putObject(objects, {
    kind: 'packet',
    v: 2,
    tree,
    seal: new Uint8Array(32),
    macro: name,
    links: links.map((link, i) => [String(i), link]),
  });
}

describe('closure', () => {
  it('visits everything once, parents first, and reads it once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 30 }),
        (shape) => {
          const objects = new CountingObjects();
          const made: Link[] = [];
          shape.forEach((links, i) => {
            const below = links.filter(() => made.length > 0).map((n) => made[n % made.length]!);
            made.push(i % 5 === 4 ? putBlob(objects, utf8(`blob ${i}`)) : knot(objects, `${i}`, below));
          });
          const visited = [...driveSync(closure(made), objects.read)].map(({ link }) => link.digest);
          expect(new Set(visited)).toEqual(
            new Set([...objects.entries()].map(([digest]) => digest)).difference(unreachable(objects, made)),
          );
          expect(visited).toHaveLength(new Set(visited).size);
          expect(objects.reads).toBe(visited.length);
        },
      ),
      { numRuns: 50 },
    );
  });

  /** The empty tree is only there where a packet is. */
  function unreachable(objects: MemoryObjects, made: readonly Link[]): Set<Digest> {
    const packets = made.some(({ codec }) => codec === 'dag-cbor');
    return new Set(
      packets
        ? []
        : [...objects.entries()].map(([d]) => d).filter((d) => !made.some(({ digest }) => digest === d)),
    );
  }

  it('reaches every object of a map with rows stored by themselves', () => {
    const objects = new MemoryObjects();
    const root = buildMap(
      objects,
      new Map([...numbered(2_000), ['ff', noise(2_000_000)], ['fe', noise(20_000)]]),
    );
    const visited = itemsOf(closure([root]), objects).map(({ link }) => link);
    expect(new Set(visited.map(({ digest }) => digest)).size).toBe(objects.size);
    expect(visited.filter(({ codec }) => codec === 'raw').length).toBeGreaterThan(3);
  });

  it('parents come before children', () => {
    const objects = new MemoryObjects();
    const a = knot(objects, 'a', []);
    const b = knot(objects, 'b', [a]);
    const c = knot(objects, 'c', [b, a]);
    const order = itemsOf(closure([c]), objects).map(({ link }) => link.digest);
    expect(order.indexOf(c.digest)).toBeLessThan(order.indexOf(b.digest));
    expect(order).toHaveLength(4);
  });

  it('leaves out what was seen before, and what is only below it', () => {
    const objects = new MemoryObjects();
    const a = knot(objects, 'a', []);
    const b = knot(objects, 'b', [a]);
    const seen = new DigestTable();
    seen.add(a.digest);
    const visited = itemsOf(closure([b], seen), objects).map(({ link }) => link.digest);
    expect(visited).toContain(b.digest);
    expect(visited).not.toContain(a.digest);
    expect(seen.find(b.digest)).toBeGreaterThan(0);
  });

  it.each([
    ['first', true],
    ['last', false],
  ])('an object that is also linked as raw bytes, %s, is followed all the same', (_, rawFirst) => {
    const objects = new MemoryObjects();
    const leaf = storeContent(objects, utf8('at the end'));
    const object = knot(objects, 'a', [leaf]);
    const links = [rawLink(object.digest), object];
    const root = knot(objects, 'b', rawFirst ? links : links.reverse());
    const visited = itemsOf(closure([root]), objects).map(({ link }) => link.digest);
    expect(visited).toContain(leaf.digest);
    expect(visited).toHaveLength(new Set(visited).size);
  });

  it('a missing object, one that is no object of ours', () => {
    const objects = new MemoryObjects();
    const blob = putBlob(objects, utf8('bytes'));
    expect(refusedWith(() => itemsOf(closure([nodeLink(blob.digest)]), objects))).toBe(
      'OBJECT_NOT_CANONICAL',
    );
    expect(itemsOf(closure([blob]), objects)).toHaveLength(1);
    const elsewhere = putBlob(new MemoryObjects(), utf8('elsewhere'));
    expect(refusedWith(() => itemsOf(closure([elsewhere]), objects))).toBe('OBJECT_MISSING');
  });
});

describe('driving a walk', () => {
  it('the asynchronous driver gives the same items and can be stopped', async () => {
    const objects = new MemoryObjects();
    const root = buildMap(objects, numbered(3_000));
    const wanted = itemsOf(closure([root]), objects).map(({ link }) => link.digest);
    const found: Digest[] = [];
    for await (const { link } of driveAsync(closure([root]), async (id) => objects.get(id)))
      found.push(link.digest);
    expect(found).toEqual(wanted);

    const controller = new AbortController();
    const walk = driveAsync(closure([root]), async (id) => objects.get(id), { signal: controller.signal });
    await walk.next();
    controller.abort(new Error('stopped'));
    await expect(walk.next()).rejects.toThrow('stopped');
  });
});

describe('MemoryObjects', () => {
  it('refuses bytes under another digest, gives back what it has, misses what it has not', () => {
    const objects = new MemoryObjects();
    const { digest } = putBlob(objects, utf8('bytes'));
    expect(objects.get(digest)).toEqual(utf8('bytes'));
    expect(objects.has(digest)).toBe(true);
    expect(objects.size).toBe(1);
    expect(refusedWith(() => objects.put('raw', digest, utf8('other')))).toBe('OBJECT_CORRUPT');
    const other = putBlob(new MemoryObjects(), utf8('other')).digest;
    expect(objects.has(other)).toBe(false);
    expect(refusedWith(() => objects.get(other))).toBe('OBJECT_MISSING');
  });
});
