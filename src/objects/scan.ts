import { CustodyError } from '../errors.ts';

/** Nesting that a canonical object may have; the deepest of our kinds needs 6. */
export const MAX_DEPTH = 32;

/** What a head with 1, 2, 4 or 8 bytes of argument must reach, for there is a shorter one below. */
const LEAST = [24, 0x100, 0x1_0000, 0x1_0000_0000] as const;

/**
 * Walks the heads of a DAG-CBOR item (RFC 8949 section 3) before a decoder sees it: only the eight forms that our encoder
 * writes, shortest arguments, definite lengths, text keys in strict order, no tag but 42, nothing after the end.
 * A general decoder gives meaning to other tags (shared references, for one, with which 80 bytes make it run for a
 * minute) and recurses as deep as the bytes say; neither must be reachable from bytes that somebody sent.
 * @throws CustodyError OBJECT_NOT_CANONICAL.
 */
export function scan(bytes: Uint8Array): void {
  if (skip(bytes, 0, 0) !== bytes.length) refuse('there are bytes after the object');
}

/** @returns where the item that begins at `at` ends. */
function skip(bytes: Uint8Array, at: number, depth: number): number {
  if (depth > MAX_DEPTH) refuse(`nested deeper than ${MAX_DEPTH}`);
  const first = bytes[at];
  if (first === undefined) return refuse('cut short');
  const major = first >> 5;
  if (major === 7) {
    if (first === 0xf4 || first === 0xf5 || first === 0xf6) return at + 1;
    return refuse('a float, undefined or a simple value');
  }
  const size = headSize(first);
  const argument = readArgument(bytes, at, first, size);
  const next = at + size;
  switch (major) {
    case 0:
    case 1:
      return next;
    case 2:
    case 3:
      if (argument > bytes.length - next) refuse('cut short');
      return next + argument;
    case 4:
      return skipList(bytes, next, argument, depth + 1);
    case 5:
      return skipMap(bytes, next, argument, depth + 1);
    default:
      if (argument !== 42 || bytes[next]! >> 5 !== 2) refuse('a tag that is not 42 over bytes');
      return skip(bytes, next, depth);
  }
}

function skipList(bytes: Uint8Array, at: number, count: number, depth: number): number {
  let next = at;
  for (let i = 0; i < count; i++) next = skip(bytes, next, depth);
  return next;
}

/** Shortest heads make the bytewise order of encoded keys the canonical one: shorter first, then bytewise. */
function skipMap(bytes: Uint8Array, at: number, count: number, depth: number): number {
  let next = at;
  let previous: Uint8Array | undefined;
  for (let i = 0; i < count; i++) {
    if (bytes[next]! >> 5 !== 3) refuse('a key that is not text');
    const end = skip(bytes, next, depth);
    const key = bytes.subarray(next, end);
    if (previous !== undefined && Buffer.compare(previous, key) >= 0) refuse('keys out of order or repeated');
    previous = key;
    next = skip(bytes, end, depth);
  }
  return next;
}

function headSize(first: number): number {
  const info = first & 31;
  if (info < 24) return 1;
  if (info > 27) return refuse('an indefinite length or a reserved head');
  return 1 + (1 << (info - 24));
}

function readArgument(bytes: Uint8Array, at: number, first: number, size: number): number {
  if (size === 1) return first & 31;
  if (at + size > bytes.length) refuse('cut short');
  let argument = 0;
  // Beyond 2^53 this is inexact, which only matters for integers, whose value is read elsewhere.
  for (let i = at + 1; i < at + size; i++) argument = argument * 256 + bytes[i]!;
  if (argument < LEAST[(first & 31) - 24]!) refuse('an integer or a length that is not the shortest');
  return argument;
}

function refuse(what: string): never {
  throw new CustodyError('OBJECT_NOT_CANONICAL', `these bytes are not canonical DAG-CBOR: ${what}`);
}
