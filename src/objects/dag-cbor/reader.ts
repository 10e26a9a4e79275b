import { isUtf8 } from 'node:buffer';
import { CustodyError } from '../../errors.ts';
import { linkFromBytes } from '../link.ts';
import { isAllowedKey, MAX_DEPTH, type Value } from './value.ts';

/** What an argument of 1, 2, 4 or 8 bytes must reach, for there is a shorter form below (RFC 8949 section 4.2.1). */
const LEAST = [24, 0x100, 0x1_0000, 0x1_0000_0000] as const;

/**
 * Reads one DAG-CBOR item (RFC 8949 section 3) in the eight forms that our encoder writes: shortest arguments, definite
 * lengths, text keys in strict order, no tag but 42, nothing after the end. A general decoder is no match for bytes that
 * somebody sent: it gives meaning to other tags (with shared references 80 bytes make cbor-x run for a minute), and
 * recurses as deep as the bytes say.
 * @throws CustodyError OBJECT_NOT_CANONICAL.
 */
export function readItem(bytes: Uint8Array): Value {
  const reader = new Reader(bytes);
  const value = reader.item(0);
  if (!reader.done) refuse('there are bytes after the object');
  return value;
}

class Reader {
  readonly #bytes: Buffer;
  readonly #raw: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#raw = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  item(depth: number): Value {
    if (depth > MAX_DEPTH) refuse(`nested deeper than ${MAX_DEPTH}`);
    const first = this.#bytes[this.#at++];
    switch (first === undefined ? undefined : first >> 5) {
      case 0:
        return this.#integer(first!, false);
      case 1:
        return this.#integer(first!, true);
      case 2:
        return this.#byteString(this.#argument(first!));
      case 3:
        return this.#text(this.#argument(first!));
      case 4:
        return this.#list(this.#argument(first!), depth + 1);
      case 5:
        return this.#map(this.#argument(first!), depth + 1);
      case 6:
        return this.#link(this.#argument(first!));
      case 7:
        if (first === 0xf4) return false;
        if (first === 0xf5) return true;
        if (first === 0xf6) return null;
        return refuse('a float, undefined or a simple value');
      default:
        return refuse('cut short');
    }
  }

  /** Steps over `length` bytes. @returns where they begin. */
  #skip(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) refuse('cut short');
    this.#at = start + length;
    return start;
  }

  /** A copy: an object's bytes are not lent. */
  #byteString(length: number): Uint8Array {
    const start = this.#skip(length);
    return this.#raw.slice(start, this.#at);
  }

  #text(length: number): string {
    const start = this.#skip(length);
    for (let i = start; i < this.#at; i++) {
      if (this.#bytes[i]! < 0x80) continue;
      if (!isUtf8(this.#bytes.subarray(i, this.#at))) refuse('text that is not UTF-8');
      return this.#bytes.toString('utf8', start, this.#at);
    }
    return this.#bytes.toString('latin1', start, this.#at);
  }

  /** The argument of a head; exact below 2^53, which is more than any length can be. */
  #argument(first: number): number {
    const info = first & 31;
    if (info < 24) return info;
    if (info > 27) refuse('an indefinite length or a reserved head');
    const start = this.#skip(1 << (info - 24));
    let argument = 0;
    for (let i = start; i < this.#at; i++) argument = argument * 256 + this.#bytes[i]!;
    if (argument < LEAST[info - 24]!) refuse('an integer or a length that is not the shortest');
    return argument;
  }

  #integer(first: number, negative: boolean): number | bigint {
    const argument = this.#argument(first);
    const value = negative ? -1 - argument : argument;
    if (Number.isSafeInteger(value) && argument < Number.MAX_SAFE_INTEGER) return value;
    const exact = this.#bytes.readBigUInt64BE(this.#at - 8);
    const big = negative ? -1n - exact : exact;
    return Number.isSafeInteger(Number(big)) && BigInt(Number(big)) === big ? Number(big) : big;
  }

  #list(count: number, depth: number): Value[] {
    const out: Value[] = [];
    for (let i = 0; i < count; i++) out.push(this.item(depth));
    return out;
  }

  /** Shortest heads make the bytewise order of encoded keys the canonical one: shorter first, then bytewise. */
  #map(count: number, depth: number): Value {
    const out: Record<string, Value> = {};
    let before = this.#at;
    let beforeEnd = this.#at;
    for (let i = 0; i < count; i++) {
      const start = this.#at;
      const key = this.item(depth);
      if (typeof key !== 'string' || !isAllowedKey(key))
        return refuse('a key that is not text, `__proto__`, or like an integer');
      if (i > 0 && this.#bytes.compare(this.#bytes, before, beforeEnd, start, this.#at) <= 0)
        refuse('keys out of order or repeated');
      before = start;
      beforeEnd = this.#at;
      out[key] = this.item(depth);
    }
    return out;
  }

  #link(tag: number): Value {
    const first = this.#bytes[this.#at++];
    if (tag !== 42 || first === undefined || first >> 5 !== 2)
      return refuse('a tag that is not 42 over bytes');
    return linkFromBytes(this.#byteString(this.#argument(first)));
  }
}

function refuse(what: string): never {
  throw new CustodyError('OBJECT_NOT_CANONICAL', `these bytes are not canonical DAG-CBOR: ${what}`);
}
