import { isCustodyError } from '../errors.ts';
import type { Digest } from '../objects/digest.ts';
import type { Backend, PackName, SyncReads } from './backend.ts';
import { BlockCache } from './block-cache.ts';
import type { IndexCache } from './index-cache.ts';
import { PackReader } from './pack-reader.ts';

const NONE: ReadonlySet<number> = new Set();

/**
 * What a writer need not store again. A stored copy counts only after it was read and hashed (doltlite #930: reusing a
 * damaged copy drops the good one that is at hand), so putting an object whose copy is damaged heals it.
 *
 * To keep that linear, the whole block around a hit is hashed once and remembered: a writer reads each block of the
 * ledger at most once, however many objects it reuses. Packs with a damaged index are not relied on.
 */
export class StoredObjects {
  readonly #backend: Backend;
  readonly #names: readonly PackName[];
  readonly #index: IndexCache | null;
  readonly #readers = new Map<PackName, PackReader | null>();
  readonly #blocks = new BlockCache();
  /** By pack and block: the entries whose bytes are not what they should be. */
  readonly #checked = new Map<string, ReadonlySet<number>>();

  constructor(backend: Backend, names: readonly PackName[], index: IndexCache | null) {
    this.#backend = backend;
    this.#names = names;
    this.#index = index;
  }

  /** Whether a good copy is stored. False where that cannot be told without a promise. @throws never for damage. */
  has(digest: Digest): boolean {
    return this.#find(digest) !== undefined;
  }

  /** The bytes of a good copy, undefined where {@link has} says that there is none. @throws OBJECT_CORRUPT, PACK_CORRUPT, PATH_NOT_FOUND, IO_FAILED where it was lost since. */
  get(digest: Digest): Uint8Array | undefined {
    const found = this.#find(digest);
    return found?.reader.readSync(found.sync, found.entry).open(digest);
  }

  #find(digest: Digest): { sync: SyncReads; reader: PackReader; entry: number } | undefined {
    const sync = this.#backend.sync;
    if (sync === null) return undefined;
    for (const name of this.#candidates(digest)) {
      const reader = this.#reader(sync, name);
      const i = reader?.find(digest) ?? -1;
      if (reader === null || i < 0) continue;
      const { block } = reader.entry(i);
      if (!this.#damagedIn(sync, reader, block).has(i)) return { sync, reader, entry: i };
    }
    return undefined;
  }

  *#candidates(digest: Digest): Iterable<PackName> {
    const hint = this.#index?.find(digest) ?? null;
    if (hint !== null && this.#names.includes(hint)) yield hint;
    for (const name of this.#names) if (this.#index?.covers(name) !== true) yield name;
  }

  #reader(sync: SyncReads, name: PackName): PackReader | null {
    let reader = this.#readers.get(name);
    if (reader === undefined) {
      reader = null;
      try {
        const opened = PackReader.inspectSync(this.#backend, sync, name, this.#blocks);
        if (opened.faults.length === 0) reader = opened.reader;
      } catch (error) {
        // Gone or unreadable: nothing in it is relied on, so its objects are stored anew.
        if (!isCustodyError(error)) throw error;
      }
      this.#readers.set(name, reader);
    }
    return reader;
  }

  #damagedIn(sync: SyncReads, reader: PackReader, block: number): ReadonlySet<number> {
    const key = `${reader.name}#${block}`;
    let damaged = this.#checked.get(key);
    if (damaged === undefined) {
      damaged = damagedEntries(sync, reader, block);
      this.#checked.set(key, damaged);
    }
    return damaged;
  }
}

/** Entries that overlap are refused, so that the work is bounded by the block's length. */
function damagedEntries(sync: SyncReads, reader: PackReader, block: number): ReadonlySet<number> {
  const damaged = new Set<number>();
  let end = 0;
  for (const i of reader.entriesOf(block)) {
    const { offset, length } = reader.entry(i);
    if (offset < end || !matches(sync, reader, i)) damaged.add(i);
    end = Math.max(end, offset + length);
  }
  return damaged.size === 0 ? NONE : damaged;
}

function matches(sync: SyncReads, reader: PackReader, i: number): boolean {
  try {
    return reader.readSync(sync, i).matches(reader.index.digest(i));
  } catch (error) {
    if (isCustodyError(error)) return false;
    throw error;
  }
}
