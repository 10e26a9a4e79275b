import { CustodyError } from '../errors.ts';
import { checkCount, checkHash, joinRoots, nodeHash } from './tree-hash.ts';
import type { Hash, HashAt } from './tree-hash.ts';

/**
 * The right edge of a tree (a "compact range" from 0): the roots of the perfect subtrees that the binary digits of the size
 * name, the largest first. It is all that appending needs: O(log n) hashes to keep, amortised O(1) hashing a leaf.
 */
export class Frontier {
  #size: number;
  readonly #roots: Hash[];

  private constructor(size: number, roots: Hash[]) {
    this.#size = size;
    this.#roots = roots;
  }

  static empty(): Frontier {
    return new Frontier(0, []);
  }

  /**
   * The inverse of {@link hashes}. The hashes themselves cannot be checked here: compare {@link root} with a known root.
   * @throws CustodyError LOG_CORRUPT where the number of hashes does not fit the size, or one is not 32 bytes.
   */
  static from(size: number, hashes: readonly Hash[]): Frontier {
    if (!Number.isSafeInteger(size) || size < 0 || hashes.length !== perfectSubtrees(0, size).length) {
      throw new CustodyError(
        'LOG_CORRUPT',
        `a frontier of size ${size} does not have ${hashes.length} hashes`,
        {
          hint: 'Run custody fsck: the head of the log is damaged.',
        },
      );
    }
    hashes.forEach(checkHash);
    return new Frontier(size, [...hashes]);
  }

  /** The frontier of the first `size` leaves, in O(log n) reads. @throws CustodyError USAGE, or what `hashAt` throws. */
  static at(size: number, hashAt: HashAt): Frontier {
    checkCount(size, 'size');
    return Frontier.from(
      size,
      perfectSubtrees(0, size).map(({ level, index }) => hashAt(level, index)),
    );
  }

  get size(): number {
    return this.#size;
  }

  /** Adds one leaf, by its leaf hash. @throws CustodyError LOG_CORRUPT unless it is 32 bytes. */
  append(leafHash: Hash): void {
    checkHash(leafHash);
    let root = leafHash;
    // As in binary addition: every trailing one of the size is a subtree of equal height to the left.
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2)
      root = nodeHash(this.#roots.pop()!, root);
    this.#roots.push(root);
    this.#size += 1;
  }

  /** The root hash of the whole tree, O(log n). */
  root(): Hash {
    return joinRoots(this.#roots);
  }

  /** For storing: as many hashes as the size has binary ones, the largest subtree first. */
  hashes(): Hash[] {
    return [...this.#roots];
  }

  clone(): Frontier {
    return new Frontier(this.#size, [...this.#roots]);
  }
}

export interface Subtree {
  /** It spans 2^level leaves. */
  readonly level: number;
  /** Its first leaf is index * 2^level. */
  readonly index: number;
}

/**
 * Cuts the leaves [start, end) into perfect subtrees, the largest first, at most 53 of them. `start` must be a multiple of
 * the smallest power of two that is at least end - start; in RFC 9162's recursions it always is.
 */
export function perfectSubtrees(start: number, end: number): Subtree[] {
  const subtrees: Subtree[] = [];
  let at = start;
  while (at < end) {
    let level = 0;
    while (2 ** (level + 1) <= end - at) level += 1;
    subtrees.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return subtrees;
}

/** MTH(D[start:end]) of RFC 9162 section 2.1.1 out of perfect subtrees: at most 53 reads. */
export function rangeHash(start: number, end: number, hashAt: HashAt): Hash {
  return joinRoots(perfectSubtrees(start, end).map(({ level, index }) => hashAt(level, index)));
}

/** The root of the first `size` leaves, in O(log n) reads. @throws CustodyError USAGE. */
export function rootAt(size: number, hashAt: HashAt): Hash {
  checkCount(size, 'size');
  return rangeHash(0, size, hashAt);
}
