import { createHash, hash } from 'node:crypto';

/** SHA-256 (FIPS 180-4) of bytes, 32 bytes. The validator's bundle replaces this file by sha256-noble.ts. */
export function sha256Bytes(data: Uint8Array): Uint8Array {
  return hash('sha256', data, 'buffer');
}

/** SHA-256 as 64 lower-case hex digits. */
export function sha256Hex(data: Uint8Array): string {
  return hash('sha256', data, 'hex');
}

/** An incremental SHA-256, for content that does not fit in memory. */
export interface Hasher {
  update(data: Uint8Array): void;
  hex(): string;
}

export function sha256Hasher(): Hasher {
  const h = createHash('sha256');
  return { update: (data) => void h.update(data), hex: () => h.digest('hex') };
}
