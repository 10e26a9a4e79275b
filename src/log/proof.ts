/**
 * Inclusion and consistency proofs, RFC 9162 sections 2.1.3 and 2.1.4.
 *
 * Verifying throws PROOF_INVALID and returns nothing: a caller that forgets to look at a result cannot turn a no into a yes.
 */
import { CustodyError } from '../errors.ts';
import { rangeHash } from './frontier.ts';
import { checkCount, emptyRoot, equalHashes, HASH_SIZE, nodeHash } from './tree-hash.ts';
import type { Hash, HashAt } from './tree-hash.ts';

/**
 * PATH(index, D[0:size]) of RFC 9162 section 2.1.3.1: the audit path, the sibling nearest to the leaf first. O(log size)
 * calls of `hashAt`; which ones never depends on the hashes.
 * @throws CustodyError USAGE unless 0 <= index < size.
 */
export function inclusionProof(index: number, size: number, hashAt: HashAt): Hash[] {
  checkCount(index, 'index');
  checkCount(size, 'size');
  if (index >= size) {
    throw usage(`a log of size ${size} has no entry ${index}`);
  }
  const path: Hash[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + split(end - start);
    if (index < middle) {
      path.push(rangeHash(middle, end, hashAt));
      end = middle;
    } else {
      path.push(rangeHash(start, middle, hashAt));
      start = middle;
    }
  }
  return path.reverse();
}

/**
 * PROOF(first, D[0:second]) of RFC 9162 section 2.1.4.1: that the first `first` leaves of the larger tree are the smaller
 * tree. Empty where both sizes are equal. O(log second) calls of `hashAt`.
 * @throws CustodyError USAGE unless 0 < first <= second: the empty tree is a prefix of every tree, which proves nothing.
 */
export function consistencyProof(first: number, second: number, hashAt: HashAt): Hash[] {
  checkCount(first, 'first size');
  checkCount(second, 'second size');
  if (first === 0 || first > second) {
    throw usage(`there is no consistency proof from size ${first} to size ${second}`);
  }
  const path: Hash[] = [];
  let start = 0;
  let end = second;
  while (first !== end) {
    const middle = start + split(end - start);
    if (first <= middle) {
      path.push(rangeHash(middle, end, hashAt));
      end = middle;
    } else {
      path.push(rangeHash(start, middle, hashAt));
      start = middle;
    }
  }
  // SUBPROOF's flag b: having gone right, the verifier does not know this subtree's root yet.
  if (start > 0) path.push(rangeHash(start, end, hashAt));
  return path.reverse();
}

export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  readonly leafHash: Hash;
  readonly root: Hash;
  readonly proof: readonly Hash[];
}

/**
 * RFC 9162 section 2.1.3.2: the leaf is at `index` in the tree of `size` leaves with this root. Take size and root from one signed
 * checkpoint: the walk alone does not bind the size (leaf 5 has the same one in trees of 7 and 8 leaves).
 * @throws CustodyError PROOF_INVALID in every other case.
 */
export function verifyInclusion({ index, size, leafHash, root, proof }: InclusionClaim): void {
  checkClaim([index, size], [leafHash, root, ...proof]);
  if (index >= size) throw invalid(`no entry ${index} in a tree of size ${size}`);
  let fn = index;
  let sn = size - 1;
  let r = leafHash;
  for (const p of proof) {
    if (sn === 0) throw invalid('the inclusion proof is too long');
    if (isOdd(fn) || fn === sn) {
      r = nodeHash(p, r);
      while (!isOdd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      r = nodeHash(r, p);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  if (sn !== 0) throw invalid('the inclusion proof is too short');
  if (!equalHashes(r, root)) throw invalid('the inclusion proof leads to another root');
}

export interface ConsistencyClaim {
  readonly first: number;
  readonly second: number;
  readonly firstRoot: Hash;
  readonly secondRoot: Hash;
  readonly proof: readonly Hash[];
}

/**
 * RFC 9162 section 2.1.4.2: the smaller tree is a prefix of the larger one. The RFC is for 0 < first < second. Here equal sizes need an
 * empty proof and equal roots (of size 0: the empty root), and from size 0 to a larger one nothing is ever proven.
 * @throws CustodyError PROOF_INVALID in every other case.
 */
export function verifyConsistency({ first, second, firstRoot, secondRoot, proof }: ConsistencyClaim): void {
  checkClaim([first, second], [firstRoot, secondRoot, ...proof]);
  if (first > second) throw invalid(`a tree of size ${second} does not continue one of size ${first}`);
  if (first === second) {
    if (proof.length !== 0) throw invalid('a consistency proof between equal sizes is empty');
    if (!equalHashes(firstRoot, secondRoot)) throw invalid('two roots for one size');
    if (first === 0 && !equalHashes(firstRoot, emptyRoot())) throw invalid('the empty tree has another root');
    return;
  }
  if (first === 0) throw invalid('consistency with the empty tree proves nothing');
  if (proof.length === 0) throw invalid('the consistency proof is empty');
  const path = isPowerOfTwo(first) ? [firstRoot, ...proof] : proof;
  let fn = first - 1;
  let sn = second - 1;
  while (isOdd(fn)) [fn, sn] = [half(fn), half(sn)];
  let fr = path[0]!;
  let sr = path[0]!;
  for (const c of path.slice(1)) {
    if (sn === 0) throw invalid('the consistency proof is too long');
    if (isOdd(fn) || fn === sn) {
      fr = nodeHash(c, fr);
      sr = nodeHash(c, sr);
      while (!isOdd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      sr = nodeHash(sr, c);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  if (sn !== 0) throw invalid('the consistency proof is too short');
  if (!equalHashes(fr, firstRoot)) throw invalid('the consistency proof leads to another first root');
  if (!equalHashes(sr, secondRoot)) throw invalid('the consistency proof leads to another second root');
}

/** The largest power of two below n, for n > 1. */
function split(n: number): number {
  let k = 1;
  while (2 * k < n) k *= 2;
  return k;
}

// Arithmetic instead of bit operators, which would cut sizes to 32 bits.
const half = (n: number): number => Math.floor(n / 2);
const isOdd = (n: number): boolean => n % 2 === 1;

function isPowerOfTwo(n: number): boolean {
  let rest = n;
  while (rest > 1 && !isOdd(rest)) rest /= 2;
  return rest === 1;
}

function checkClaim(counts: readonly number[], hashes: readonly Hash[]): void {
  for (const count of counts) {
    if (!Number.isSafeInteger(count) || count < 0) throw invalid(`not a count of leaves: ${count}`);
  }
  for (const hash of hashes) {
    if (hash.length !== HASH_SIZE) throw invalid(`a hash of ${hash.length} bytes`);
  }
}

function invalid(message: string): CustodyError {
  return new CustodyError('PROOF_INVALID', message, {
    hint: 'Trust neither side; compare the signed checkpoints of both.',
  });
}

function usage(message: string): CustodyError {
  return new CustodyError('USAGE', message, { hint: 'Give sizes and indexes that the log has.' });
}
