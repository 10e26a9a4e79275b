import { CustodyError } from '../errors.ts';
import { readItem } from './dag-cbor/reader.ts';
import type { Value } from './dag-cbor/value.ts';
import { writeItem } from './dag-cbor/writer.ts';

export type { Value, ValueMap } from './dag-cbor/value.ts';

/** No object is larger: what is longer becomes a tree of objects (spec/FORMAT.md, "Objects"). Bytes. */
export const MAX_OBJECT = 1_048_576;

/**
 * @returns the one canonical encoding of `value`.
 * @throws CustodyError OBJECT_NOT_CANONICAL for a value that DAG-CBOR cannot hold (a float, undefined, a lone
 *   surrogate, an integer beyond 64 bits, another class), OBJECT_TOO_LARGE above `limit`.
 * @param limit bytes; another one only for what is no object itself but content of a row.
 */
export function encode(value: Value, limit = MAX_OBJECT): Uint8Array {
  const encoded = writeItem(value, limit);
  if (encoded.length > limit) {
    throw new CustodyError(
      'OBJECT_TOO_LARGE',
      `an object of ${encoded.length} bytes is above the limit of ${limit}`,
    );
  }
  return encoded;
}

/**
 * Strict: what it accepts, {@link encode} gives back byte for byte.
 * Integers come back as `number` where they are safe, else as `bigint`; bytes as a copy.
 * @throws CustodyError OBJECT_NOT_CANONICAL, OBJECT_TOO_LARGE.
 */
export function decode(bytes: Uint8Array, limit = MAX_OBJECT): Value {
  if (bytes.length > limit) {
    throw new CustodyError(
      'OBJECT_TOO_LARGE',
      `an object of ${bytes.length} bytes is above the limit of ${limit}`,
    );
  }
  const value = readItem(bytes);
  // Two independent judgements: what the reader overlooks does not encode to these bytes.
  if (!equalBytes(bytes, encode(value, limit))) {
    throw new CustodyError(
      'OBJECT_NOT_CANONICAL',
      'these bytes are not the one canonical encoding of their value',
    );
  }
  return value;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

/** Bytewise (memcmp) order. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}
