import { sha256Bytes } from '../sha256.ts';

/**
 * The order-preserving key encoding (spec/FORMAT.md, "Keys"): comparing two encodings bytewise (memcmp) orders the tuples as
 * NULL < integers < reals < text (by UTF-8 bytes) < bytes, part by part. After FoundationDB's tuple layer, with
 * integers and reals of fixed width.
 */
export type KeyPart = null | bigint | number | string | Uint8Array;

const NULL = 0x05;
const INTEGER = 0x10;
const REAL = 0x18;
const TEXT = 0x20;
const BYTES = 0x30;

/** A longer key is cut: its first 992 bytes, then the SHA-256 of all of it; 1,024 bytes in all. */
export const MAX_KEY = 1_024;
export const CUT_KEY = MAX_KEY - 32;

/**
 * @param parts bigint: a 64-bit signed integer; number: a real (binary64); string: text; Uint8Array: bytes.
 *   `text(bytes)` of {@link TextBytes} is text whose UTF-8 bytes are given as they are.
 */
export function encodeKey(parts: readonly (KeyPart | TextBytes)[]): Uint8Array {
  const chunks: Uint8Array[] = [];
  for (const part of parts) chunks.push(encodePart(part));
  return chunks.length === 1 ? chunks[0]! : new Uint8Array(Buffer.concat(chunks));
}

/** Text as bytes: for text that may not be valid UTF-8. */
export class TextBytes {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** An integer key: 9 bytes, the tag and the value as big-endian with the sign bit flipped. */
export function integerKey(value: bigint): Uint8Array {
  const out = new Uint8Array(9);
  out[0] = INTEGER;
  const n = Number(value);
  // Every row has a key: halves of a number cost a fraction of what BigInt arithmetic does.
  const safe = Number.isSafeInteger(n);
  const high = safe ? Math.floor(n / 0x1_0000_0000) : Number(BigInt.asIntN(32, value >> 32n));
  const low = safe ? n - high * 0x1_0000_0000 : Number(BigInt.asUintN(32, value));
  writeUint32(out, 1, high ^ 0x8000_0000);
  writeUint32(out, 5, low);
  return out;
}

/** The value of an integer key; undefined for any other key. */
export function integerOfKey(key: Uint8Array): bigint | undefined {
  if (key.length !== 9 || key[0] !== INTEGER) return undefined;
  return BigInt.asIntN(64, Buffer.from(key).readBigUInt64BE(1) ^ 0x8000000000000000n);
}

function writeUint32(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}

/**
 * What a Merkle map stores: the key itself below 1,024 bytes, else the cut form, which only a cut key can have.
 * Cut keys keep their place up to byte 992; beyond it the order is by hash, the same for everyone.
 * Not to be applied twice: a cut key would be cut again (`MapBuilder.addBounded` takes keys out of another map).
 */
export function boundKey(key: Uint8Array): Uint8Array {
  if (key.length < MAX_KEY) return key;
  const out = new Uint8Array(MAX_KEY);
  out.set(key.subarray(0, CUT_KEY));
  out.set(sha256Bytes(key), CUT_KEY);
  return out;
}

function encodePart(part: KeyPart | TextBytes): Uint8Array {
  if (part === null) return Uint8Array.of(NULL);
  if (typeof part === 'bigint') return integerKey(part);
  if (typeof part === 'number') return realKey(part);
  if (typeof part === 'string') return escaped(TEXT, Buffer.from(part));
  if (part instanceof TextBytes) return escaped(TEXT, part.bytes);
  return escaped(BYTES, part);
}

/** IEEE 754 totalOrder trick: flip all bits of negatives, the sign bit of the others. */
function realKey(value: number): Uint8Array {
  const out = Buffer.alloc(9);
  out[0] = REAL;
  out.writeDoubleBE(value, 1);
  if (out[1]! & 0x80) for (let i = 1; i < 9; i++) out[i] = ~out[i]! & 0xff;
  else out[1]! ^= 0x80;
  return new Uint8Array(out.buffer, out.byteOffset, 9);
}

/** Tag, the bytes with 00 written as 00 FF, then 00 01. A prefix sorts before what it begins. */
function escaped(tag: number, bytes: Uint8Array): Uint8Array {
  let zeros = 0;
  for (const byte of bytes) if (byte === 0) zeros++;
  const out = new Uint8Array(bytes.length + zeros + 3);
  out[0] = tag;
  let at = 1;
  for (const byte of bytes) {
    out[at++] = byte;
    if (byte === 0) out[at++] = 0xff;
  }
  out[at] = 0;
  out[at + 1] = 1;
  return out;
}
