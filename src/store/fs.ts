import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { CustodyError, hasCode, isCustodyError, orAbsent } from '../errors.ts';
import { equalBytes } from '../objects/codec.ts';
import { sweepTemporaries, temporaryName } from '../system/temporary-file.ts';
import type { Backend, Lock, LockOptions, PackName, Prefix, PutOutcome, SyncReads } from './backend.ts';
import { checkPackName, headMoved, headPath, MAX_HEAD, Staged, temporaryMaker } from './backend.ts';
import { fsyncFolder, io, readExactly, withFile, writeAll } from './fs-io.ts';
import { lock } from './lock.ts';
import { isThere } from '../system/is-there.ts';

/** Read and compare in pieces of this many bytes. */
const PIECE = 1_048_576;

/**
 * A ledger folder on a local disk. The order of the writes, and what each sync is for, is in spec/FORMAT.md, "Crash safety".
 * Reads are synchronous inside: a pread of at most 1 MiB costs less than its way through the thread pool.
 */
export class FsBackend implements Backend {
  readonly location: string;
  readonly sync: SyncReads;
  /** Locks that this backend gave out. */
  readonly #locks = new WeakSet<Lock>();
  readonly #swept = new Set<Prefix>();

  private constructor(dir: string) {
    this.location = dir;
    this.sync = {
      readRange: (name, offset, length) =>
        withFile(join(dir, name), (descriptor, size) =>
          readExactly(join(dir, name), descriptor, size, offset, length),
        ),
      size: (name) => unlessAbsent(null, () => withFile(join(dir, name), (_, size) => size)),
    };
  }

  /** @throws PATH_NOT_FOUND, PATH_NOT_A_FOLDER. An empty `packs` or `heads` may be missing: some ways to copy drop it. */
  static open(dir: string): FsBackend {
    if (!io(dir, () => statSync(dir)).isDirectory()) {
      throw new CustodyError('PATH_NOT_A_FOLDER', `${dir} is not a folder`, {
        path: dir,
        hint: 'Give a folder.',
      });
    }
    return new FsBackend(dir);
  }

  /** Makes the folder (not those above it) and what it holds, durably, and opens it. @throws PATH_NOT_FOUND, DISK_FULL, READ_ONLY, PERMISSION_DENIED, IO_FAILED. */
  static create(dir: string): FsBackend {
    for (const folder of [dir, join(dir, 'packs'), join(dir, 'heads')]) makeFolder(folder);
    fsyncFolder(dir);
    fsyncFolder(dirname(dir));
    return FsBackend.open(dir);
  }

  stage(): Staged {
    return this.#stage('packs/');
  }

  async put(name: PackName, source: Staged | Uint8Array): Promise<PutOutcome> {
    if (source instanceof Staged && !(source instanceof FsStaged)) {
      throw new CustodyError('INTERNAL', 'a file staged on another backend');
    }
    const staged = source instanceof FsStaged ? source : this.#stage('packs/');
    try {
      if (source instanceof Uint8Array) staged.write(source);
      checkPackName(name, staged.sha256());
      staged.seal({ readOnly: true });
      return this.#publish(name, staged);
    } finally {
      staged.discard();
    }
  }

  #publish(name: PackName, staged: FsStaged): PutOutcome {
    const target = join(this.location, name);
    const exists = isThere(target);
    if (exists && sameContent(target, staged.path)) {
      // Whoever renamed it may have died before the folder was synced.
      fsyncFolder(dirname(target));
      return 'present';
    }
    // Either nothing is there, or a damaged copy is: rename replaces it in one step.
    io(target, () => ofOurs(staged.path, () => renameSync(staged.path, target)));
    fsyncFolder(dirname(target));
    return exists ? 'healed' : 'stored';
  }

  async readRange(name: string, offset: number, length: number): Promise<Uint8Array> {
    return this.sync.readRange(name, offset, length);
  }

  async size(name: string): Promise<number | null> {
    return this.sync.size(name);
  }

  async *list(prefix: Prefix): AsyncIterable<string> {
    const folder = join(this.location, prefix);
    const names = unlessAbsent([], () => ofLedger(prefix, () => io(folder, () => readdirSync(folder))));
    for (const name of names.sort()) yield prefix + name;
  }

  async readHead(name: string): Promise<Uint8Array | null> {
    const path = join(this.location, headPath(name));
    const read = (descriptor: number, size: number): Uint8Array => {
      if (size > MAX_HEAD)
        throw new CustodyError('HEAD_CORRUPT', 'the head is too large', { path: headPath(name) });
      return readExactly(path, descriptor, size, 0, size);
    };
    return unlessAbsent(null, () => ofLedger('heads/', () => withFile(path, read)));
  }

  async swapHead(lock: Lock, name: string, expected: Uint8Array | null, next: Uint8Array): Promise<void> {
    if (!this.#locks.has(lock) || !lock.held)
      throw new CustodyError('INTERNAL', 'a head was moved without the lock');
    const target = join(this.location, headPath(name));
    // Objects first: a pack that another process renamed, and that this head relies on, may have no durable name yet.
    fsyncFolder(this.#folder('packs/'));
    const current = await this.readHead(name);
    if (current === null || expected === null ? current !== expected : !equalBytes(current, expected)) {
      throw headMoved(headPath(name));
    }
    const staged = this.#stage('heads/');
    try {
      staged.write(next);
      staged.seal({ readOnly: false });
      io(target, () => ofOurs(staged.path, () => renameSync(staged.path, target)));
    } finally {
      staged.discard();
    }
    fsyncFolder(dirname(target));
  }

  async lock(options: LockOptions = {}): Promise<Lock> {
    const held = await lock(this.location, options);
    this.#locks.add(held);
    return held;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing stays open between calls.
  }

  /** Whoever writes first removes what killed writers left. */
  #stage(prefix: Prefix): FsStaged {
    const folder = this.#folder(prefix);
    if (!this.#swept.has(prefix)) sweepTemporaries(folder, temporaryMaker);
    this.#swept.add(prefix);
    return new FsStaged(folder);
  }

  #folder(prefix: Prefix): string {
    const folder = join(this.location, prefix);
    if (!isThere(folder)) {
      makeFolder(folder);
      fsyncFolder(this.location);
    }
    return folder;
  }
}

/** A temporary file beside its target: rename(2) stays inside one folder. */
class FsStaged extends Staged {
  readonly path: string;
  #descriptor: number | undefined;

  constructor(folder: string) {
    super();
    this.path = temporaryName(folder);
    this.#descriptor = io(this.path, () => openSync(this.path, 'wx+', 0o600));
  }

  protected override append(bytes: Uint8Array): void {
    const descriptor = this.#open();
    io(this.path, () => writeAll(descriptor, bytes));
  }

  protected override readBack(offset: number, length: number): Uint8Array {
    const descriptor = this.#open();
    return io(this.path, () => readExactly(this.path, descriptor, this.length, offset, length));
  }

  /** Durable, and read-only if so wished, still under its temporary name. A failed sync is final: discard the file. */
  seal({ readOnly }: { readOnly: boolean }): void {
    const descriptor = this.#open();
    this.#descriptor = undefined;
    io(this.path, () => {
      try {
        if (readOnly) fchmodSync(descriptor, fstatSync(descriptor).mode & 0o400);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    });
  }

  #open(): number {
    if (this.#descriptor === undefined) throw new CustodyError('INTERNAL', 'a closed file was used again');
    return this.#descriptor;
  }

  override discard(): void {
    try {
      if (this.#descriptor !== undefined) closeSync(this.#descriptor);
      this.#descriptor = undefined;
      rmSync(this.path, { force: true });
    } catch {
      // A leftover temporary file is harmless: a later writer removes it.
    }
  }
}

/** For its owner alone. One level at a time: a recursive mkdir reports a read-only file system as ENOENT (Node.js 24). */
function makeFolder(path: string): void {
  if (!isThere(path)) io(path, () => mkdirSync(path, { mode: 0o700 }));
}

/** What is no file, or no folder, where a ledger has one is damage, and nothing that the user gave. */
function ofLedger<T>(prefix: Prefix, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!isCustodyError(cause, 'PATH_NOT_A_FILE') && !isCustodyError(cause, 'PATH_NOT_A_FOLDER')) throw cause;
    throw new CustodyError(prefix === 'heads/' ? 'HEAD_CORRUPT' : 'PACK_CORRUPT', cause.message, {
      cause,
      path: prefix,
      hint: 'Something else lies there: restore it from a copy of the ledger.',
    });
  }
}

/** A temporary file of ours that is gone is nothing that the user named. */
function ofOurs<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!hasCode(cause, 'ENOENT')) throw cause;
    throw new CustodyError('IO_FAILED', `${path} was removed while it was written`, {
      cause,
      path,
      hint: 'Let nothing remove files in the ledger, then run the command again; nothing was recorded.',
    });
  }
}

function unlessAbsent<T>(absent: T, work: () => T): T {
  try {
    return work();
  } catch (error) {
    return orAbsent(absent)(error);
  }
}

/** False, too, where the stored copy cannot be read: then it is replaced. */
function sameContent(stored: string, fresh: string): boolean {
  try {
    return compareFiles(stored, fresh);
  } catch {
    return false;
  }
}

function compareFiles(a: string, b: string): boolean {
  return withFile(a, (da, size) =>
    withFile(b, (db, other) => {
      if (size !== other) return false;
      for (let at = 0; at < size; at += PIECE) {
        const length = Math.min(PIECE, size - at);
        if (!equalBytes(readExactly(a, da, size, at, length), readExactly(b, db, size, at, length)))
          return false;
      }
      return true;
    }),
  );
}
