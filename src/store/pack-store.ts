import { CustodyError, isCustodyError, isOfInput } from '../errors.ts';
import type { Digest } from '../objects/digest.ts';
import type { ObjectSource } from '../objects/sink.ts';
import { type Backend, isPackName, type PackName } from './backend.ts';
import { BlockCache } from './block-cache.ts';
import type { IndexCache } from './index-cache.ts';
import { type OpenedPack, PackReader } from './pack-reader.ts';
import { StoreWriter } from './store-writer.ts';
import { StoredObjects } from './stored-objects.ts';

/** An object as a listing shows it. Bytes. */
export interface ObjectInfo {
  readonly digest: Digest;
  readonly length: number;
}

export interface WriterOptions {
  /** Where to look objects up instead of in the packs' own indexes; never trusted. */
  readonly index?: IndexCache | null;
  /** Objects in a pack before the next one begins; for tests. */
  readonly maxObjects?: number;
}

/**
 * All objects of a ledger, whichever pack they are in. Reading takes no lock and opens no LevelDB, so it works on
 * read-only media and beside writers. A reader that misses an object, or finds a pack gone, lists the packs again, once.
 */
export class PackStore implements ObjectSource {
  readonly backend: Backend;
  readonly #blocks = new BlockCache();
  readonly #opened = new Map<PackName, OpenedPack>();
  /** Packs that could not be opened for the machine's sake: what they hold is not known to be missing. */
  readonly #unread = new Map<PackName, CustodyError>();
  /** In the order in which they are searched: where something was found last comes first. */
  #names: PackName[] = [];

  private constructor(backend: Backend) {
    this.backend = backend;
  }

  /** @throws IO_FAILED, PERMISSION_DENIED. Damage shows when something is read. */
  static async open(backend: Backend): Promise<PackStore> {
    const store = new PackStore(backend);
    await store.refresh();
    return store;
  }

  /** Lists the packs again. */
  async refresh(): Promise<void> {
    const listed = new Set<PackName>();
    for await (const name of this.backend.list('packs/')) if (isPackName(name)) listed.add(name);
    const kept = this.#names.filter((name) => listed.has(name));
    for (const name of this.#names) if (!listed.has(name)) this.#forget(name);
    const known = new Set(kept);
    this.#names = [...[...listed].filter((name) => !known.has(name)), ...kept];
  }

  /** The packs, as last listed. */
  get packs(): readonly PackName[] {
    return this.#names;
  }

  /**
   * The object's bytes, re-hashed. Where one pack's copy is damaged and another's is good, the good one.
   * @throws OBJECT_MISSING; OBJECT_CORRUPT, PACK_CORRUPT when every copy is damaged; IO_FAILED, PERMISSION_DENIED when
   *   it is in no pack that can be opened, and one cannot.
   */
  async get(digest: Digest): Promise<Uint8Array> {
    let failure: CustodyError | undefined;
    for (const again of [false, true]) {
      if (again) await this.refresh();
      for await (const { reader, entry } of this.#copies(digest)) {
        try {
          const bytes = (await reader.read(entry)).open(digest);
          this.#preferNext(reader);
          return bytes;
        } catch (error) {
          if (!isCustodyError(error)) throw error;
          // Gone is not damage. Else another process may have replaced the file since: open it anew.
          if (error.code !== 'PATH_NOT_FOUND') failure ??= error;
          this.#forget(reader.name);
        }
      }
    }
    throw failure ?? this.#missing(digest);
  }

  /**
   * {@link get} without a promise, from the packs that are there now: for what is made of many objects and keeps few.
   * @throws INTERNAL for a backend that reads by promises only.
   */
  async reader(): Promise<(digest: Digest) => Uint8Array> {
    const { sync } = this.backend;
    if (sync === null) throw new CustodyError('INTERNAL', 'this backend reads by promises only');
    await this.refresh();
    const opened = await Promise.all(this.#names.map((name) => this.#open(name)));
    const readers = opened.flatMap(({ reader }) => reader ?? []);
    return (digest) => {
      let failure: CustodyError | undefined;
      for (const reader of readers) {
        const entry = reader.find(digest);
        try {
          if (entry >= 0) return reader.readSync(sync, entry).open(digest);
        } catch (error) {
          if (!isCustodyError(error)) throw error;
          failure ??= error;
        }
      }
      throw failure ?? this.#missing(digest);
    };
  }

  /** Whether an index names the object; only {@link get} proves that its bytes are good. @throws IO_FAILED, … as get. */
  async has(digest: Digest): Promise<boolean> {
    for (const again of [false, true]) {
      if (again) await this.refresh();
      for await (const _ of this.#copies(digest)) return true;
    }
    this.#assertAllRead();
    return false;
  }

  /**
   * Every object once, in ascending order.
   * @throws PACK_CORRUPT at the end, when a pack's index was damaged, so that the listing may lack objects.
   */
  async *list(): AsyncIterable<ObjectInfo> {
    await this.refresh();
    const damaged: PackName[] = [];
    const cursors: Cursor[] = [];
    for (const name of [...this.#names]) {
      const { reader, faults } = await this.#open(name);
      if (faults.length > 0) damaged.push(name);
      if (reader !== null) cursors.push(...advance({ reader, rest: reader.ascending()[Symbol.iterator]() }));
    }
    let live = cursors;
    while (live.length > 0) {
      const least = live.reduce((a, b) => (b.digest < a.digest ? b : a)).digest;
      const here = live.filter(({ digest }) => digest === least);
      yield { digest: least, length: here[0]!.reader.entry(here[0]!.entry).length };
      live = live.flatMap((cursor) => (cursor.digest === least ? advance(cursor) : [cursor]));
    }
    this.#assertAllRead();
    if (damaged.length === 0) return;
    throw new CustodyError(
      'PACK_CORRUPT',
      `this listing may lack objects: damaged are ${damaged.join(', ')}`,
      {
        path: damaged[0]!,
        hint: 'Run custody fsck.',
      },
    );
  }

  /** The objects whose id begins with these hex digits, ascending. How many digits are enough is for the caller to say. */
  async findPrefix(hexPrefix: string): Promise<Digest[]> {
    if (!/^[0-9a-f]{1,64}$/.test(hexPrefix)) {
      throw new CustodyError(
        'DIGEST_MALFORMED',
        `not the beginning of a SHA-256: ${JSON.stringify(hexPrefix.slice(0, 80))}`,
        {
          hint: 'Give lower-case hexadecimal digits.',
        },
      );
    }
    const found = new Set<Digest>();
    for (const again of [false, true]) {
      if (again) await this.refresh();
      for (const name of [...this.#names]) {
        const { reader } = await this.#open(name);
        if (reader !== null) for (const digest of withPrefix(reader, hexPrefix)) found.add(digest);
      }
      if (found.size > 0) break;
    }
    if (found.size === 0) this.#assertAllRead();
    return [...found].sort();
  }

  /** A writer with a pack of its own, that leaves out what is stored already and good. Needs no lock. */
  async writer({ index = null, maxObjects }: WriterOptions = {}): Promise<StoreWriter> {
    await this.refresh();
    const stored = new StoredObjects(this.backend, this.#names, index);
    const published = async (names: readonly PackName[]): Promise<void> => {
      // A pack that was healed has new bytes under an old name.
      for (const name of names) this.#forget(name);
      await this.refresh();
    };
    return new StoreWriter(this.backend, stored, published, maxObjects);
  }

  /** Brings a writer's cache up to date; to be called under the writer's lock. */
  async catchUp(index: IndexCache): Promise<void> {
    await this.refresh();
    await index.keepOnly(new Set(this.#names));
    for (const name of [...this.#names]) {
      if (index.covers(name)) continue;
      const { reader, faults } = await this.#open(name);
      if (reader !== null && faults.length === 0) await index.add(reader);
    }
  }

  /** Sound packs first: what a damaged index says is only a guess. */
  async *#copies(digest: Digest): AsyncIterable<{ reader: PackReader; entry: number }> {
    const doubtful: PackReader[] = [];
    for (const name of [...this.#names]) {
      const { reader } = await this.#open(name);
      if (reader !== null && !reader.strict) doubtful.push(reader);
      else if (reader !== null) {
        const entry = reader.find(digest);
        if (entry >= 0) yield { reader, entry };
      }
    }
    for (const reader of doubtful) {
      const entry = reader.find(digest);
      if (entry >= 0) yield { reader, entry };
    }
  }

  /** A pack that is gone counts as one without objects, until the next listing. */
  async #open(name: PackName): Promise<OpenedPack> {
    let opened = this.#opened.get(name);
    if (opened === undefined) {
      try {
        opened = await PackReader.inspect(this.backend, name, this.#blocks);
        this.#opened.set(name, opened);
        this.#unread.delete(name);
      } catch (error) {
        if (!isCustodyError(error)) throw error;
        if (!isOfInput(error)) this.#unread.set(name, error);
        return { reader: null, faults: error.code === 'PATH_NOT_FOUND' ? [] : [error.message] };
      }
    }
    return opened;
  }

  #preferNext({ name }: PackReader): void {
    const at = this.#names.indexOf(name);
    if (at > 0) this.#names.unshift(...this.#names.splice(at, 1));
  }

  #forget(name: PackName): void {
    this.#opened.delete(name);
    this.#unread.delete(name);
    this.#blocks.forget(name);
  }

  #assertAllRead(): void {
    for (const error of this.#unread.values()) throw error;
  }

  #missing(digest: Digest): CustodyError {
    this.#assertAllRead();
    const damaged = [...this.#opened].filter(([, { faults }]) => faults.length > 0).map(([name]) => name);
    const where = damaged.length > 0 ? `; it may be in a damaged pack: ${damaged.join(', ')}` : '';
    return new CustodyError('OBJECT_MISSING', `no pack holds object ${digest}${where}`, {
      path: digest,
      hint:
        damaged.length > 0
          ? 'Run custody fsck.'
          : 'Check the id and the ledger; custody fsck says whether something is lost.',
    });
  }
}

interface Cursor {
  readonly reader: PackReader;
  readonly rest: Iterator<number>;
  readonly entry: number;
  readonly digest: Digest;
}

/** The cursor one further, or nothing. */
function advance({ reader, rest }: Pick<Cursor, 'reader' | 'rest'>): Cursor[] {
  const next = rest.next();
  return next.done ? [] : [{ reader, rest, entry: next.value, digest: reader.index.digest(next.value) }];
}

function* withPrefix(reader: PackReader, hexPrefix: string): Iterable<Digest> {
  if (!reader.strict) {
    for (const i of reader.ascending())
      if (reader.index.digest(i).startsWith(hexPrefix)) yield reader.index.digest(i);
    return;
  }
  // The least digest with this prefix has zeros after it.
  const least = Buffer.from(hexPrefix.padEnd(64, '0'), 'hex');
  for (let i = reader.lowerBound(least); i < reader.index.objectCount; i++) {
    const digest = reader.index.digest(i);
    if (!digest.startsWith(hexPrefix)) return;
    yield digest;
  }
}
