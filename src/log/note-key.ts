/** Keys of signed notes (C2SP signed-note): names, key ids, and the texts in which Go's sumdb/note keeps keys. */
import { Buffer } from 'node:buffer';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { CustodyError } from '../errors.ts';
import { hasControlCharacter } from '../objects/control-characters.ts';
import { sha256Hex } from '../objects/sha256.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';

/** The signature types of C2SP signed-note that are known here: Ed25519 over the text, and over the text and a time. */
export const ED25519 = 0x01;
export const COSIGNATURE = 0x04;
type KeyType = typeof ED25519 | typeof COSIGNATURE;
const KEY_SIZE = 32;

export interface VerifierKey {
  readonly name: string;
  /** 8 lower-case hex digits; with the name it says which key a signature claims. Short: not a fingerprint. */
  readonly keyId: string;
  /** What its signatures are over. */
  readonly type: KeyType;
  /** 32 bytes, RFC 8032. */
  readonly publicKey: Uint8Array;
}

export interface SignerKey extends VerifierKey {
  /** 32 secret bytes: RFC 8032's private key. Never print it, never put it into an error. */
  readonly seed: Uint8Array;
}

/** C2SP: not empty, without Unicode spaces and plus; and, for it is printed and part of a note, well formed and without control characters. */
export function isKeyName(name: string): boolean {
  return (
    name !== '' && name.isWellFormed() && !/[\p{White_Space}+]/u.test(name) && !hasControlCharacter(name)
  );
}

/** The first 4 bytes, in hex, of SHA-256(name ‖ 0x0A ‖ type ‖ public key). */
export function keyIdOf(name: string, type: KeyType, publicKey: Uint8Array): string {
  return sha256Hex(Buffer.concat([Buffer.from(`${name}\n`), typed(type, publicKey)])).slice(0, 8);
}

/**
 * A key pair from 32 random bytes, which the caller draws: this layer is pure.
 * @returns the secret `skey` and the public `vkey`, each one line without a newline.
 * @throws CustodyError KEY_MALFORMED unless the name is a key name and there are 32 bytes.
 */
export function generateKey(
  name: string,
  random32: Uint8Array,
  type: KeyType = ED25519,
): { skey: string; vkey: string } {
  if (!isKeyName(name))
    throw malformed('a key name has no spaces, plus or control characters and is not empty');
  if (random32.length !== KEY_SIZE)
    throw malformed(`a key needs ${KEY_SIZE} random bytes, not ${random32.length}`);
  const publicKey = publicKeyOf(random32);
  const key = { name, keyId: keyIdOf(name, type, publicKey), type, publicKey, seed: random32 };
  return { skey: formatSignerKey(key), vkey: formatVerifierKey(key) };
}

/** `name+hex8+base64(type ‖ public key)`. */
export function formatVerifierKey({ name, keyId, type, publicKey }: VerifierKey): string {
  return `${name}+${keyId}+${encodeBase64(typed(type, publicKey))}`;
}

/** `PRIVATE+KEY+name+hex8+base64(type ‖ seed)`, as Go's sumdb/note. */
export function formatSignerKey({ name, keyId, type, seed }: SignerKey): string {
  return `PRIVATE+KEY+${name}+${keyId}+${encodeBase64(typed(type, seed))}`;
}

/** @throws CustodyError KEY_MALFORMED: wrong form, another type, or a key id that is not this key's. */
export function parseVerifierKey(vkey: string): VerifierKey {
  const { name, keyId, type, bytes } = parseKey(vkey);
  if (keyId !== keyIdOf(name, type, bytes))
    throw malformed('the key id does not fit the name and the public key');
  return { name, keyId, type, publicKey: bytes };
}

/** @throws CustodyError KEY_MALFORMED, as {@link parseVerifierKey}; the message never holds the key. */
export function parseSignerKey(skey: string): SignerKey {
  const prefix = 'PRIVATE+KEY+';
  if (!skey.startsWith(prefix)) throw malformed('a signing key begins with PRIVATE+KEY+');
  const { name, keyId, type, bytes } = parseKey(skey.slice(prefix.length));
  const publicKey = publicKeyOf(bytes);
  if (keyId !== keyIdOf(name, type, publicKey))
    throw malformed('the key id does not fit the name and the signing key');
  return { name, keyId, type, publicKey, seed: bytes };
}

/** The public half of a signing key, as text. @throws CustodyError KEY_MALFORMED. */
export function verifierKeyOf(skey: string): string {
  return formatVerifierKey(parseSignerKey(skey));
}

function parseKey(text: string): { name: string; keyId: string; type: KeyType; bytes: Uint8Array } {
  // Neither a name nor hex can hold a plus, base64 can: only the first two separate.
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text);
  if (match === null) throw malformed('a key is name+id+base64');
  const [, name = '', keyId = '', base64 = ''] = match;
  if (!isKeyName(name)) throw malformed('a key name has no spaces or control characters');
  const bytes = decodeBase64(base64);
  if (bytes === undefined) throw malformed('the key is not base64');
  const type = bytes[0];
  if (type !== ED25519 && type !== COSIGNATURE)
    throw malformed('the key is no Ed25519 key (type 0x01, or 0x04 for cosignatures)');
  if (bytes.length !== 1 + KEY_SIZE)
    throw malformed(`an Ed25519 key has ${KEY_SIZE} bytes, not ${bytes.length - 1}`);
  return { name, keyId, type, bytes: bytes.subarray(1) };
}

function typed(type: KeyType, key: Uint8Array): Uint8Array {
  return Uint8Array.of(type, ...key);
}

// RFC 8410: the DER bytes before a raw Ed25519 key; node:crypto takes no raw ones.
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** For node:crypto's `sign`. */
export function privateKeyObject(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
}

/** For node:crypto's `verify`. */
export function publicKeyObject(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
}

function publicKeyOf(seed: Uint8Array): Uint8Array {
  return createPublicKey(privateKeyObject(seed))
    .export({ format: 'der', type: 'spki' })
    .subarray(SPKI_PREFIX.length);
}

function malformed(message: string): CustodyError {
  return new CustodyError('KEY_MALFORMED', message, {
    hint: 'Give the whole line that custody printed or stored.',
  });
}
