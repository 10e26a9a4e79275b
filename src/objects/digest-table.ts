import { type Digest } from './digest.ts';

/**
 * Digests, each with the number that it got when it came: 0, 1, 2, … Takes some 45 bytes for each, where a Set of their
 * texts takes three times as much: it is what grows with a database while that is streamed.
 */
export class DigestTable {
  #size = 0;
  #bytes = Buffer.alloc(32 * 64);
  /** Open addressing with linear probing, at most half full: a digest's number plus one, or 0. */
  #slots = new Uint32Array(128);
  readonly #key = Buffer.alloc(32);

  get size(): number {
    return this.#size;
  }

  /** The digest's number, or -1. */
  find(digest: Digest): number {
    return this.#slots[this.#slotOf(digest)]! - 1;
  }

  /** The digest's number: the next one where it is not here yet. */
  add(digest: Digest): number {
    const slot = this.#slotOf(digest);
    const known = this.#slots[slot]! - 1;
    if (known >= 0) return known;
    if (2 * (this.#size + 1) > this.#slots.length) {
      this.#grow();
      return this.add(digest);
    }
    this.#bytes.set(this.#key, 32 * this.#size);
    this.#slots[slot] = ++this.#size;
    return this.#size - 1;
  }

  /** The digest of that number, 32 bytes; valid until the next one is added. */
  bytesOf(number: number): Uint8Array {
    return this.#bytes.subarray(32 * number, 32 * number + 32);
  }

  /** The numbers in ascending order of their digests. */
  ascending(): Uint32Array {
    const bytes = this.#bytes;
    return Uint32Array.from({ length: this.#size }, (_, i) => i).sort((a, b) =>
      bytes.compare(bytes, 32 * b, 32 * b + 32, 32 * a, 32 * a + 32),
    );
  }

  /** Where it is, or where it would be put. */
  #slotOf(digest: Digest): number {
    this.#key.write(digest, 'hex');
    const mask = this.#slots.length - 1;
    let slot = slotFor(this.#key, 0, mask);
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const at = 32 * (this.#slots[slot]! - 1);
      if (this.#bytes.compare(this.#key, 0, 32, at, at + 32) === 0) break;
    }
    return slot;
  }

  #grow(): void {
    const bytes = Buffer.alloc(2 * this.#bytes.length);
    bytes.set(this.#bytes);
    const slots = new Uint32Array(2 * this.#slots.length);
    const mask = slots.length - 1;
    for (let i = 0; i < this.#size; i++) {
      let slot = slotFor(bytes, 32 * i, mask);
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = i + 1;
    }
    this.#bytes = bytes;
    this.#slots = slots;
  }
}

/** Drawn by each process, so that nobody can make objects that all want one slot. Nothing that is seen depends on it. */
const [FACTOR_A, FACTOR_B] = [odd(), odd()];

function odd(): number {
  return Math.floor(Math.random() * 2 ** 32) | 1;
}

/** Two words of the digest, multiplied: the product's upper bits depend on all of theirs. */
function slotFor(bytes: Buffer, at: number, mask: number): number {
  const mixed = Math.imul(bytes.readInt32LE(at), FACTOR_A) + Math.imul(bytes.readInt32LE(at + 4), FACTOR_B);
  return (mixed ^ (mixed >>> 15)) & mask;
}
