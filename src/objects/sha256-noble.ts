import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Hasher } from './sha256.ts';

/** The same functions as sha256.ts in pure JavaScript: for the validator's bundle, and as an oracle in tests. */
export function sha256Bytes(data: Uint8Array): Uint8Array {
  return sha256(data);
}

export function sha256Hex(data: Uint8Array): string {
  return bytesToHex(sha256(data));
}

export function sha256Hasher(): Hasher {
  const h = sha256.create();
  return { update: (data) => void h.update(data), hex: () => bytesToHex(h.digest()) };
}
