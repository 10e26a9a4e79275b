import { CustodyError } from '../errors.ts';
import type { Digest } from '../objects/digest.ts';
import type { Backend, PackName, SyncReads } from './backend.ts';
import { decodeBlock } from './block.ts';
import { BlockCache } from './block-cache.ts';
import { StoredBytes } from './hashing.ts';
import { type IndexReport, indexSteps, readAsync, readSync, type ReadSteps } from './pack-index.ts';
import type { PackEntry, PackIndex } from './pack.ts';

/** A pack opened as far as its state allows. */
export interface OpenedPack {
  /** Null when its tables cannot be found at all. */
  readonly reader: PackReader | null;
  /** Everything that is wrong with its tables; empty for a sound pack. */
  readonly faults: readonly string[];
}

/**
 * Reads one pack by ranges: the footer and the index when it is opened, then a block at a time.
 * A pack with a damaged index is still read as far as it goes, by a linear scan: each object is hashed anyway.
 */
export class PackReader {
  readonly name: PackName;
  readonly index: PackIndex;
  /** Whether the index is sound. */
  readonly strict: boolean;
  readonly #backend: Backend;
  readonly #cache: BlockCache;
  #scanned: Map<Digest, number> | undefined;
  #byBlock: EntriesByBlock | undefined;

  private constructor(
    backend: Backend,
    name: PackName,
    index: PackIndex,
    strict: boolean,
    cache: BlockCache,
  ) {
    this.#backend = backend;
    this.name = name;
    this.index = index;
    this.strict = strict;
    this.#cache = cache;
  }

  /** @throws PATH_NOT_FOUND when the pack is gone, PACK_CORRUPT when anything in its tables is wrong, IO_FAILED. */
  static async open(backend: Backend, name: PackName, cache = new BlockCache()): Promise<PackReader> {
    const { reader, faults } = await PackReader.inspect(backend, name, cache);
    if (reader !== null && faults.length === 0) return reader;
    throw new CustodyError('PACK_CORRUPT', `${name} is damaged: ${faults.join('; ')}`, {
      path: name,
      hint: 'Run custody fsck.',
    });
  }

  /** As much of the pack as can be read. @throws PATH_NOT_FOUND when it is gone, IO_FAILED. */
  static async inspect(backend: Backend, name: PackName, cache = new BlockCache()): Promise<OpenedPack> {
    const size = (await backend.size(name)) ?? gone(name);
    const report = await readAsync(indexSteps(size), (r) => backend.readRange(name, r.offset, r.length));
    return PackReader.#opened(backend, name, report, cache);
  }

  /** {@link inspect} for a backend with synchronous reads. */
  static inspectSync(
    backend: Backend,
    sync: SyncReads,
    name: PackName,
    cache = new BlockCache(),
  ): OpenedPack {
    const size = sync.size(name) ?? gone(name);
    const report = readSync(indexSteps(size), (r) => sync.readRange(name, r.offset, r.length));
    return PackReader.#opened(backend, name, report, cache);
  }

  static #opened(
    backend: Backend,
    name: PackName,
    { index, faults }: IndexReport,
    cache: BlockCache,
  ): OpenedPack {
    const reader = index === null ? null : new PackReader(backend, name, index, faults.length === 0, cache);
    return { reader, faults };
  }

  /** The number of the entry, or -1. O(log n) by fan-out and binary search; a scan where the index is damaged. */
  find(digest: Digest): number {
    if (!this.strict) return this.#scan().get(digest) ?? -1;
    const key = Buffer.from(digest, 'hex');
    const i = this.lowerBound(key);
    if (i === this.index.objectCount) return -1;
    const at = this.index.entryOffset(i);
    return this.index.bytes.compare(key, 0, 32, at, at + 32) === 0 ? i : -1;
  }

  /** The first entry whose digest is not below `prefix` (1 to 32 bytes); only for a sound index. */
  lowerBound(prefix: Uint8Array): number {
    const first = prefix[0] ?? 0;
    let low = this.index.fanOut(first - 1);
    let high = this.index.fanOut(first);
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = this.index.entryOffset(middle);
      if (this.index.bytes.compare(prefix, 0, prefix.length, at, at + prefix.length) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The entries' numbers in ascending order of their digests. */
  *ascending(): Iterable<number> {
    if (this.strict) for (let i = 0; i < this.index.objectCount; i++) yield i;
    else yield* [...this.#scan()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, i]) => i);
  }

  /** @throws PACK_CORRUPT for an entry that cannot be. */
  entry(i: number): PackEntry {
    return this.index.entry(i) ?? corrupt(this.name, `entry ${i} is impossible`);
  }

  /** The numbers of a block's possible entries, by their offset in it. */
  entriesOf(block: number): readonly number[] {
    this.#byBlock ??= new EntriesByBlock(this.index);
    return this.#byBlock.of(block);
  }

  /** @throws PACK_CORRUPT, PATH_NOT_FOUND, IO_FAILED. */
  async read(i: number): Promise<StoredBytes> {
    const steps = this.#objectSteps(i);
    return readAsync(steps, (r) => this.#backend.readRange(this.name, r.offset, r.length));
  }

  /** {@link read} for a backend with synchronous reads. */
  readSync(sync: SyncReads, i: number): StoredBytes {
    return readSync(this.#objectSteps(i), (r) => sync.readRange(this.name, r.offset, r.length));
  }

  *#objectSteps(i: number): ReadSteps<StoredBytes> {
    const { block, offset, length } = this.entry(i);
    let data = this.#cache.get(this.name, block);
    if (data === undefined) {
      const row = this.index.block(block) ?? corrupt(this.name, `block ${block} is impossible`);
      const stored = yield { offset: row.offset, length: row.storedLength };
      data = decodeBlock(row.method, stored, row.length, this.name);
      this.#cache.set(this.name, block, data);
    }
    return new StoredBytes(data.subarray(offset, offset + length));
  }

  #scan(): Map<Digest, number> {
    if (this.#scanned === undefined) {
      this.#scanned = new Map();
      for (let i = 0; i < this.index.objectCount; i++) {
        if (this.index.entry(i) !== null) this.#scanned.set(this.index.digest(i), i);
      }
    }
    return this.#scanned;
  }
}

/** Which entries lie in which block: a counting sort, linear in the number of objects. */
export class EntriesByBlock {
  readonly #index: PackIndex;
  readonly #starts: Uint32Array;
  readonly #order: Uint32Array;

  constructor(index: PackIndex) {
    this.#index = index;
    this.#starts = new Uint32Array(index.blockCount + 1);
    this.#order = new Uint32Array(index.objectCount);
    const blocks = new Int32Array(index.objectCount).map((_, i) => index.entry(i)?.block ?? -1);
    for (const block of blocks) if (block >= 0) this.#starts[block + 1]!++;
    for (let block = 0; block < index.blockCount; block++) this.#starts[block + 1]! += this.#starts[block]!;
    const next = this.#starts.slice();
    blocks.forEach((block, i) => {
      if (block >= 0) this.#order[next[block]!++] = i;
    });
  }

  /** By offset, then length, so that empty objects come before what begins at the same place. */
  of(block: number): readonly number[] {
    const place = (i: number): PackEntry =>
      this.#index.entry(i) ?? corrupt('the pack', `entry ${i} is impossible`);
    return [...this.#order.subarray(this.#starts[block], this.#starts[block + 1])]
      .map((i) => ({ i, at: place(i) }))
      .sort((a, b) => a.at.offset - b.at.offset || a.at.length - b.at.length)
      .map(({ i }) => i);
  }
}

function gone(name: string): never {
  throw new CustodyError('PATH_NOT_FOUND', `${name} is gone`, { path: name, hint: 'List the packs again.' });
}

function corrupt(name: string, what: string): never {
  throw new CustodyError('PACK_CORRUPT', `${name}: ${what}`, { path: name, hint: 'Run custody fsck.' });
}
