import { addExtension, Encoder } from 'cbor-x';
import { CustodyError } from '../errors.ts';
import { Link, linkToBytes } from './link.ts';
import { readItem } from './reader.ts';
import { isAllowedKey, MAX_DEPTH, type Value, type ValueMap } from './value.ts';

export type { Value, ValueMap } from './value.ts';

/** No object is larger: what is longer becomes a tree of objects (SPEC.md, "Objects"). Bytes. */
export const MAX_OBJECT = 1_048_576;

const OPTIONS = {
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  tagUint8Array: false,
  useTag259ForMaps: false,
} as const;

addExtension({
  Class: Link,
  tag: 42,
  encode: (link: Link, encode: (bytes: Uint8Array) => Uint8Array) => encode(linkToBytes(link)),
  // Never called: objects are read by reader.ts.
  decode: () => undefined,
});

const encoder = new Encoder(OPTIONS);

/**
 * @returns the one canonical encoding of `value`.
 * @throws CustodyError OBJECT_NOT_CANONICAL for a value that DAG-CBOR cannot hold (a float, undefined, a lone
 *   surrogate, an integer beyond 64 bits, another class), OBJECT_TOO_LARGE above `limit`.
 * @param limit bytes; another one only for what is no object itself but content of a row.
 */
export function encode(value: Value, limit = MAX_OBJECT): Uint8Array {
  const encoded = encoder.encode(normalise(value, 0));
  if (encoded.length > limit) {
    throw new CustodyError(
      'OBJECT_TOO_LARGE',
      `an object of ${encoded.length} bytes is above the limit of ${limit}`,
    );
  }
  // cbor-x returns a view into a buffer that it goes on using; an object must own its bytes.
  return new Uint8Array(encoded);
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

/** What cbor-x must be given so that it writes the canonical bytes. */
function normalise(value: Value, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new CustodyError('OBJECT_NOT_CANONICAL', `nested deeper than ${MAX_DEPTH}`);
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new CustodyError('OBJECT_NOT_CANONICAL', 'text holds a lone surrogate');
    return value;
  }
  if (typeof value === 'number' || typeof value === 'bigint') return normaliseInteger(value);
  if (value instanceof Uint8Array) return Buffer.isBuffer(value) ? new Uint8Array(value) : value;
  if (value instanceof Link) return value;
  if (Array.isArray(value)) {
    // By index, for map() would pass over holes; and lists of rows are most of what is ever encoded.
    const out = new Array<unknown>(value.length);
    for (let i = 0; i < out.length; i++) out[i] = normalise(value[i] as Value, depth + 1);
    return out;
  }
  return normaliseMap(value as ValueMap, depth);
}

function normaliseInteger(value: number | bigint): number | bigint {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      throw new CustodyError('OBJECT_NOT_CANONICAL', `${value} is not an integer; floats are refused`);
    }
    // cbor-x writes a number beyond 32 bits as a float, but a bigint always in 8 bytes.
    return value > 0xffffffff || value < -0x100000000 ? BigInt(value) : value;
  }
  // -2^64 would fit CBOR's head, but cbor-x writes it as a bignum.
  if (value > 0xffffffffffffffffn || value <= -0x10000000000000000n) {
    throw new CustodyError('OBJECT_NOT_CANONICAL', 'an integer is beyond 64 bits');
  }
  return value > 0xffffffffn || value < -0x100000000n ? value : Number(value);
}

function normaliseMap(map: ValueMap, depth: number): Record<string, unknown> {
  const proto: unknown = typeof map === 'object' ? Object.getPrototypeOf(map) : undefined;
  if (proto !== Object.prototype && proto !== null) {
    throw new CustodyError(
      'OBJECT_NOT_CANONICAL',
      'only plain objects, arrays, text, bytes, integers and links',
    );
  }
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(map).sort(compareKeys)) {
    if (!key.isWellFormed() || !isAllowedKey(key)) {
      throw new CustodyError('OBJECT_NOT_CANONICAL', `a map cannot have the key ${JSON.stringify(key)}`);
    }
    const item = map[key];
    if (item === undefined)
      throw new CustodyError('OBJECT_NOT_CANONICAL', `the value of ${key} is undefined`);
    out[key] = normalise(item, depth + 1);
  }
  return out;
}

/** RFC 8949 section 4.2.1 for text keys: shorter UTF-8 first, then bytewise. */
function compareKeys(a: string, b: string): number {
  const x = Buffer.from(a);
  const y = Buffer.from(b);
  return x.length - y.length || Buffer.compare(x, y);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

/** Bytewise (memcmp) order. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}
