import { CustodyError } from '../errors.ts';
import { digestOf, type Digest } from './digest.ts';
import type { Codec } from './link.ts';
import type { ObjectSpool } from './sink.ts';

/**
 * Objects in memory, re-hashed as they come in: what the validator judges, and what tests build on.
 * @throws CustodyError OBJECT_CORRUPT when bytes do not have the digest they are put under.
 */
export class MemoryObjects implements ObjectSpool {
  readonly #objects = new Map<Digest, { codec: Codec; bytes: Uint8Array }>();

  put(codec: Codec, digest: Digest, bytes: Uint8Array): void {
    if (digestOf(bytes) !== digest)
      throw new CustodyError('OBJECT_CORRUPT', `bytes do not hash to ${digest}`, { path: digest });
    this.#objects.set(digest, { codec, bytes });
  }

  /** @throws CustodyError OBJECT_MISSING */
  readonly get = (digest: Digest): Uint8Array => {
    const found = this.#objects.get(digest);
    if (!found) throw new CustodyError('OBJECT_MISSING', `object ${digest} is not there`, { path: digest });
    return found.bytes;
  };

  has(digest: Digest): boolean {
    return this.#objects.has(digest);
  }

  get size(): number {
    return this.#objects.size;
  }

  entries(): IterableIterator<[Digest, { codec: Codec; bytes: Uint8Array }]> {
    return this.#objects.entries();
  }
}
