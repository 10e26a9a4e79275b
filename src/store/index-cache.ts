import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import type { Level as LevelDb } from 'level';
import { hasCode } from '../errors.ts';
import { digestToBytes, parseDigest, type Digest } from '../objects/digest.ts';
import { packDigest, packName, type PackName } from './backend.ts';
import type { PackReader } from './pack-reader.ts';
import { isThere } from '../system/is-there.ts';

type Level = LevelDb<Uint8Array, Uint8Array>;

/** Keys are a letter and 32 bytes: `o` + object -> its pack; `p` + pack -> nothing, "all of it is in here". */
const OBJECT = 0x6f;
const PACK = 0x70;
/** Entries in one LevelDB batch. */
const BATCH = 4096;

/**
 * A writer's cache in LevelDB: which pack holds an object, so that a small commit need not read the indexes of all packs.
 * It is a hint and nothing more: what it names is looked up in the pack and hashed, what it forgets is stored twice.
 * So it may be deleted, truncated, damaged or locked by another process at any time; no method here throws for that.
 * Readers never open it.
 */
export class IndexCache implements AsyncDisposable {
  readonly #dir: string;
  #level: Level | null;
  readonly #covered: Set<PackName>;

  private constructor(dir: string, level: Level, covered: Set<PackName>) {
    this.#dir = dir;
    this.#level = level;
    this.#covered = covered;
  }

  /**
   * @param dir the ledger's `index` folder.
   * @param options.rebuild make it anew where it is missing or damaged; only under the writer's lock.
   * @returns null where there is none to use: missing, damaged, locked, the folder cannot be written, or it
   *   is no folder but a link or a file: nothing is touched then.
   */
  static async open(
    dir: string,
    { rebuild = false }: { rebuild?: boolean } = {},
  ): Promise<IndexCache | null> {
    try {
      const place = lstatSync(dir, { throwIfNoEntry: false });
      if (place === undefined && !rebuild) return null;
      // A link leads to files of somebody else, and LevelDB deletes what it does not know.
      if (place?.isDirectory() === false) return null;
    } catch {
      return null;
    }
    try {
      if (holdsOnlyFiles(dir)) return await IndexCache.#load(dir);
      if (!rebuild) return null;
    } catch (error) {
      if (!rebuild || isLocked(error)) return null;
    }
    try {
      rmSync(dir, { recursive: true, force: true });
      return await IndexCache.#load(dir);
    } catch {
      return null;
    }
  }

  static async #load(dir: string): Promise<IndexCache> {
    const { Level: LevelDb } = await import('level');
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const level: Level = new LevelDb(dir, { keyEncoding: 'view', valueEncoding: 'view' });
    await level.open();
    try {
      const covered = new Set<PackName>();
      const range = { gte: new Uint8Array([PACK]), lt: new Uint8Array([PACK + 1]) };
      for await (const key of level.keys(range)) {
        if (key.length === 33) covered.add(packName(hex(key.subarray(1))));
      }
      return new IndexCache(dir, level, covered);
    } catch (error) {
      await level.close();
      throw error;
    }
  }

  /** Whether {@link find} knows the objects of this pack. */
  covers(name: PackName): boolean {
    return this.#level !== null && this.#covered.has(name);
  }

  /** A pack that probably holds the object. */
  find(digest: Digest): PackName | null {
    try {
      const value = this.#level?.getSync(objectKey(digest));
      return value?.length === 32 ? packName(hex(value)) : null;
    } catch {
      this.#level = this.#abandon();
      return null;
    }
  }

  /** Takes in a sound pack; its marker comes last, so that half a pack never counts as covered. */
  async add(reader: PackReader): Promise<void> {
    await this.#guard(async (level) => {
      const pack = digestToBytes(parseDigest(packDigest(reader.name)));
      for (let first = 0; first < reader.index.objectCount; first += BATCH) {
        const length = Math.min(BATCH, reader.index.objectCount - first);
        const entries = Array.from({ length }, (_, i) => objectKey(reader.index.digest(first + i)));
        await level.batch(entries.map((key) => ({ type: 'put', key, value: pack })));
      }
      await level.put(packKey(reader.name), new Uint8Array());
      this.#covered.add(reader.name);
    });
  }

  /** Forgets packs that are gone. Their objects' entries stay until the pack that took them in overwrites them. */
  async keepOnly(names: ReadonlySet<PackName>): Promise<void> {
    await this.#guard(async (level) => {
      for (const name of [...this.#covered].filter((covered) => !names.has(covered))) {
        await level.del(packKey(name));
        this.#covered.delete(name);
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#guard((level) => level.close());
    this.#level = null;
  }

  async #guard(work: (level: Level) => Promise<void>): Promise<void> {
    if (this.#level === null) return;
    try {
      await work(this.#level);
    } catch {
      this.#level = this.#abandon();
    }
  }

  /** From here on there is no cache; it is deleted while LevelDB's lock is ours, so that the next writer makes it anew. */
  #abandon(): null {
    try {
      rmSync(this.#dir, { recursive: true, force: true });
    } catch {
      // Then the next writer finds it damaged, too.
    }
    this.#level?.close().catch(() => undefined);
    return null;
  }
}

function objectKey(digest: Digest): Uint8Array {
  return key(OBJECT, digest);
}

function packKey(name: PackName): Uint8Array {
  return key(PACK, parseDigest(packDigest(name)));
}

function key(letter: number, digest: Digest): Uint8Array {
  const bytes = new Uint8Array(33);
  bytes[0] = letter;
  bytes.set(digestToBytes(digest), 1);
  return bytes;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && hasCode(error.cause, 'LEVEL_LOCKED');
}

/** LevelDB would wait at a pipe for ever, and follow a link. */
function holdsOnlyFiles(dir: string): boolean {
  if (!isThere(dir)) return true;
  return readdirSync(dir, { withFileTypes: true }).every((entry) => entry.isFile());
}
