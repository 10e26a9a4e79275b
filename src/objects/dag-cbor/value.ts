import type { Link } from '../link.ts';

/**
 * What our DAG-CBOR can hold (https://ipld.io/specs/codecs/dag-cbor/spec/, RFC 8949 section 4.2.1). One value has one
 * encoding: text keys sorted by length, then bytewise; shortest integers; definite lengths; no floats, no tags but 42;
 * integers from -2^64 + 1 to 2^64 - 1; no key `__proto__` and none like `0` or `17`.
 */
export type Value =
  null | boolean | number | bigint | string | Uint8Array | Link | readonly Value[] | ValueMap;
export interface ValueMap {
  readonly [key: string]: Value;
}

/** Nesting that an object may have; the deepest of our kinds needs 6. */
export const MAX_DEPTH = 32;

/** JavaScript moves integer-like keys to the front whatever the order, and `__proto__` is no key of its own. */
export function isAllowedKey(key: string): boolean {
  return key !== '__proto__' && !/^(0|[1-9][0-9]*)$/.test(key);
}
