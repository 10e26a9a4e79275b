import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestFromBytes, digestOf, digestToBytes, parseDigest } from '../../src/objects/digest.ts';
import * as noble from '../../src/objects/sha256-noble.ts';
import * as native from '../../src/objects/sha256.ts';
import { hex, unhex, utf8 } from './support.ts';
import { refusedWith } from '../support/refusals.ts';

describe('sha256', () => {
  it.each([
    // FIPS 180-4 examples (NIST CSRC, SHA-256)
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
  ])('%j', (text, wanted) => {
    for (const { sha256Hex, sha256Bytes } of [native, noble]) {
      expect(sha256Hex(utf8(text))).toBe(wanted);
      expect(hex(sha256Bytes(utf8(text)))).toBe(wanted);
    }
  });

  it('both implementations agree, whole and in pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), (pieces) => {
        const whole = new Uint8Array(Buffer.concat(pieces));
        expect(noble.sha256Hex(whole)).toBe(native.sha256Hex(whole));
        expect(hex(noble.sha256Bytes(whole))).toBe(hex(native.sha256Bytes(whole)));
        for (const { sha256Hasher } of [native, noble]) {
          const hasher = sha256Hasher();
          for (const piece of pieces) hasher.update(piece);
          expect(hasher.hex()).toBe(native.sha256Hex(whole));
        }
      }),
    );
  });
});

describe('digests', () => {
  it('parse and print', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const digest = digestFromBytes(bytes);
        expect(digest).toBe(hex(bytes));
        expect(parseDigest(digest)).toBe(digest);
        expect(digestToBytes(digest)).toEqual(bytes);
      }),
    );
    expect(digestOf(utf8('abc'))).toBe(native.sha256Hex(utf8('abc')));
  });

  it.each([
    '',
    'ab'.repeat(31),
    'ab'.repeat(33),
    'AB'.repeat(32),
    'xy'.repeat(32),
    `${'ab'.repeat(32)}\n`,
    ` ${'ab'.repeat(32)}`,
  ])('refuse %j', (text) => {
    expect(refusedWith(() => parseDigest(text))).toBe('DIGEST_MALFORMED');
  });

  it('refuse other lengths of bytes', () => {
    for (const text of ['', 'ab'.repeat(31), 'ab'.repeat(33)]) {
      expect(refusedWith(() => digestFromBytes(unhex(text)))).toBe('DIGEST_MALFORMED');
    }
  });
});
