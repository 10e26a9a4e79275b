import { _SHA256 } from '@noble/hashes/sha2.js';
import type { Hasher } from './sha256.ts';

/**
 * The same functions as sha256.ts in pure JavaScript: for the validator's bundle, and as an oracle in tests. The class alone,
 * without what the package builds around it.
 */
export function sha256Bytes(data: Uint8Array): Uint8Array {
  return new _SHA256().update(data).digest();
}

export function sha256Hex(data: Uint8Array): string {
  return hexOf(sha256Bytes(data));
}

export function sha256Hasher(): Hasher {
  const h = new _SHA256();
  return { update: (data) => void h.update(data), hex: () => hexOf(h.digest()) };
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
