import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../src/objects/digest.ts';
import { integerKey } from '../../src/objects/rows/key.ts';
import type { Codec, Link } from '../../src/objects/link.ts';
import { MapBuilder } from '../../src/objects/merkle-map.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { walkLists } from '../../src/objects/sound/list-walk.ts';
import { countOf, type ListClaim } from '../../src/objects/sound/lists.ts';
import { driveSync, resultOf, type Walk } from '../../src/objects/walk.ts';

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
export const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

/** Objects in memory that count what is new and what is read. */
export class CountingObjects extends MemoryObjects {
  fresh: Digest[] = [];
  reads = 0;

  override put(codec: Codec, digest: Digest, bytes: Uint8Array): void {
    if (!this.has(digest)) this.fresh.push(digest);
    super.put(codec, digest, bytes);
  }

  readonly read = (digest: Digest): Uint8Array => {
    this.reads++;
    return this.get(digest);
  };

  /** Forgets the counts, not the objects. */
  reset(): void {
    this.fresh = [];
    this.reads = 0;
  }
}

export function itemsOf<T>(walk: Walk<T, unknown>, objects: MemoryObjects): T[] {
  return [...driveSync(walk, objects.get)];
}

/** Checks that a map is the one tree of its content. @returns its entries. */
export function checkMap(root: Link, objects: MemoryObjects, claim: ListClaim = {}): number {
  const visit = { cut: true, *leaf() {} };
  return countOf(resultOf(walkLists(['rows', 'node'], root, claim, visit), objects.get));
}

/** A Merkle map from a model: hex of the key to the row. */
export type Model = ReadonlyMap<string, Uint8Array | Link>;

export function buildMap(objects: MemoryObjects, model: Model): Link {
  const builder = new MapBuilder(objects);
  for (const [key, row] of [...model].sort(([a], [b]) => (a < b ? -1 : 1))) builder.add(unhex(key), row);
  return builder.finish().root;
}

/** `count` rows "row i" under integer keys: the example of spec/FORMAT.md. */
export function numbered(count: number): Map<string, Uint8Array | Link> {
  return new Map(
    Array.from({ length: count }, (_, i) => [hex(integerKey(BigInt(i))), utf8(`row ${i}`)] as const),
  );
}

/** Bytes from a seed (xorshift32): random enough for chunking, the same on every machine. */
export function noise(length: number, seed = 1): Uint8Array {
  const out = new Uint8Array(length);
  let x = seed >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    out[i] = x >>> 24;
  }
  return out;
}

/** Every vector of a folder under test/vectors, by name. */
export function vectors<T>(folder: string): [name: string, vector: T][] {
  const path = join(import.meta.dirname, '../vectors', folder);
  return readdirSync(path)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => [name.slice(0, -5), JSON.parse(readFileSync(join(path, name), 'utf8')) as T]);
}
