import type { Digest } from '../objects/digest.ts';
import { decodeEither, type ObjectOf } from '../objects/kinds.ts';

/**
 * A policy of either version, with the fields of version 2: version 1 expects no validator and requires no isolation of its
 * own. `v` still says which it is.
 * @throws CustodyError as decoding does.
 */
export function readPolicy(bytes: Uint8Array, id?: Digest): ObjectOf<'policy'> {
  const read = decodeEither('policy', bytes, id);
  if (read.v === 2) return read.object;
  return { ...read.first, expected: [], isolation: [] };
}
