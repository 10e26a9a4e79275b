/** Signed notes (C2SP signed-note): a text, an empty line, then one line for each signature over the text. */
import { Buffer } from 'node:buffer';
import { sign, verify } from 'node:crypto';
import { CustodyError } from '../errors.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import {
  COSIGNATURE,
  ED25519,
  isKeyName,
  parseSignerKey,
  parseVerifierKey,
  privateKeyObject,
  publicKeyObject,
} from './note-key.ts';
import type { SignerKey, VerifierKey } from './note-key.ts';

/** The specification wants at least 16 accepted; Go's sumdb/note refuses more than 100, and so do we. */
export const MAX_NOTE_SIGNATURES = 100;
const DASH = '— ';
const SIGNATURE_SIZE = 64;
const TIME_SIZE = 8;

export interface NoteSignature {
  readonly name: string;
  /** 8 lower-case hex digits. */
  readonly keyId: string;
  /** Without the key id. Of an unknown key it can be anything, but not empty. */
  readonly signature: Uint8Array;
}

export interface Note {
  /** What is signed: ends with a newline. Not to be used before a signature of a known key was verified: {@link openNote}. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A signature of a known key that is right. */
export interface VerifiedSignature extends NoteSignature {
  /** When its key's holder says it was made: seconds since 1970, of a cosignature only. */
  readonly time?: number;
}

/** A note of which at least one signature, and every one of a known key, is right. */
export interface OpenedNote {
  readonly text: string;
  readonly verified: readonly VerifiedSignature[];
  /** Of keys that are not known: ignored. */
  readonly unknown: readonly NoteSignature[];
}

/** Checks the form only. @throws CustodyError NOTE_MALFORMED. */
export function parseNote(note: string | Uint8Array): Note {
  const all = decodeText(note);
  // The text may have empty lines itself: the last one separates.
  const at = all.lastIndexOf('\n\n');
  if (at < 0) throw malformed('a note has an empty line before its signatures');
  const block = all.slice(at + 2);
  if (!block.endsWith('\n')) throw malformed('a note ends with signature lines, each with a newline');
  const lines = block.slice(0, -1).split('\n', MAX_NOTE_SIGNATURES + 1);
  if (lines.length > MAX_NOTE_SIGNATURES)
    throw malformed(`a note has more than ${MAX_NOTE_SIGNATURES} signatures`);
  return { text: all.slice(0, at + 1), signatures: lines.map(parseSignatureLine) };
}

/** The inverse of {@link parseNote}, byte for byte. @throws CustodyError NOTE_MALFORMED where the result could not be parsed. */
export function formatNote({ text, signatures }: Note): string {
  checkText(text);
  if (signatures.length === 0 || signatures.length > MAX_NOTE_SIGNATURES) {
    throw malformed(`a note has 1 to ${MAX_NOTE_SIGNATURES} signatures, not ${signatures.length}`);
  }
  return `${text}\n${signatures.map(formatSignatureLine).join('')}`;
}

/**
 * A note with the text and one Ed25519 signature (RFC 8032: the same every time) for each signing key of type 0x01.
 * @param text ends with a newline.
 * @throws CustodyError NOTE_MALFORMED, KEY_MALFORMED.
 */
export function signNote(text: string, ...skeys: readonly string[]): string {
  checkText(text);
  const signatures = skeys.map((skey) => {
    const { name, keyId, seed } = signerOf(skey, ED25519);
    return { name, keyId, signature: sign(null, Buffer.from(text), privateKeyObject(seed)) };
  });
  return formatNote({ text, signatures });
}

/**
 * A note with the text and one cosignature (C2SP tlog-cosignature, Ed25519), which says when it was made.
 * @param text ends with a newline.
 * @param skey of type 0x04.
 * @param time seconds since 1970, 0 to 2^53 - 1.
 * @throws CustodyError NOTE_MALFORMED, KEY_MALFORMED.
 */
export function cosignNote(text: string, skey: string, time: number): string {
  checkText(text);
  if (!Number.isSafeInteger(time) || time < 0) throw malformed(`${time} is no time of a signature`);
  const { name, keyId, seed } = signerOf(skey, COSIGNATURE);
  const stamp = Buffer.alloc(TIME_SIZE);
  stamp.writeBigUInt64BE(BigInt(time));
  const signature = Buffer.concat([stamp, sign(null, cosigned(text, time), privateKeyObject(seed))]);
  return formatNote({ text, signatures: [{ name, keyId, signature }] });
}

function signerOf(skey: string, type: SignerKey['type']): SignerKey {
  const key = parseSignerKey(skey);
  if (key.type === type) return key;
  throw new CustodyError('KEY_MALFORMED', `the key of ${key.name} makes signatures of another type`, {
    hint: 'Sign checkpoints with the key of a log, and nothing else with it.',
  });
}

/** What an Ed25519 cosignature is over: C2SP tlog-cosignature, "Ed25519 signed message". */
function cosigned(text: string, time: number): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${time}\n${text}`);
}

/** The time that a cosignature carries. Undefined where it has another length, or a time above 2^53 - 1. */
function timeIn(signature: Uint8Array): number | undefined {
  if (signature.length !== TIME_SIZE + SIGNATURE_SIZE) return undefined;
  const time = Number(Buffer.from(signature.buffer, signature.byteOffset).readBigUInt64BE());
  return Number.isSafeInteger(time) ? time : undefined;
}

/**
 * Verifies a note. Signatures of unknown keys are ignored, also where the name or the id, but not both, is known. Every
 * signature of a known key is verified, and one wrong one is enough to refuse the note.
 * @throws CustodyError NOTE_MALFORMED; KEY_MALFORMED; SIGNATURE_INVALID where one is wrong or none is of a known key.
 */
export function openNote(note: string | Uint8Array, vkeys: readonly string[]): OpenedNote {
  const keys = new Map<string, VerifierKey>();
  for (const key of vkeys.map(parseVerifierKey)) {
    const known = keys.get(label(key));
    // Two keys behind one label cannot be told apart, so an id made to collide must not replace a key.
    if (known !== undefined && !Buffer.from(known.publicKey).equals(key.publicKey)) {
      throw new CustodyError('KEY_MALFORMED', `two keys are called ${label(key)}`, {
        hint: 'Rename one of them.',
      });
    }
    keys.set(label(key), key);
  }
  const { text, signatures } = parseNote(note);
  const verified: VerifiedSignature[] = [];
  const unknown: NoteSignature[] = [];
  for (const signature of signatures) {
    const key = keys.get(label(signature));
    if (key === undefined) {
      unknown.push(signature);
    } else {
      verified.push(verifySignature(text, signature, key));
    }
  }
  if (verified.length === 0) throw invalid('no known key signed this');
  return { text, verified, unknown };
}

/** @throws CustodyError SIGNATURE_INVALID */
function verifySignature(text: string, claimed: NoteSignature, key: VerifierKey): VerifiedSignature {
  const { signature } = claimed;
  const time = timeIn(signature);
  const right = (message: Buffer, bare: Uint8Array): boolean =>
    bare.length === SIGNATURE_SIZE && verify(null, message, publicKeyObject(key.publicKey), bare);
  if (key.type === ED25519 && right(Buffer.from(text), signature)) return claimed;
  if (key.type === COSIGNATURE && time !== undefined)
    if (right(cosigned(text, time), signature.subarray(TIME_SIZE))) return { ...claimed, time };
  throw invalid(`the signature of ${label(key)} is wrong`);
}

function label({ name, keyId }: { name: string; keyId: string }): string {
  return `${name}+${keyId}`;
}

function parseSignatureLine(line: string): NoteSignature {
  // A name holds no space, so the first space after it separates.
  const [name = '', base64 = '', ...more] = line.slice(DASH.length).split(' ');
  if (!line.startsWith(DASH) || more.length > 0 || !isKeyName(name)) throw malformed('not a signature line');
  const blob = decodeBase64(base64);
  if (blob === undefined || blob.length < 5)
    throw malformed(`the signature of ${name} is not base64(key id, signature)`);
  return { name, keyId: Buffer.from(blob.subarray(0, 4)).toString('hex'), signature: blob.subarray(4) };
}

function formatSignatureLine({ name, keyId, signature }: NoteSignature): string {
  if (!isKeyName(name) || !/^[0-9a-f]{8}$/.test(keyId) || signature.length === 0) {
    throw malformed('a signature has a key name, a key id of 8 hex digits, and bytes');
  }
  return `${DASH}${name} ${encodeBase64(Buffer.concat([Buffer.from(keyId, 'hex'), signature]))}\n`;
}

function decodeText(note: string | Uint8Array): string {
  let text: string;
  try {
    // ignoreBOM keeps a byte order mark in the text: what is returned is what was signed.
    text =
      typeof note === 'string'
        ? note
        : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(note);
  } catch (cause) {
    throw malformed('the note is not UTF-8', cause);
  }
  checkCharacters(text);
  return text;
}

function checkText(text: string): void {
  checkCharacters(text);
  if (!text.endsWith('\n')) throw malformed('the text of a note ends with a newline');
}

function checkCharacters(text: string): void {
  if (!text.isWellFormed()) throw malformed('the note is not Unicode text');
  if (/[\u0000-\u0009\u000b-\u001f]/.test(text))
    throw malformed('a note has no control characters but newline');
}

function malformed(message: string, cause?: unknown): CustodyError {
  return new CustodyError('NOTE_MALFORMED', message, {
    hint: 'Fetch the note again, byte for byte; an editor may have changed it.',
    cause,
  });
}

function invalid(message: string): CustodyError {
  return new CustodyError('SIGNATURE_INVALID', message, {
    hint: 'Check that the verifier key is the right one; if it is, do not trust the note.',
  });
}
