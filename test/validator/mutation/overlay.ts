import type { Digest } from '../../../src/objects/digest.ts';
import type { Codec } from '../../../src/objects/link.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';

/** The objects of a mutant: its own, over those of the evidence that it was made from. */
export class Overlay extends MemoryObjects {
  readonly #base: MemoryObjects;
  readonly #own = new MemoryObjects();

  constructor(base: MemoryObjects) {
    super();
    this.#base = base;
  }

  override put(codec: Codec, digest: Digest, bytes: Uint8Array): void {
    this.#own.put(codec, digest, bytes);
  }

  override readonly get = (digest: Digest): Uint8Array =>
    (this.#own.has(digest) ? this.#own : this.#base).get(digest);

  override has(digest: Digest): boolean {
    return this.#own.has(digest) || this.#base.has(digest);
  }
}
