import { CustodyError } from '../../errors.ts';
import { TextBytes } from './key.ts';
import { MASKED } from './masked.ts';

/**
 * SQLite's record format (https://www.sqlite.org/fileformat2.html#record_format), canonical: one row has one encoding.
 * Varints are minimal, integers take the smallest serial type (8 and 9 for 0 and 1), reals are always serial type 7,
 * text is UTF-8. Serial type 10, which SQLite reserves, has no bytes here and means {@link MASKED}.
 */
export type SqliteValue = null | bigint | number | string | TextBytes | Uint8Array | typeof MASKED;

export { MASKED };

const TYPE_NULL = 0;
const TYPE_REAL = 7;
const TYPE_ZERO = 8;
const TYPE_ONE = 9;
const TYPE_MASKED = 10;
/** Bytes of the body for serial types 0 to 10. */
const FIXED = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0] as const;

/** Kept from one row to the next, up to a size. Bytes. */
let scratch: Buffer = Buffer.alloc(0);

/**
 * @param values bigint: a 64-bit signed integer; number: a real (never NaN: SQLite stores NULL); string: well-formed text;
 *   `TextBytes`: text whose bytes are given, whatever they are; Uint8Array: a blob.
 * @returns the canonical record.
 * @throws CustodyError ROW_MALFORMED for NaN, an integer beyond 64 bits and text with lone surrogates.
 */
export function encodeRecord(values: readonly SqliteValue[]): Uint8Array {
  const types: number[] = [];
  let header = 0;
  let body = 0;
  for (const value of values) {
    const type = serialType(value);
    types.push(type);
    header += varintSize(type);
    body += bodySize(type);
  }
  header += varintSize(header + varintSize(header));
  const total = header + body;
  if (scratch.length < total) scratch = Buffer.allocUnsafe(Math.max(65_536, 2 * total));
  const out = scratch;
  let at = writeVarint(out, 0, header);
  for (const type of types) at = writeVarint(out, at, type);
  for (let i = 0; i < values.length; i++) at = writeBody(out, at, types[i]!, values[i]!);
  const record = new Uint8Array(total);
  record.set(total === out.length ? out : out.subarray(0, total));
  if (scratch.length > 1 << 22) scratch = Buffer.alloc(0);
  return record;
}

/**
 * Strict: only canonical records, so that {@link encodeRecord} gives the same bytes back. Text that is not valid UTF-8
 * comes back as `TextBytes`.
 * @throws CustodyError ROW_MALFORMED
 */
export function decodeRecord(bytes: Uint8Array): SqliteValue[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const [header, first] = readVarint(view, 0, view.length);
  if (header < first || header > view.length) malformed('the header does not fit');
  // The length counts its own bytes: 128 in two of them is 127 in one.
  if (varintSize(header - 1) < first) malformed('a header that is too long');
  const types: number[] = [];
  for (let at = first; at < header;) {
    const [type, next] = readVarint(view, at, header);
    if (type === 11) malformed('serial type 11 is reserved');
    types.push(type);
    at = next;
  }
  const values: SqliteValue[] = [];
  let at = header;
  for (const type of types) {
    const end = at + bodySize(type);
    if (end > view.length) malformed('the body is cut short');
    values.push(readBody(view, at, end, type));
    at = end;
  }
  if (at !== view.length) malformed('bytes after the last value');
  return values;
}

function serialType(value: SqliteValue): number {
  if (value === null) return TYPE_NULL;
  switch (typeof value) {
    case 'bigint':
      return integerType(value);
    case 'number':
      if (Number.isNaN(value)) malformed('NaN: SQLite stores NULL');
      return TYPE_REAL;
    case 'string':
      if (isShortAscii(value)) return 13 + 2 * value.length;
      if (!value.isWellFormed()) malformed('text with a lone surrogate');
      return 13 + 2 * Buffer.byteLength(value);
    case 'symbol':
      return TYPE_MASKED;
    default:
      return value instanceof TextBytes ? 13 + 2 * value.bytes.length : 12 + 2 * value.length;
  }
}

function integerType(value: bigint): number {
  const n = Number(value);
  if (n === 0) return TYPE_ZERO;
  if (n === 1) return TYPE_ONE;
  if (n >= -0x80 && n <= 0x7f) return 1;
  if (n >= -0x8000 && n <= 0x7fff) return 2;
  if (n >= -0x80_0000 && n <= 0x7f_ffff) return 3;
  if (n >= -0x8000_0000 && n <= 0x7fff_ffff) return 4;
  if (n >= -0x8000_0000_0000 && n <= 0x7fff_ffff_ffff) return 5;
  if (BigInt.asIntN(64, value) !== value) malformed('an integer beyond 64 bits');
  return 6;
}

/** Up to this length a loop is faster than a call into the runtime. */
const SHORT = 48;

function isShortAscii(text: string): boolean {
  if (text.length > SHORT) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function bodySize(type: number): number {
  return type >= 12 ? (type - (type & 1 ? 13 : 12)) / 2 : FIXED[type]!;
}

function writeBody(out: Buffer, at: number, type: number, value: SqliteValue): number {
  if (typeof value === 'bigint') {
    if (type === TYPE_ZERO || type === TYPE_ONE) return at;
    if (type === 6) return out.writeBigInt64BE(value, at);
    return out.writeIntBE(Number(value), at, FIXED[type]!);
  }
  if (typeof value === 'string') {
    const size = bodySize(type);
    // As many bytes as units: ASCII.
    if (size !== value.length || size > SHORT) return at + out.write(value, at);
    for (let i = 0; i < size; i++) out[at + i] = value.charCodeAt(i);
    return at + size;
  }
  if (typeof value === 'number') return out.writeDoubleBE(value, at);
  if (value === null || typeof value === 'symbol') return at;
  const bytes = value instanceof TextBytes ? value.bytes : value;
  out.set(bytes, at);
  return at + bytes.length;
}

function readBody(view: Buffer, at: number, end: number, type: number): SqliteValue {
  switch (type) {
    case TYPE_NULL:
      return null;
    case TYPE_REAL:
      return real(view.readDoubleBE(at));
    case TYPE_ZERO:
      return 0n;
    case TYPE_ONE:
      return 1n;
    case TYPE_MASKED:
      return MASKED;
    default:
      if (type < 12) return integer(view, at, type);
      return type & 1 ? text(view.subarray(at, end)) : new Uint8Array(view.subarray(at, end));
  }
}

function real(value: number): number {
  return Number.isNaN(value) ? malformed('NaN: SQLite stores NULL') : value;
}

function integer(view: Buffer, at: number, type: number): bigint {
  const value = type === 6 ? view.readBigInt64BE(at) : BigInt(view.readIntBE(at, FIXED[type]!));
  // What fits into the type below, or is 0 or 1, has a shorter form.
  if (value === 1n || BigInt.asIntN(8 * FIXED[type - 1]!, value) === value)
    malformed('an integer that is too long');
  return value;
}

/** Text as a string where that loses nothing. A decoder puts U+FFFD wherever bytes are not UTF-8. */
function text(bytes: Buffer): string | TextBytes {
  const decoded = bytes.toString();
  if (!decoded.includes('\ufffd') || Buffer.compare(Buffer.from(decoded), bytes) === 0) return decoded;
  return new TextBytes(new Uint8Array(bytes));
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** SQLite's varint: big-endian groups of seven bits; lengths here stay below 2^53, so the ninth byte is never needed. */
function writeVarint(out: Buffer, at: number, value: number): number {
  if (value < 0x80) {
    out[at] = value;
    return at + 1;
  }
  const size = varintSize(value);
  let rest = value;
  for (let i = size - 1; i >= 0; i--) {
    out[at + i] = (rest % 128) | (i === size - 1 ? 0 : 0x80);
    rest = Math.floor(rest / 128);
  }
  return at + size;
}

function readVarint(view: Buffer, start: number, end: number): [value: number, next: number] {
  let value = 0;
  for (let at = start; at < end && at < start + 7; at++) {
    const byte = view[at]!;
    if (byte === 0x80 && at === start) malformed('a varint that is too long');
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return [value, at + 1];
  }
  return malformed('a varint is cut short or too long');
}

function malformed(what: string): never {
  throw new CustodyError('ROW_MALFORMED', `not a canonical SQLite record: ${what}`, {
    hint: 'The object that holds this row was not written by custody.',
  });
}
