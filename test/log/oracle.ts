/**
 * RFC 9162's recursive definitions, word for word and as slow as they are: the oracle for everything in src/log. It shares no code with it.
 */
import { createHash } from 'node:crypto';

type Bytes = Uint8Array;

const sha256 = (...parts: Bytes[]): Bytes => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** "Let k be the largest power of two smaller than n." */
const split = (n: number): number => 2 ** Math.ceil(Math.log2(n) - 1);

/** MTH, section 2.1.1. */
export function mth(d: readonly Bytes[]): Bytes {
  if (d.length === 0) return sha256();
  if (d.length === 1) return sha256(Uint8Array.of(0), d[0]!);
  const k = split(d.length);
  return sha256(Uint8Array.of(1), mth(d.slice(0, k)), mth(d.slice(k)));
}

/** PATH, section 2.1.3.1. */
export function path(m: number, d: readonly Bytes[]): Bytes[] {
  if (d.length === 1) return [];
  const k = split(d.length);
  return m < k
    ? [...path(m, d.slice(0, k)), mth(d.slice(k))]
    : [...path(m - k, d.slice(k)), mth(d.slice(0, k))];
}

/** PROOF, section 2.1.4.1. */
export function proof(m: number, d: readonly Bytes[]): Bytes[] {
  return subproof(m, d, true);
}

function subproof(m: number, d: readonly Bytes[], b: boolean): Bytes[] {
  if (m === d.length) return b ? [] : [mth(d)];
  const k = split(d.length);
  return m <= k
    ? [...subproof(m, d.slice(0, k), b), mth(d.slice(k))]
    : [...subproof(m - k, d.slice(k), false), mth(d.slice(0, k))];
}

/** `n` different leaves. */
export function leavesOf(n: number, salt = ''): Bytes[] {
  return Array.from({ length: n }, (_, i) => new TextEncoder().encode(`${salt}leaf ${i}`));
}
