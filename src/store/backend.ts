import { CustodyError } from '../errors.ts';
import { sha256Hasher } from '../objects/sha256.ts';

/**
 * The floor under {@link PackStore}: immutable files named by their own SHA-256 (`packs/<sha256>.pack`), and heads that
 * move by compare-and-swap (`heads/<name>`). Small on purpose, so that an object store can be a backend later.
 * What a backend must do is written down as tests: test/store/conformance.ts.
 */
export interface Backend extends AsyncDisposable {
  /** For people: where the bytes are. */
  readonly location: string;
  /** A capability: the same reads without a promise. A writer without it cannot check stored copies, so it reuses none. */
  readonly sync: SyncReads | null;

  /** Starts a file under a temporary name. No lock is needed. @throws DISK_FULL, READ_ONLY, PERMISSION_DENIED, IO_FAILED. */
  stage(): Staged;
  /**
   * Makes a finished file durable under `name`, unless an identical one is there. Where the stored copy differs, it is
   * damaged (the name is the SHA-256 of the content) and is replaced. Afterwards `source` is used up, whatever happened.
   * @throws PACK_CORRUPT when `name` is not the name of these bytes; DISK_FULL, READ_ONLY, PERMISSION_DENIED, IO_FAILED.
   */
  put(name: PackName, source: Staged | Uint8Array): Promise<PutOutcome>;
  /** Exactly `length` bytes. @throws PATH_NOT_FOUND when the file is gone, PACK_CORRUPT when it is shorter, IO_FAILED. */
  readRange(name: string, offset: number, length: number): Promise<Uint8Array>;
  /** In bytes; null when there is no such file. */
  size(name: string): Promise<number | null>;
  /** Every name that starts with `prefix` (`packs/` or `heads/`), sorted, whatever it is: foreign and temporary files too. */
  list(prefix: Prefix): AsyncIterable<string>;

  /** The bytes of `heads/<name>`, or null. @throws HEAD_CORRUPT when it is larger than {@link MAX_HEAD}. */
  readHead(name: string): Promise<Uint8Array | null>;
  /**
   * Replaces the head, if it still is `expected` (null: absent). Every pack that was put before is durable first.
   * @throws HEAD_MOVED when it is something else; DISK_FULL, READ_ONLY, PERMISSION_DENIED, IO_FAILED. After IO_FAILED the
   *   head is the old or the new one: read it again.
   */
  swapHead(lock: Lock, name: string, expected: Uint8Array | null, next: Uint8Array): Promise<void>;
  /** The writer's lock. @throws LOCK_TIMEOUT, INTERRUPTED, READ_ONLY, PERMISSION_DENIED. */
  lock(options?: LockOptions): Promise<Lock>;
}

export interface SyncReads {
  readRange(name: string, offset: number, length: number): Uint8Array;
  size(name: string): number | null;
}

export type Prefix = 'packs/' | 'heads/';
export type PackName = `packs/${string}.pack`;
export type PutOutcome = 'stored' | 'present' | 'healed';

/** Held until disposed, or until its process ends. */
export interface Lock extends AsyncDisposable {
  readonly held: boolean;
}

export interface LockOptions {
  /** Milliseconds; default 30,000. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** A head file: a 32-byte digest and an object of at most 1 MiB. Bytes. */
export const MAX_HEAD = 32 + 1_048_576;

const PACK_NAME = /^packs\/[0-9a-f]{64}\.pack$/;
const HEAD_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

export function packName(sha256: string): PackName {
  return `packs/${sha256}.pack`;
}

export function isPackName(name: string): name is PackName {
  return PACK_NAME.test(name);
}

/** The SHA-256 that a pack's name claims, as 64 hex digits. */
export function packDigest(name: PackName): string {
  return name.slice('packs/'.length, -'.pack'.length);
}

/** `heads/<name>`. @throws INTERNAL for a name that could leave the folder: heads are named by us. */
export function headPath(name: string): string {
  if (!HEAD_NAME.test(name)) throw new CustodyError('INTERNAL', `not a head's name: ${JSON.stringify(name)}`);
  return `heads/${name}`;
}

/** A file in the making, hashed while it is written. Backends override what is protected. */
export abstract class Staged {
  readonly #hasher = sha256Hasher();
  #sha256: string | undefined;
  #length = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Appends all of `bytes`, synchronously. @throws DISK_FULL, IO_FAILED; the file is then worthless: discard it. */
  write(bytes: Uint8Array): void {
    if (this.#sha256 !== undefined) throw new CustodyError('INTERNAL', 'a finished file was written to');
    this.append(bytes);
    this.#hasher.update(bytes);
    this.#length += bytes.length;
  }

  /** The SHA-256 of all that was written, as 64 hex digits; nothing can be written afterwards. */
  sha256(): string {
    this.#sha256 ??= this.#hasher.hex();
    return this.#sha256;
  }

  /** Bytes that were written, also of a file that is finished and not put yet. @throws INTERNAL beyond them; IO_FAILED. */
  read(offset: number, length: number): Uint8Array {
    if (offset + length > this.#length)
      throw new CustodyError('INTERNAL', 'a staged file was read past its end');
    return this.readBack(offset, length);
  }

  protected abstract append(bytes: Uint8Array): void;
  protected abstract readBack(offset: number, length: number): Uint8Array;
  /** Removes the temporary file. Never throws: there is nothing a caller could do. */
  abstract discard(): void;
}

/** What every {@link Backend.put} checks first, so that no file lies under a name that is not its own. */
export function checkPackName(name: PackName, sha256: string): void {
  if (!isPackName(name) || packDigest(name) !== sha256) {
    throw new CustodyError('PACK_CORRUPT', `the bytes for ${name} have the SHA-256 ${sha256}`, {
      path: name,
      hint: 'Fetch the pack again from where it came from.',
    });
  }
}

/** One sentence for every backend. */
export function headMoved(path: string): CustodyError {
  return new CustodyError('HEAD_MOVED', `${path} was moved by another writer`, {
    path,
    hint: 'Read the head again and append to that one.',
  });
}
