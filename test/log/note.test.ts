import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../src/errors.ts';
import { decodeBase64, encodeBase64 } from '../../src/log/base64.ts';
import {
  formatSignerKey,
  formatVerifierKey,
  generateKey,
  isKeyName,
  keyIdOf,
  parseSignerKey,
  parseVerifierKey,
  verifierKeyOf,
} from '../../src/log/note-key.ts';
import { formatNote, openNote, parseNote, signNote } from '../../src/log/note.ts';
import { hinted, hex, readVector, unhex, vectorsIn } from './vectors.ts';
import type { LogVector } from './vectors.ts';

interface KeyVector extends LogVector {
  vkey?: string;
  skey?: string;
  name: string;
  keyId: string;
  publicKey: string;
  seed: string;
}

interface NoteVector extends LogVector {
  vkeys: string[];
  note?: string;
  noteHex?: string;
  text: string;
  verified: string[];
  unknown: string[];
}

const KEY = readVector('key/ok-generated.json') as Required<KeyVector>;
const GO_KEY = readVector('key/ok-go-signer.json') as Required<KeyVector>;
const GO_NOTE = readVector('note/ok-go-example.json') as Required<NoteVector>;
const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
const names = fc.string({ minLength: 1, unit: 'binary' }).filter(isKeyName);

describe('key vectors', () => {
  it.each(vectorsIn<KeyVector>('key'))('%s', (_, vector) => {
    const { skey, vkey } = vector;
    const run = () => (skey === undefined ? parseVerifierKey(vkey!) : parseSignerKey(skey));
    hinted(run, vector.code);
    if (vector.code !== null) return;
    const key = run();
    expect([key.name, key.keyId, hex(key.publicKey)]).toEqual([vector.name, vector.keyId, vector.publicKey]);
    expect(keyIdOf(key.name, key.type, key.publicKey)).toBe(vector.keyId);
    expect(formatVerifierKey(key)).toBe(vkey);
    if (skey === undefined) return;
    expect(hex(parseSignerKey(skey).seed)).toBe(vector.seed);
    expect(formatSignerKey(parseSignerKey(skey))).toBe(skey);
    expect(verifierKeyOf(skey)).toBe(vkey);
    expect(generateKey(vector.name, unhex(vector.seed), key.type)).toEqual({ skey, vkey });
  });

  it('never put a secret into an error', () => {
    const secret = KEY.skey.split('+').at(-1)!;
    for (const skey of [
      KEY.skey.replace('custody', 'other'),
      `${KEY.skey}x`,
      KEY.skey.slice(12),
      `${KEY.skey}=`,
    ]) {
      try {
        parseSignerKey(skey);
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(CustodyError);
        const { code, message, hint, cause } = error as CustodyError;
        expect(code).toBe('KEY_MALFORMED');
        expect(`${message}${hint}${String(cause)}`).not.toContain(secret.slice(0, 12));
      }
    }
  });

  it('come only from 32 bytes and a key name', () => {
    hinted(() => generateKey('a', new Uint8Array(31)), 'KEY_MALFORMED');
    hinted(() => generateKey('a', new Uint8Array(64)), 'KEY_MALFORMED');
    for (const name of ['', 'a b', 'a+b', 'a\nb', 'a\u3000b', 'a\u0000b', 'a\ud800b']) {
      hinted(() => generateKey(name, new Uint8Array(32)), 'KEY_MALFORMED');
    }
  });

  it('round-trip under any name, with the public key of another library', () => {
    fc.assert(
      fc.property(names, seeds, (name, seed) => {
        const { skey, vkey } = generateKey(name, seed);
        expect(hex(parseVerifierKey(vkey).publicKey)).toBe(hex(ed25519.getPublicKey(seed)));
        expect(hex(parseSignerKey(skey).seed)).toBe(hex(seed));
      }),
    );
  });
});

describe('note vectors', () => {
  it.each(vectorsIn<NoteVector>('note'))('%s', (_, vector) => {
    const note = vector.note ?? unhex(vector.noteHex!);
    hinted(() => openNote(note, vector.vkeys), vector.code);
    // Whether the note came as text or as bytes makes no difference.
    if (typeof note === 'string') hinted(() => openNote(Buffer.from(note), vector.vkeys), vector.code);
    if (vector.code !== null) return;
    const label = ({ name, keyId }: { name: string; keyId: string }) => `${name}+${keyId}`;
    const opened = openNote(Buffer.from(note), vector.vkeys);
    expect(opened.text).toBe(vector.text);
    expect(opened.verified.map(label)).toEqual(vector.verified);
    expect(opened.unknown.map(label)).toEqual(vector.unknown);
    expect(formatNote(parseNote(note))).toBe(note);
  });

  it('are malformed also for who only parses', () => {
    for (const [, vector] of vectorsIn<NoteVector>('note')) {
      const expected = vector.code === 'NOTE_MALFORMED' ? vector.code : null;
      hinted(() => parseNote(vector.note ?? unhex(vector.noteHex!)), expected);
    }
  });

  it("signs Go's example byte for byte", () => {
    expect(signNote(GO_NOTE.text, GO_KEY.skey)).toBe(GO_NOTE.note);
  });
});

describe('notes', () => {
  it('refuse to sign what could not be opened', () => {
    for (const text of ['', 'no newline', 'a\tb\n', 'a\r\n', 'a\u0000\n', 'a\ud800b\n']) {
      hinted(() => signNote(text, KEY.skey), 'NOTE_MALFORMED');
    }
    hinted(() => signNote('text\n'), 'NOTE_MALFORMED');
    hinted(() => signNote('text\n', ...Array.from({ length: 101 }, () => KEY.skey)), 'NOTE_MALFORMED');
    hinted(() => signNote('text\n', KEY.vkey), 'KEY_MALFORMED');
    hinted(() => parseNote('a\ud800b\n\n— x AQIDBAU=\n'), 'NOTE_MALFORMED');
  });

  it('are not written with a signature that could not be read', () => {
    const good = { name: 'x', keyId: '01020304', signature: Uint8Array.of(5) };
    expect(formatNote({ text: 't\n', signatures: [good] })).toBe('t\n\n— x AQIDBAU=\n');
    for (const bad of [
      { name: 'x y' },
      { keyId: '0102030' },
      { keyId: '0102030A' },
      { signature: new Uint8Array() },
    ]) {
      hinted(() => formatNote({ text: 't\n', signatures: [{ ...good, ...bad }] }), 'NOTE_MALFORMED');
    }
  });

  it('need their keys well formed', () => {
    hinted(() => openNote(GO_NOTE.note, [`${GO_KEY.vkey}x`]), 'KEY_MALFORMED');
    hinted(() => openNote(GO_NOTE.note, [GO_KEY.vkey, GO_KEY.vkey]), null);
  });

  const texts = fc
    .string({ unit: 'grapheme' })
    .filter((text) => text.isWellFormed())
    .map((text) => `${text.replace(/[\u0000-\u001f]/g, '\n')}\n`);

  it('open again whatever was signed, and with @noble/curves', () => {
    fc.assert(
      fc.property(texts, names, seeds, (text, name, seed) => {
        const { skey, vkey } = generateKey(name, seed);
        const note = signNote(text, skey, KEY.skey);
        const opened = openNote(note, [vkey]);
        expect([opened.text, opened.verified.length, opened.unknown.length]).toEqual([text, 1, 1]);
        const { signature } = opened.verified[0]!;
        expect(ed25519.verify(signature, Buffer.from(text), parseVerifierKey(vkey).publicKey)).toBe(true);
        expect(formatNote(parseNote(note))).toBe(note);
      }),
      { numRuns: 50 },
    );
  });

  it('do not open after any byte was changed', () => {
    const note = Buffer.from(GO_NOTE.note);
    for (let at = 0; at < note.length; at++) {
      const changed = Buffer.from(note);
      changed[at]! ^= 1;
      expect(() => openNote(changed, GO_NOTE.vkeys)).toThrow(CustodyError);
      expect(() => openNote(note.subarray(0, at), GO_NOTE.vkeys)).toThrow(CustodyError);
    }
  });

  it('fail with a CustodyError on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        hinted(() => openNote(bytes, GO_NOTE.vkeys), 'NOTE_MALFORMED');
      }),
    );
  });
});

describe('base64', () => {
  it('has one text for each byte string', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = encodeBase64(bytes.subarray(1));
        expect(hex(decodeBase64(text)!)).toBe(hex(bytes.subarray(1)));
      }),
    );
    for (const text of ['A', 'AA', 'AA=', 'AB==', 'AA==\n', 'A A=', '-_==', 'AA==AA==']) {
      expect(decodeBase64(text)).toBeUndefined();
    }
  });
});
