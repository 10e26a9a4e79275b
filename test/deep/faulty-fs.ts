import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** The calls that change a disk, or make a change durable. */
const CALLS = [
  'openSync',
  'writeSync',
  'fsyncSync',
  'renameSync',
  'mkdirSync',
  'fchmodSync',
  'closeSync',
  'rmSync',
] as const;
const PROMISED = ['open', 'rename', 'mkdir', 'rm', 'writeFile'] as const;

type Call = (...args: unknown[]) => unknown;

/**
 * Makes the `fail`-th call of Node.js's file functions below `folder` fail once with `code`, by putting functions of ours
 * in place of those of `node:fs` (`syncBuiltinESMExports` makes importers see them). With `fail` = Infinity it only counts.
 *
 * A write that fails has written half of what it was given: the worst that write(2) may do.
 */
export class FaultyFs implements Disposable {
  readonly #sync = new Map<string, Call>();
  readonly #promised = new Map<string, Call>();
  readonly #folder: string;
  readonly #fail: number;
  readonly #code: 'EIO' | 'ENOSPC';
  readonly #paths = new Map<number, string>();
  /** What was called, in order: `renameSync packs/…`. */
  readonly calls: string[] = [];

  constructor(folder: string, fail: number, code: 'EIO' | 'ENOSPC') {
    this.#folder = folder;
    this.#fail = fail;
    this.#code = code;
    const target = fs as unknown as Record<string, Call>;
    for (const name of CALLS) {
      this.#sync.set(name, target[name]!);
      target[name] = this.#wrap(name, target[name]!);
    }
    const promises = fs.promises as unknown as Record<string, Call>;
    for (const name of PROMISED) {
      this.#promised.set(name, promises[name]!);
      promises[name] = this.#wrapPromised(name, promises[name]!);
    }
    syncBuiltinESMExports();
  }

  #wrap(name: string, original: Call): Call {
    return (...args) => {
      const path = typeof args[0] === 'number' ? this.#paths.get(args[0]) : String(args[0]);
      const about = path?.startsWith(this.#folder) === true && !isRead(name, args[1]);
      if (about && this.#hit(`${name} ${path.slice(this.#folder.length + 1)}`)) {
        if (name === 'writeSync') writeHalf(original, args);
        // close(2) lets go of the descriptor even where it reports an error.
        if (name === 'closeSync') original(...args);
        throw this.#error(name, path);
      }
      const result = original(...args);
      if (name === 'openSync' && path !== undefined) this.#paths.set(result as number, path);
      if (name === 'closeSync') this.#paths.delete(args[0] as number);
      return result;
    };
  }

  #wrapPromised(name: string, original: Call): Call {
    return async (...args) => {
      const path = String(args[0]);
      const about = path.startsWith(this.#folder) && !(name === 'open' && isRead('openSync', args[1]));
      if (about && this.#hit(`promises.${name} ${path.slice(this.#folder.length + 1)}`))
        throw this.#error(name, path);
      const result = await original(...args);
      return name === 'open' && path.startsWith(this.#folder) ? this.#handle(result as object, path) : result;
    };
  }

  /** A FileHandle whose writes and syncs count, too. */
  #handle(handle: object, path: string): object {
    return new Proxy(handle, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          const name = String(property);
          if (['write', 'writeFile', 'sync', 'datasync', 'chmod'].includes(name)) {
            if (this.#hit(`handle.${name} ${path.slice(this.#folder.length + 1)}`))
              return Promise.reject(this.#error(name, path));
          }
          return (value as Call).apply(target, args);
        };
      },
    });
  }

  #hit(call: string): boolean {
    this.calls.push(call);
    return this.calls.length - 1 === this.#fail;
  }

  #error(call: string, path: string): Error {
    const message = this.#code === 'EIO' ? 'i/o error' : 'no space left on device';
    return Object.assign(new Error(`${this.#code}: ${message}, ${call} '${path}'`), {
      code: this.#code,
      path,
    });
  }

  [Symbol.dispose](): void {
    Object.assign(fs, Object.fromEntries(this.#sync));
    Object.assign(fs.promises, Object.fromEntries(this.#promised));
    syncBuiltinESMExports();
  }
}

function isRead(name: string, flags: unknown): boolean {
  if (name !== 'openSync') return false;
  return typeof flags === 'number' ? (flags & 3) === 0 : flags === 'r' || flags === undefined;
}

function writeHalf(original: Call, args: readonly unknown[]): void {
  const [descriptor, bytes, offset = 0] = args as [number, Uint8Array | string, number?];
  const rest = Buffer.from(bytes as Uint8Array).subarray(offset);
  if (rest.length > 1) original(descriptor, rest.subarray(0, rest.length >> 1));
}
