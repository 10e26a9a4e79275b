import * as oracle from '@ipld/dag-cbor';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { decode, encode, MAX_OBJECT } from '../../src/objects/codec.ts';
import { decodeObject, encodeObject, KINDS, linksOf } from '../../src/objects/kinds.ts';
import { hex, unhex, vectors } from './support.ts';
import { refusedWith } from '../support/refusals.ts';

interface Valid {
  readonly description: string;
  readonly kind: string;
  readonly id: string;
  readonly hex: string;
}
interface Invalid {
  readonly description: string;
  readonly hex: string;
  readonly code: ErrorCode;
}

const VALID = vectors<Valid>('objects/valid');
const INVALID = vectors<Invalid>('objects/invalid');

/** What the invalid vectors are made of, without the fault. */
const BASES = {
  bundle: 'a5617602646b696e646662756e646c6565666972737400656c6576656c0067656e747269657380',
  file: `a5617601646b696e646466696c656473697a651a00100001666368756e6b73d82a58250001711220${'22'.repeat(32)}667368613235365820${'11'.repeat(32)}`,
  validator: `a66176026466696c65d82a58250001551220${'22'.repeat(32)}646b696e646976616c696461746f72646e616d6561786672756e6e65726b696e7465727072657465726870726f746f636f6c6561736b2f31`,
  node: `a4617601646b696e64646e6f6465656c6576656c0167656e7472696573828349108000000000000000d82a58250001711220${'11'.repeat(32)}018349108000000000000001d82a58250001711220${'22'.repeat(32)}01`,
  rows: 'a3617601646b696e6464726f777367656e747269657380',
  tree: `a4617602646b696e646474726565656c6576656c0067656e747269657381a3646c696e6bd82a58250001711220${'22'.repeat(32)}646d6f646563646972646e616d656161`,
};

/** Vectors that plain DAG-CBOR allows and this codec does not; each is named in spec/FORMAT.md. */
const STRICTER_THAN_DAG_CBOR = [
  'float-double',
  'integer-minus-2-64',
  'key-integer-like',
  'key-proto',
  'link-cidv0',
  'link-dag-pb',
  'link-identity',
  'link-long',
  'link-sha2-512',
  'link-short',
  'nested-too-deep',
];
describe('valid objects', () => {
  it.each(VALID)('%s', (_, vector) => {
    const bytes = unhex(vector.hex);
    const object = decodeObject(bytes);
    expect(object.kind).toBe(vector.kind);
    const again = encodeObject(object);
    expect(hex(again.bytes)).toBe(vector.hex);
    expect(again.link.digest).toBe(vector.id);
    expect(again.link.codec).toBe('dag-cbor');
  });

  it.each(VALID)('%s: links are those that an IPLD tool finds', (_, vector) => {
    const found = linksOf(decodeObject(unhex(vector.hex))).map(({ digest }) => digest);
    const theirs: string[] = [];
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
      if ('asCID' in value)
        theirs.push(hex((value as unknown as { multihash: { digest: Uint8Array } }).multihash.digest));
      else Object.values(value).forEach(visit);
    };
    visit(oracle.decode(unhex(vector.hex)));
    expect(found.toSorted()).toEqual(theirs.toSorted());
  });

  it('every kind has a vector', () => {
    expect(new Set(VALID.map(([, { kind }]) => kind))).toEqual(new Set(KINDS));
  });

  it.each(Object.entries(BASES))('the %s that invalid vectors start from', (_, base) => {
    expect(hex(encodeObject(decodeObject(unhex(base))).bytes)).toBe(base);
  });

  it('one field missing or one too many is refused, for every kind', () => {
    for (const [name, vector] of VALID) {
      const map = decode(unhex(vector.hex)) as Record<string, never>;
      for (const key of Object.keys(map)) {
        const rest = Object.fromEntries(Object.entries(map).filter(([name]) => name !== key));
        const code = refusedWith(() => decodeObject(encode(rest)));
        const wanted =
          key === 'kind'
            ? 'OBJECT_KIND_UNKNOWN'
            : key === 'v'
              ? 'OBJECT_VERSION_UNKNOWN'
              : 'OBJECT_FIELD_INVALID';
        expect(code, `${name} without ${key}`).toBe(wanted);
      }
      expect(refusedWith(() => decodeObject(encode({ ...map, more: null })))).toBe('OBJECT_FIELD_UNKNOWN');
      expect(refusedWith(() => decodeObject(encode({ ...map, v: 99 })))).toBe('OBJECT_VERSION_UNKNOWN');
    }
  });

  it('every prefix and every prolonged form is refused', () => {
    for (const [, vector] of VALID) {
      const bytes = unhex(vector.hex);
      for (let i = 0; i < bytes.length; i++)
        expect(refusedWith(() => decode(bytes.subarray(0, i)))).toBe('OBJECT_NOT_CANONICAL');
      expect(refusedWith(() => decode(unhex(`${vector.hex}f6`)))).toBe('OBJECT_NOT_CANONICAL');
    }
  });
});

describe('invalid objects', () => {
  it.each(INVALID)('%s', (_, vector) => {
    expect(refusedWith(() => decodeObject(unhex(vector.hex)))).toBe(vector.code);
  });

  it('an independent decoder refuses the same bytes, but for what spec/FORMAT.md adds', () => {
    const accepted = INVALID.filter(([, { code }]) => code === 'OBJECT_NOT_CANONICAL').filter(
      ([, vector]) => {
        try {
          return hex(oracle.encode(oracle.decode(unhex(vector.hex)))) === vector.hex;
        } catch {
          return false;
        }
      },
    );
    expect(accepted.map(([name]) => name)).toEqual(STRICTER_THAN_DAG_CBOR);
  });

  it('a million nested lists or maps are refused like forty', () => {
    for (const pattern of ['81', 'a1617681', 'd82a', 'd81c81']) {
      const bytes = unhex(pattern.repeat(1_000_000 / (pattern.length / 2)));
      expect(refusedWith(() => decode(bytes.subarray(0, 1_000_000)))).toBe('OBJECT_NOT_CANONICAL');
    }
  });

  it('one byte above 1 MiB is too large; 1 MiB is not', () => {
    const overhead = 5;
    expect(decode(encode(new Uint8Array(MAX_OBJECT - overhead)))).toHaveLength(MAX_OBJECT - overhead);
    expect(refusedWith(() => encode(new Uint8Array(MAX_OBJECT - overhead + 1)))).toBe('OBJECT_TOO_LARGE');
    expect(refusedWith(() => decode(new Uint8Array(MAX_OBJECT + 1)))).toBe('OBJECT_TOO_LARGE');
    expect(refusedWith(() => decode(new Uint8Array(MAX_OBJECT)))).toBe('OBJECT_NOT_CANONICAL');
    const text = new Uint8Array(MAX_OBJECT).fill(0xff);
    text.set(unhex('7a000ffffb'));
    expect(refusedWith(() => decode(text))).toBe('OBJECT_NOT_CANONICAL');
  });
});
