import { dirname, join, resolve } from 'node:path';
import { undo } from '../system/undo.ts';
import { isThere } from '../system/is-there.ts';
import { CustodyError, fromSystemError } from '../errors.ts';
import { isKeyName } from '../log/note-key.ts';
import type { Encoded, ObjectOf } from '../objects/kinds.ts';
import type { Digest } from '../objects/digest.ts';
import { putObject, type ObjectSink } from '../objects/sink.ts';
import { driveAsync, type Get } from '../objects/walk.ts';
import { FsBackend } from '../store/fs.ts';
import { readHead, swapHead, type StoredHead } from '../store/heads.ts';
import { IndexCache } from '../store/index-cache.ts';
import { PackStore } from '../store/pack-store.ts';
import type { StoreWriter } from '../store/store-writer.ts';
import { CONFIG_NAME, formatConfig, readConfig, type LedgerConfig } from './config.ts';
import {
  appendRecord,
  checkHead,
  EMPTY_HEAD,
  lastCheckpoint,
  recordsDown,
  type Head,
  type IndexedRecord,
} from './log-state.ts';
import { findLogKey, keyFolder, newLogKey, removeLogKey, storeLogKey } from './log-key.ts';
import { signHead, type Unsigned } from './next-checkpoint.ts';
import { replaceFile } from '../system/temporary-file.ts';
import { beginLedger, placeLedger } from './new-folder.ts';
import { LEDGER_FOLDER, ledgerFolder } from './location.ts';

/** Characters: it stands in every checkpoint. */
const MAX_ORIGIN = 255;

/** An entry that has no time yet: its type, the links that this type has, who says it. */
export type EntryDraft = DraftOf<ObjectOf<'entry'>>;
type DraftOf<Entry> = Entry extends unknown ? Omit<Entry, 'kind' | 'v' | 'time'> : never;

export interface LedgerOptions {
  /** Folder of the private keys of logs; default: the one that this process's environment names (log-key.ts). */
  readonly keys?: string;
}

export interface AppendOptions {
  /** Milliseconds to wait for the writer's lock. */
  readonly lockTimeout?: number;
  readonly signal?: AbortSignal;
  readonly now?: () => number;
  /** Runs under the lock, before anything is appended: what it throws keeps the entry out. */
  readonly check?: () => Promise<void>;
}

export interface AppendResult {
  readonly index: number;
  readonly record: Digest;
  readonly entry: Digest;
  readonly size: number;
  /** Why no checkpoint was signed; null where one was. */
  readonly unsigned: Unsigned | null;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

/** One entry in the making. Disposing ends it: what was not appended leaves nothing behind. */
export interface LedgerSession extends AsyncDisposable {
  /** Takes what the entry links to. */
  readonly writer: StoreWriter;
  /**
   * Appends the entry and finishes the writer. Order of writes: the writer's objects and the entry become durable, then
   * under the lock full bundles, then the head by compare-and-swap, then the index (spec/FORMAT.md, "Order of writes").
   * @throws CustodyError LOCK_TIMEOUT, DISK_FULL, READ_ONLY, PERMISSION_DENIED, IO_FAILED; then nothing was appended.
   */
  append(draft: EntryDraft, options?: AppendOptions): Promise<AppendResult>;
}

/** A ledger folder: its objects, its log, its configuration. Reading takes no lock and never opens LevelDB. */
export class Ledger implements AsyncDisposable {
  /** The `.custody` folder, absolute. */
  readonly folder: string;
  readonly config: LedgerConfig;
  readonly store: PackStore;
  /**
   * An object's bytes, hashed as they are read. The last checkpoint may lie in the head alone: it is there once {@link head} was
   * read. @throws CustodyError OBJECT_MISSING, OBJECT_CORRUPT, PACK_CORRUPT.
   */
  readonly get: Get = async (id) =>
    id === this.#checkpoint?.link.digest ? this.#checkpoint.bytes : this.store.get(id);
  readonly #keys: string;
  /** Of the head that was read last. */
  #checkpoint: Encoded | null = null;

  private constructor(folder: string, config: LedgerConfig, store: PackStore, keys: string) {
    this.folder = folder;
    this.config = config;
    this.store = store;
    this.#keys = keys;
  }

  /**
   * Opens the ledger in `dir/.custody` (or `dir` itself, where that is the `.custody` folder).
   * @throws CustodyError LEDGER_NOT_FOUND, LEDGER_FORMAT_*, LEDGER_CONFIG_INVALID, PERMISSION_DENIED, IO_FAILED.
   */
  static async open(dir: string, { keys = keyFolder() }: LedgerOptions = {}): Promise<Ledger> {
    const folder = ledgerFolder(dir);
    if (!isThere(join(folder, CONFIG_NAME))) {
      throw new CustodyError('LEDGER_NOT_FOUND', `${dir} is not a ledger`, {
        path: dir,
        hint: 'Run custody init there, or name a ledger with --ledger.',
      });
    }
    const config = await readConfig(folder);
    return new Ledger(folder, config, await PackStore.open(FsBackend.open(folder)), keys);
  }

  /** Opens the nearest ledger from `from` upwards. @throws as {@link open}. */
  static async find(from: string, options: LedgerOptions = {}): Promise<Ledger> {
    for (let dir = resolve(from); ; dir = dirname(dir)) {
      if (isThere(join(dir, LEDGER_FOLDER, CONFIG_NAME))) return Ledger.open(dir, options);
      if (dir === dirname(dir)) break;
    }
    throw new CustodyError('LEDGER_NOT_FOUND', `no ledger in ${from} or above`, {
      path: from,
      hint: 'Run custody init, or name a ledger with --ledger.',
    });
  }

  /**
   * Makes a new ledger with its first policy as record 0, or nothing at all: what was begun is removed on failure.
   * @param fill puts the objects that the first policy links to and returns it.
   * @throws CustodyError LEDGER_EXISTS, ORIGIN_MALFORMED, DISK_FULL, READ_ONLY, PERMISSION_DENIED, …
   */
  static async init(
    dir: string,
    options: LedgerOptions & {
      origin: string;
      author: string;
      now?: () => number;
      fill: (sink: ObjectSink) => Promise<ObjectOf<'policy'>>;
    },
  ): Promise<{ ledger: Ledger; policy: Digest; appended: AppendResult }> {
    if (!isKeyName(options.origin) || options.origin.length > MAX_ORIGIN) {
      throw new CustodyError('ORIGIN_MALFORMED', `${JSON.stringify(options.origin)} cannot name a log`, {
        hint: `Give a name of at most ${MAX_ORIGIN} characters without spaces and plus signs, such as evidence.example.com/team.`,
      });
    }
    const { keys = keyFolder() } = options;
    const folder = join(resolve(dir), LEDGER_FOLDER);
    const made = await beginLedger(dir, folder);
    const key = newLogKey(options.origin);
    try {
      const store = await PackStore.open(FsBackend.create(made.work));
      await using writer = await store.writer();
      const policy = putObject(writer, await options.fill(writer));
      const config: LedgerConfig = {
        format: 2,
        origin: options.origin,
        verifierKey: key.vkey,
        policy: policy.digest,
      };
      const begun = new Ledger(made.work, config, store, keys);
      const draft: EntryDraft = {
        type: 'policy',
        policy,
        author: options.author,
        lane: 'main',
        message: 'first policy',
      };
      const at = options.now ? { now: options.now } : {};
      const appended = await begun.#append({ writer, index: null, skey: key.skey }, draft, at);
      await storeLogKey(key, keys);
      await replaceFile(join(made.work, CONFIG_NAME), formatConfig(config));
      await placeLedger(folder, made);
      return { ledger: await Ledger.open(folder, { keys }), policy: policy.digest, appended };
    } catch (error) {
      throw await undo(fromSystemError(error, folder), async () => {
        await removeLogKey(key.vkey, keys);
        await made.undo();
      });
    }
  }

  /** The head, checked against itself. A ledger always has one. @throws HEAD_CORRUPT, IO_FAILED. */
  async head(): Promise<Head> {
    return (await this.#storedHead())?.head ?? EMPTY_HEAD;
  }

  async #storedHead(): Promise<StoredHead | null> {
    const stored = await readHead(this.store.backend);
    this.#checkpoint = stored && lastCheckpoint(stored.head);
    if (stored) checkHead(stored.head);
    else if (isThere(join(this.folder, CONFIG_NAME))) {
      throw new CustodyError('HEAD_CORRUPT', `${join(this.folder, 'heads/main')} is missing`, {
        path: 'heads/main',
        hint: 'Restore heads/main from a copy of the ledger.',
      });
    }
    return stored;
  }

  /**
   * A session for one entry. Its writer looks things up in the disposable index where it can.
   * @param options.brief false: the session is open for long, and leaves the index, which LevelDB opens for one process
   *   only, to others; things are looked up in the packs.
   */
  async session({ brief = true }: { readonly brief?: boolean } = {}): Promise<LedgerSession> {
    const index = brief ? await IndexCache.open(join(this.folder, 'index')) : null;
    const writer = await this.store.writer({ index });
    return {
      writer,
      append: async (draft, options) => {
        const skey = await findLogKey(this.config.verifierKey, this.#keys);
        return this.#append({ writer, index, skey }, draft, options);
      },
      [Symbol.asyncDispose]: async () => {
        await writer[Symbol.asyncDispose]();
        await index?.[Symbol.asyncDispose]();
      },
    };
  }

  /**
   * @param index that the writer holds open: LevelDB opens a folder once only.
   * @param skey the log's key; undefined where this user does not have it.
   */
  async #append(
    given: {
      readonly writer: StoreWriter;
      readonly index: IndexCache | null;
      readonly skey: string | undefined;
    },
    draft: EntryDraft,
    options: AppendOptions = {},
  ): Promise<AppendResult> {
    const { writer, skey } = given;
    const now = options.now ?? Date.now;
    const entry = putObject(writer, { kind: 'entry', v: 2, ...draft, time: now() });
    // The next checkpoint links it, so it becomes an object: here, where that costs no pack of its own.
    const seen = skey === undefined ? null : await readHead(this.store.backend);
    const early = seen && lastCheckpoint(seen.head);
    if (early) writer.put('dag-cbor', early.link.digest, early.bytes);
    await writer.finish();
    await using lock = await this.store.backend.lock({
      ...(options.lockTimeout !== undefined && { timeout: options.lockTimeout }),
      ...(options.signal && { signal: options.signal }),
    });
    await options.check?.();
    const stored = await this.#storedHead();
    // Nobody builds on a log whose newest entry is gone. What else is missing, verify and fsck tell.
    if (stored)
      for await (const { record } of this.records(stored.head)) {
        await this.get(record.entry.digest);
        break;
      }
    const { index, record, objects, ...next } = appendRecord(stored?.head ?? EMPTY_HEAD, entry, now());
    const { origin } = this.config;
    const { head, linked, unsigned } = signHead(next.head, { origin, skey, now: now() });
    // Another one where another writer has moved the head since.
    const late = linked && linked.link.digest !== early?.link.digest ? [linked] : [];
    const made = [...objects, ...late];
    if (made.length > 0) {
      await using last = await this.store.writer();
      for (const { link, bytes } of made) last.put(link.codec, link.digest, bytes);
      await last.finish();
    }
    await swapHead(this.store.backend, lock, stored, head);
    await this.#updateIndex(given.index);
    const { size, root } = head;
    return { index, record: record.link.digest, entry: entry.digest, size, unsigned, root };
  }

  /** A cache: what goes wrong here costs time at the next commit and nothing else. */
  async #updateIndex(open: IndexCache | null): Promise<void> {
    if (open) return this.store.catchUp(open);
    await using index = await IndexCache.open(join(this.folder, 'index'), { rebuild: true });
    if (index) await this.store.catchUp(index);
  }

  /** Records newest first; `from` is included. @throws LOG_CORRUPT, OBJECT_MISSING, OBJECT_CORRUPT. */
  records(
    head: Head,
    from = head.size - 1,
    to = 0,
    options: { signal?: AbortSignal } = {},
  ): AsyncGenerator<IndexedRecord, void> {
    return driveAsync(recordsDown(head, from, to), this.get, options);
  }

  async record(head: Head, index: number): Promise<IndexedRecord> {
    for await (const record of this.records(head, index, index)) return record;
    throw new CustodyError('REVISION_UNKNOWN', `there is no record @${index}`, {
      hint: `The log has ${head.size} records, from @0.`,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.backend[Symbol.asyncDispose]();
  }
}
