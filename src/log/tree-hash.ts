/** Merkle tree hashing: RFC 6962 section 2.1, the same as RFC 9162 section 2.1.1. Pure; everything above builds on it. */
import { CustodyError } from '../errors.ts';
import { sha256Bytes } from '../objects/sha256.ts';

/** 32 bytes: a SHA-256 that is a node of the tree. Never changed after it was made. */
export type Hash = Uint8Array;

export const HASH_SIZE = 32;

/** Where a hash is read from: the root of the perfect subtree over leaves [index * 2^level, (index + 1) * 2^level). */
export type HashAt = (level: number, index: number) => Hash;

const NODE = new Uint8Array(1 + 2 * HASH_SIZE);
NODE[0] = 0x01;

/** SHA-256(""), the root of the tree without leaves. A new array each time, so that nobody can change it for others. */
export function emptyRoot(): Hash {
  return sha256Bytes(new Uint8Array(0));
}

/** SHA-256(0x00 ‖ data). The prefix keeps a leaf from posing as a node. */
export function leafHash(data: Uint8Array): Hash {
  const input = new Uint8Array(1 + data.length);
  input.set(data, 1);
  return sha256Bytes(input);
}

/** SHA-256(0x01 ‖ left ‖ right). Both must be 32 bytes. @throws CustodyError LOG_CORRUPT otherwise. */
export function nodeHash(left: Hash, right: Hash): Hash {
  checkHash(left);
  checkHash(right);
  // One scratch buffer for all calls: the core is synchronous and the input is read before the call returns.
  NODE.set(left, 1);
  NODE.set(right, 1 + HASH_SIZE);
  return sha256Bytes(NODE);
}

/** The root over all leaf hashes, O(n). Zero of them give {@link emptyRoot}. @throws CustodyError LOG_CORRUPT. */
export function rootOf(leafHashes: readonly Hash[]): Hash {
  if (leafHashes.length === 0) return emptyRoot();
  let level = leafHashes;
  level.forEach(checkHash);
  // An odd last node moves up unchanged: the same tree as RFC 6962's split at the largest power of two.
  while (level.length > 1) {
    const above: Hash[] = [];
    for (let i = 0; i + 1 < level.length; i += 2) above.push(nodeHash(level[i]!, level[i + 1]!));
    if (level.length % 2 === 1) above.push(level.at(-1)!);
    level = above;
  }
  return level[0]!;
}

/** Joins the roots of neighbouring subtrees, larger ones left, from the right: RFC 6962's tree over all of them. */
export function joinRoots(roots: readonly Hash[]): Hash {
  if (roots.length === 0) return emptyRoot();
  roots.forEach(checkHash);
  return roots.reduceRight((right, left) => nodeHash(left, right));
}

export function equalHashes(a: Hash, b: Hash): boolean {
  return a.length === HASH_SIZE && b.length === HASH_SIZE && a.every((byte, i) => byte === b[i]);
}

/** @throws CustodyError LOG_CORRUPT unless `hash` is 32 bytes. */
export function checkHash(hash: Hash): void {
  if (hash.length !== HASH_SIZE) {
    throw new CustodyError('LOG_CORRUPT', `a tree hash has 32 bytes, not ${hash.length}`, {
      hint: 'Run custody fsck: the log or one of its tiles is damaged.',
    });
  }
}

/** A leaf count or index. Numbers, not bigints: 2^53 - 1 leaves are enough. @throws CustodyError USAGE. */
export function checkCount(value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new CustodyError('USAGE', `${what} is not a count: ${value}`, {
      hint: 'Give a whole number from 0 to 2^53 - 1.',
    });
  }
}
