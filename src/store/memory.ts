import { CustodyError } from '../errors.ts';
import { equalBytes } from '../objects/codec.ts';
import { sha256Hex } from '../objects/sha256.ts';
import type { Backend, Lock, LockOptions, PackName, Prefix, PutOutcome, SyncReads } from './backend.ts';
import { checkPackName, headMoved, headPath, MAX_HEAD, Staged } from './backend.ts';
import { poll } from './poll.ts';

/** A backend that lives as long as the process: for tests, for `--check`, and for comparing without a ledger. */
export class MemoryBackend implements Backend {
  readonly location = 'memory';
  readonly sync: SyncReads | null;
  readonly #files = new Map<string, Uint8Array>();
  #holder: MemoryLock | undefined;

  /** @param options.syncReads without them it behaves as a remote store would. */
  constructor({ syncReads = true }: { syncReads?: boolean } = {}) {
    const reads: SyncReads = {
      readRange: (name, offset, length) => this.#read(name, offset, length),
      size: (name) => this.#files.get(name)?.length ?? null,
    };
    this.sync = syncReads ? reads : null;
  }

  stage(): Staged {
    return new MemoryStaged();
  }

  async put(name: PackName, source: Staged | Uint8Array): Promise<PutOutcome> {
    if (source instanceof Staged && !(source instanceof MemoryStaged)) {
      throw new CustodyError('INTERNAL', 'a file staged on another backend');
    }
    const bytes = source instanceof MemoryStaged ? source.take() : new Uint8Array(source);
    checkPackName(name, sha256Hex(bytes));
    const stored = this.#files.get(name);
    if (stored !== undefined && equalBytes(stored, bytes)) return 'present';
    this.#files.set(name, bytes);
    return stored === undefined ? 'stored' : 'healed';
  }

  async readRange(name: string, offset: number, length: number): Promise<Uint8Array> {
    return this.#read(name, offset, length);
  }

  async size(name: string): Promise<number | null> {
    return this.#files.get(name)?.length ?? null;
  }

  async *list(prefix: Prefix): AsyncIterable<string> {
    yield* [...this.#files.keys()].filter((name) => name.startsWith(prefix)).sort();
  }

  async readHead(name: string): Promise<Uint8Array | null> {
    const stored = this.#files.get(headPath(name));
    if (stored === undefined) return null;
    if (stored.length > MAX_HEAD)
      throw new CustodyError('HEAD_CORRUPT', 'the head is too large', { path: headPath(name) });
    return new Uint8Array(stored);
  }

  async swapHead(lock: Lock, name: string, expected: Uint8Array | null, next: Uint8Array): Promise<void> {
    if (lock !== this.#holder) throw new CustodyError('INTERNAL', 'a head was moved without the lock');
    const current = this.#files.get(headPath(name)) ?? null;
    if (current === null || expected === null ? current !== expected : !equalBytes(current, expected)) {
      throw headMoved(headPath(name));
    }
    this.#files.set(headPath(name), new Uint8Array(next));
  }

  async lock(options: LockOptions = {}): Promise<Lock> {
    const release = (lock: MemoryLock): void => {
      if (this.#holder === lock) this.#holder = undefined;
    };
    const lock = new MemoryLock((self) => this.#holder === self, release);
    const attempt = (): boolean => {
      this.#holder ??= lock;
      return this.#holder === lock;
    };
    await poll(this.location, attempt, () => 'it is held in this process', options);
    return lock;
  }

  /** For tests: damages or plants a file behind the store's back; null removes it. */
  tamper(name: string, bytes: Uint8Array | null): void {
    if (bytes === null) this.#files.delete(name);
    else this.#files.set(name, new Uint8Array(bytes));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#holder = undefined;
  }

  #read(name: string, offset: number, length: number): Uint8Array {
    const bytes = this.#files.get(name);
    if (bytes === undefined) {
      throw new CustodyError('PATH_NOT_FOUND', `${name} is gone`, {
        path: name,
        hint: 'List the files again.',
      });
    }
    if (offset + length > bytes.length) {
      throw new CustodyError('PACK_CORRUPT', `${name} ends before byte ${offset + length}`, { path: name });
    }
    return bytes.slice(offset, offset + length);
  }
}

class MemoryStaged extends Staged {
  #room = new Uint8Array();

  protected override append(bytes: Uint8Array): void {
    const end = this.length + bytes.length;
    if (end > this.#room.length) {
      const room = new Uint8Array(2 * end);
      room.set(this.#room);
      this.#room = room;
    }
    this.#room.set(bytes, this.length);
  }

  protected override readBack(offset: number, length: number): Uint8Array {
    return this.#room.slice(offset, offset + length);
  }

  take(): Uint8Array {
    const bytes = this.#room.slice(0, this.length);
    this.discard();
    return bytes;
  }

  override discard(): void {
    this.#room = new Uint8Array();
  }
}

class MemoryLock implements Lock {
  readonly #holds: (lock: MemoryLock) => boolean;
  readonly #release: (lock: MemoryLock) => void;

  constructor(holds: (lock: MemoryLock) => boolean, release: (lock: MemoryLock) => void) {
    this.#holds = holds;
    this.#release = release;
  }

  get held(): boolean {
    return this.#holds(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#release(this);
  }
}
