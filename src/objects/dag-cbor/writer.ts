import { CustodyError } from '../../errors.ts';
import { Link, linkToBytes } from '../link.ts';
import { isAllowedKey, MAX_DEPTH, type Value, type ValueMap } from './value.ts';

/** Room that is kept from one object to the next: most are far smaller. Bytes. */
const ROOM = 65_536;
let room = Buffer.allocUnsafe(ROOM);

/**
 * Writes one DAG-CBOR item (RFC 8949 section 4.2.1): shortest arguments, definite lengths, text keys by length and then
 * bytewise, no tag but 42.
 * @returns the bytes, which belong to the caller.
 * @throws CustodyError OBJECT_NOT_CANONICAL for a value that has no such form, OBJECT_TOO_LARGE above `limit` bytes.
 */
export function writeItem(value: Value, limit: number): Uint8Array {
  const writer = new Writer(limit);
  writer.item(value, 0);
  const bytes = writer.bytes();
  if (room.length > ROOM) room = Buffer.allocUnsafe(ROOM);
  return bytes;
}

class Writer {
  readonly #limit: number;
  #at = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  bytes(): Uint8Array {
    return new Uint8Array(room.subarray(0, this.#at));
  }

  item(value: Value | undefined, depth: number): void {
    if (depth > MAX_DEPTH) refuse(`nested deeper than ${MAX_DEPTH}`);
    if (value === null) this.#simple(0xf6);
    else if (typeof value === 'boolean') this.#simple(value ? 0xf5 : 0xf4);
    else if (typeof value === 'string') this.#text(value);
    else if (typeof value === 'number' || typeof value === 'bigint') this.#integer(value);
    else if (value instanceof Uint8Array) this.#byteString(value);
    else if (value instanceof Link) {
      this.#head(TAG, 42);
      this.#byteString(linkToBytes(value));
    } else if (Array.isArray(value)) {
      this.#head(LIST, value.length);
      // By index: an iterator would pass over nothing either, but costs more, and lists of rows are most of what is written.
      for (let i = 0; i < value.length; i++) this.item((value as readonly Value[])[i], depth + 1);
    } else this.#map(value as ValueMap | undefined, depth);
  }

  #integer(value: number | bigint): void {
    if (typeof value === 'number') {
      if (!Number.isSafeInteger(value) || Object.is(value, -0))
        refuse(`${value} is not an integer; floats are refused`);
      this.#head(value < 0 ? NEGATIVE : UNSIGNED, value < 0 ? -1 - value : value);
      return;
    }
    if (value > 0xffffffffffffffffn || value <= -0x10000000000000000n) refuse('an integer is beyond 64 bits');
    const [major, argument] = value < 0n ? [NEGATIVE, -1n - value] : [UNSIGNED, value];
    if (argument <= Number.MAX_SAFE_INTEGER) {
      this.#head(major, Number(argument));
      return;
    }
    this.#ensure(9);
    room[this.#at] = major | 27;
    room.writeBigUInt64BE(argument, this.#at + 1);
    this.#at += 9;
  }

  #byteString(bytes: Uint8Array): void {
    this.#head(BYTES, bytes.length);
    this.#ensure(bytes.length);
    room.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #text(text: string): void {
    if (!text.isWellFormed()) refuse('text holds a lone surrogate');
    const length = Buffer.byteLength(text);
    this.#head(TEXT, length);
    this.#ensure(length);
    this.#at += room.write(text, this.#at);
  }

  #map(map: ValueMap | undefined, depth: number): void {
    const proto: unknown = typeof map === 'object' ? Object.getPrototypeOf(map) : undefined;
    if (map === undefined || (proto !== Object.prototype && proto !== null))
      return refuse('only plain objects, arrays, text, bytes, integers and links');
    const keys = Object.keys(map).sort(compareKeys);
    this.#head(MAP, keys.length);
    for (const key of keys) {
      if (!isAllowedKey(key)) refuse(`a map cannot have the key ${JSON.stringify(key)}`);
      this.#text(key);
      this.item(map[key], depth + 1);
    }
  }

  #simple(byte: number): void {
    this.#ensure(1);
    room[this.#at++] = byte;
  }

  /** @param argument a safe integer. */
  #head(major: number, argument: number): void {
    this.#ensure(9);
    if (argument < 24) {
      room[this.#at++] = major | argument;
      return;
    }
    const size = argument < 0x100 ? 1 : argument < 0x1_0000 ? 2 : argument < 0x1_0000_0000 ? 4 : 8;
    room[this.#at++] = major | (24 + Math.log2(size));
    if (size === 8) {
      room.writeUInt32BE(Math.floor(argument / 0x1_0000_0000), this.#at);
      room.writeUInt32BE(argument % 0x1_0000_0000, this.#at + 4);
    } else room.writeUIntBE(argument, this.#at, size);
    this.#at += size;
  }

  #ensure(more: number): void {
    if (this.#at + more <= room.length) return;
    if (this.#at + more > this.#limit + 9)
      throw new CustodyError('OBJECT_TOO_LARGE', `an object is above the limit of ${this.#limit} bytes`);
    const larger = Buffer.allocUnsafe(Math.max(2 * room.length, this.#at + more));
    room.copy(larger, 0, 0, this.#at);
    room = larger;
  }
}

/** Major types (RFC 8949 section 3.1), in the upper three bits. */
const [UNSIGNED, NEGATIVE, BYTES, TEXT, LIST, MAP, TAG] = [0x00, 0x20, 0x40, 0x60, 0x80, 0xa0, 0xc0];

/** RFC 8949 section 4.2.1 for text keys: shorter UTF-8 first, then bytewise. */
function compareKeys(a: string, b: string): number {
  const x = Buffer.from(a);
  const y = Buffer.from(b);
  return x.length - y.length || Buffer.compare(x, y);
}

function refuse(what: string): never {
  throw new CustodyError('OBJECT_NOT_CANONICAL', what);
}
