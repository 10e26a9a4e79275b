/**
 * Where lists are cut, for every tree of lists (Merkle maps, chunk lists, folders): spec/FORMAT.md, "Cutting".
 *
 * An entry of `weight` bytes with a 32-bit hash `h` ends its list where h < weight / TARGET × 2^32: so a list has about
 * TARGET bytes, and whether an entry ends one depends on that entry alone. Below MIN bytes no list ends (hard minimum),
 * and before an entry that would bring it above MAX it always does (hard maximum).
 */
export const MIN = 1_024;
export const TARGET = 8_192;
export const MAX = 65_536;

/**
 * No tree is higher: an inner list holds at least two children (but for the last of a level), so this is enough for
 * 2^64 leaves. Readers refuse a higher level, for their depth must not be what somebody sent.
 */
export const MAX_LEVEL = 64;

const SCALE = 0x1_0000_0000 / TARGET;

export class Cutter {
  #size = 0;
  #count = 0;
  readonly #minCount: number;

  /** @param minCount the least number of entries: 1 for leaves, 2 above them, so that a tree always ends in a root. */
  constructor(minCount: 1 | 2) {
    this.#minCount = minCount;
  }

  /** Must the list end before this entry is added? */
  before(weight: number): boolean {
    return this.#count >= this.#minCount && this.#size + weight > MAX;
  }

  /** Counts the entry in; does it end the list? */
  after(weight: number, hash: number): boolean {
    this.#size += weight;
    this.#count++;
    return this.#size >= MIN && this.#count >= this.#minCount && hash < weight * SCALE;
  }

  reset(): void {
    this.#size = 0;
    this.#count = 0;
  }
}

/**
 * 32-bit FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/) with murmur3's finaliser, which FNV's high bits need.
 * Not cryptographic: an adversary can choose keys that cut badly, and only gets lists of MIN or MAX bytes.
 */
export function hash32(bytes: Uint8Array): number {
  let h = 0x811c9dc5;
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
