import { CustodyError } from '../errors.ts';
import type { Digest } from '../objects/digest.ts';
import type { Codec } from '../objects/link.ts';
import type { ObjectSpool } from '../objects/sink.ts';
import type { Backend, PackName } from './backend.ts';
import { HashedObject } from './hashing.ts';
import { PackWriter } from './pack-writer.ts';
import { MAX_PACK_OBJECTS } from './pack.ts';
import type { StoredObjects } from './stored-objects.ts';

/**
 * Collects objects into a pack of its own, with no lock held; nothing is visible before {@link finish}, and disposing
 * without it removes the temporary file. Memory stays bounded: finished blocks go straight to the file. Until then it can
 * be read back, together with what the ledger holds and so was left out.
 */
export class StoreWriter implements ObjectSpool, AsyncDisposable {
  readonly #backend: Backend;
  readonly #stored: StoredObjects;
  readonly #published: (names: readonly PackName[]) => Promise<void>;
  readonly #maxObjects: number;
  readonly #packs: PackWriter[] = [];
  readonly #closed: { name: PackName; pack: PackWriter }[] = [];
  #state: 'open' | 'failed' | 'finished' = 'open';
  /** Objects this writer stores. */
  added = 0;
  /** Puts of what was there already, here or in the ledger. */
  reused = 0;

  constructor(
    backend: Backend,
    stored: StoredObjects,
    published: (names: readonly PackName[]) => Promise<void>,
    maxObjects = MAX_PACK_OBJECTS,
  ) {
    this.#backend = backend;
    this.#stored = stored;
    this.#published = published;
    this.#maxObjects = maxObjects;
  }

  /**
   * Stores an object, unless a good copy is there; as what, the links to it say. @see ObjectSink.put
   * @throws OBJECT_CORRUPT, OBJECT_TOO_LARGE (the writer goes on); DISK_FULL, READ_ONLY, PERMISSION_DENIED, IO_FAILED
   *   (the writer is finished: nothing that it wrote is trusted).
   */
  put(_: Codec, digest: Digest, bytes: Uint8Array): void {
    this.#check('open');
    const object = HashedObject.check(digest, bytes);
    try {
      this.#add(object);
    } catch (error) {
      this.#abandon('failed');
      throw error;
    }
  }

  /** @see ObjectSpool.get */
  readonly get = (digest: Digest): Uint8Array => {
    this.#check('open');
    for (const pack of this.#packs) {
      const bytes = pack.get(digest);
      if (bytes !== undefined) return bytes;
    }
    const stored = this.#stored.get(digest);
    if (stored !== undefined) return stored;
    throw new CustodyError('OBJECT_MISSING', `nobody put object ${digest}`, { path: digest });
  };

  has(digest: Digest): boolean {
    this.#check('open');
    return this.#packs.some((pack) => pack.has(digest)) || this.#stored.has(digest);
  }

  #add(object: HashedObject): void {
    if (this.has(object.digest)) {
      this.reused++;
      return;
    }
    let pack = this.#packs.at(-1);
    if (pack === undefined || pack.objectCount >= this.#maxObjects) {
      if (pack !== undefined) this.#closed.push({ name: pack.close(), pack });
      pack = openPack(this.#backend);
      this.#packs.push(pack);
    }
    pack.add(object);
    this.added++;
  }

  /**
   * Makes everything durable and visible.
   * @returns the packs that hold what was put, none where nothing new was.
   * @throws DISK_FULL, READ_ONLY, PERMISSION_DENIED, IO_FAILED; then nothing of it may be relied on.
   */
  async finish(): Promise<readonly PackName[]> {
    this.#check('open');
    try {
      const last = this.#packs.at(-1);
      if (last !== undefined) this.#closed.push({ name: last.close(), pack: last });
      for (const { name, pack } of this.#closed) await this.#backend.put(name, pack.staged);
    } catch (error) {
      this.#abandon('failed');
      throw error;
    }
    const names = this.#closed.map(({ name }) => name);
    this.#abandon('finished');
    await this.#published(names);
    return names;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'open') this.#abandon('finished');
  }

  /** Files that were published are no longer theirs to remove. */
  #abandon(state: 'failed' | 'finished'): void {
    this.#state = state;
    for (const pack of this.#packs) pack.staged.discard();
    this.#packs.length = 0;
    this.#closed.length = 0;
  }

  #check(state: 'open'): void {
    if (this.#state === state) return;
    throw new CustodyError(
      'INTERNAL',
      `a writer was used after it ${this.#state === 'failed' ? 'had failed' : 'was finished'}`,
    );
  }
}

/** A pack begins with a few bytes: where the disk has no room for them, the temporary file must not stay. */
function openPack(backend: Backend): PackWriter {
  const staged = backend.stage();
  try {
    return new PackWriter(staged);
  } catch (error) {
    staged.discard();
    throw error;
  }
}
