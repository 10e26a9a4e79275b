import * as oracle from '@ipld/dag-cbor';
import fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { create } from 'multiformats/hashes/digest';
import { expect, it } from 'vitest';
import { CustodyError } from '../../src/errors.ts';
import type * as codec from '../../src/objects/codec.ts';
import { MAX_OBJECT } from '../../src/objects/codec.ts';
import { digestFromBytes, digestToBytes } from '../../src/objects/digest.ts';
import { Link } from '../../src/objects/link.ts';
import { hex, unhex } from './support.ts';
import { refusedWith } from '../support/refusals.ts';

type Codec = Pick<typeof codec, 'encode' | 'decode'>;

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(digestFromBytes);
const link = fc
  .tuple(digest, fc.constantFrom('raw' as const, 'dag-cbor' as const))
  .map(([id, kind]) => new Link(id, kind));

/** Integers with every head size, on both sides of each border. */
const integer = fc.oneof(
  fc.maxSafeInteger().map(BigInt),
  fc.bigInt({ min: -(2n ** 64n) + 1n, max: 2n ** 64n - 1n }),
  fc
    .tuple(
      fc.constantFrom(0n, 24n, 1n << 8n, 1n << 16n, 1n << 31n, 1n << 32n, 1n << 53n, 1n << 63n),
      fc.bigInt(-3n, 3n),
      fc.boolean(),
    )
    .map(([border, near, negative]) => (negative ? -border : border) + near),
);
/** Text of lengths around the heads' borders, of characters of one to four bytes, also with a byte order mark. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .tuple(
      fc.constantFrom('', '\ufeff', '\0'),
      fc.constantFrom('a', 'é', '€', '😀', '\ufeff', '\u2028'),
      fc.constantFrom(7, 12, 22, 23, 24, 31, 32, 63, 64, 85, 86, 127, 128, 254, 255, 256, 300),
    )
    .map(([first, unit, count]) => first + unit.repeat(count)),
  fc
    .tuple(
      fc.constantFrom('a', 'é', '€', '😀'),
      fc.constantFrom(16_383, 21_845, 21_846, 32_768, 65_535, 65_536),
    )
    .map(([unit, count]) => unit.repeat(count)),
);
const key = fc
  .string({ unit: 'binary', maxLength: 30 })
  .filter((name) => name !== '__proto__' && !/^(0|[1-9][0-9]*)$/.test(name));
const { value: anything } = fc.letrec<{ value: codec.Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.constantFrom(null, true, false),
    integer,
    text,
    fc.uint8Array({ maxLength: 300 }),
    link,
    fc.array(tie('value'), { maxLength: 30 }),
    fc.dictionary(key, tie('value'), { maxKeys: 30, noNullPrototype: true }),
  ),
}));

/** A value of ours as @ipld/dag-cbor wants it. */
function theirs(value: codec.Value): unknown {
  if (value instanceof Link) {
    return CID.createV1(value.codec === 'raw' ? 0x55 : 0x71, create(0x12, digestToBytes(value.digest)));
  }
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map((item: codec.Value) => theirs(item));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, theirs(item)]));
}

/** Safe integers as numbers, as both decoders give them. */
function plain(value: codec.Value): codec.Value {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || value instanceof Link)
    return value;
  if (Array.isArray(value)) return value.map((item: codec.Value) => plain(item));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
}

/** cborg 6 drops a byte order mark at the beginning of a text, which RFC 8949 does not ask for. */
function hasMark(bytes: Uint8Array): boolean {
  return Buffer.from(bytes).includes('\ufeff');
}

/** The properties that hold for the codec, at so many runs each. */
export function codecProperties({ encode, decode }: Codec, numRuns: number): void {
  it('writes the bytes of @ipld/dag-cbor, which reads the same value', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const wanted = oracle.encode(theirs(value));
        if (wanted.length > MAX_OBJECT) {
          expect(refusedWith(() => encode(value))).toBe('OBJECT_TOO_LARGE');
          expect(refusedWith(() => decode(wanted))).toBe('OBJECT_TOO_LARGE');
          return;
        }
        const bytes = encode(value);
        expect(hex(bytes)).toBe(hex(wanted));
        if (!hasMark(bytes)) expect(oracle.decode(bytes)).toEqual(theirs(plain(value)));
        expect(decode(bytes)).toEqual(plain(value));
      }),
      { numRuns },
    );
  });

  it('a value stays the same when decoding goes on: it owns its bytes', () => {
    const first = encode(['kept', new Uint8Array([1, 2, 3])]);
    const value = decode(first);
    for (let i = 0; i < 100; i++) encode(new Uint8Array(1000).fill(i));
    expect(decode(first)).toEqual(['kept', new Uint8Array([1, 2, 3])]);
    first.fill(0);
    expect(value).toEqual(['kept', new Uint8Array([1, 2, 3])]);
  });

  it('of changed encodings it accepts only what encodes to the same bytes everywhere', () => {
    fc.assert(
      fc.property(
        anything,
        fc.array(fc.tuple(fc.nat(), fc.constantFrom('set', 'insert', 'delete', 'flip'), fc.nat(255)), {
          minLength: 1,
          maxLength: 4,
        }),
        (value, edits) => {
          const bytes = [...oracle.encode(theirs(value)).subarray(0, 5_000)];
          for (const [where, edit, byte] of edits) {
            const at = where % (bytes.length + 1);
            if (edit === 'insert') bytes.splice(at, 0, byte);
            else if (edit === 'delete') bytes.splice(at, 1);
            else if (at < bytes.length) bytes[at] = edit === 'set' ? byte : bytes[at]! ^ (1 << (byte % 8));
          }
          agrees(Uint8Array.from(bytes));
        },
      ),
      { numRuns },
    );
  });

  it('of any bytes it accepts only what encodes to the same bytes everywhere', () => {
    const heads = fc.constantFrom(
      '00',
      '17',
      '18',
      '1b',
      '20',
      '40',
      '41',
      '5f',
      '60',
      '61',
      '78',
      '80',
      '81',
      '82',
      '9f',
      'a0',
      'a1',
      'bf',
      'c0',
      'c2',
      'd8',
      'd81c',
      'd81d',
      'd82a',
      'd82a5825000155',
      'd9dfff',
      'd9dff9',
      'd9010382',
      'd84040',
      'f4',
      'f6',
      'f7',
      'f9',
      'fb',
      'ff',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc
            .array(
              fc.oneof(
                heads,
                fc.nat(255).map((byte) => byte.toString(16).padStart(2, '0')),
              ),
              { maxLength: 30 },
            )
            .map((parts) => unhex(parts.join(''))),
        ),
        agrees,
      ),
      { numRuns: numRuns * 5 },
    );
  });

  function agrees(bytes: Uint8Array): void {
    let value: codec.Value;
    try {
      value = decode(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(CustodyError);
      expect((error as CustodyError).code).toBe('OBJECT_NOT_CANONICAL');
      return;
    }
    expect(hex(encode(value))).toBe(hex(bytes));
    if (!hasMark(bytes)) expect(hex(oracle.encode(oracle.decode(bytes)))).toBe(hex(bytes));
  }
}
