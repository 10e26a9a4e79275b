import { CustodyError } from '../errors.ts';
import { sha256Hex } from './sha256.ts';

declare const brand: unique symbol;

/** A SHA-256, as 64 lower-case hex digits that went through {@link parseDigest} or {@link digestOf}. */
export type Digest = string & { readonly [brand]: 'Digest' };

const HEX64 = /^[0-9a-f]{64}$/;

/** @throws CustodyError DIGEST_MALFORMED unless `text` is exactly 64 lower-case hex digits. */
export function parseDigest(text: string): Digest {
  if (!HEX64.test(text)) {
    throw new CustodyError('DIGEST_MALFORMED', `not a SHA-256: ${JSON.stringify(text.slice(0, 80))}`, {
      hint: 'Give 64 lower-case hexadecimal digits.',
    });
  }
  return text as Digest;
}

/** The id of `bytes`: their SHA-256, so `sha256sum` prints it. */
export function digestOf(bytes: Uint8Array): Digest {
  return sha256Hex(bytes) as Digest;
}

/** @throws CustodyError DIGEST_MALFORMED unless `bytes` are 32. */
export function digestFromBytes(bytes: Uint8Array): Digest {
  if (bytes.length !== 32)
    throw new CustodyError('DIGEST_MALFORMED', `a SHA-256 has 32 bytes, not ${bytes.length}`);
  let hex = '';
  for (const byte of bytes) hex += HEX[byte]!;
  return hex as Digest;
}

/** 32 bytes. */
export function digestToBytes(digest: Digest): Uint8Array {
  const out = new Uint8Array(32);
  for (let i = 0; i < 32; i++) out[i] = (nibble(digest, 2 * i) << 4) | nibble(digest, 2 * i + 1);
  return out;
}

/** The value of a lower-case hex digit. */
function nibble(hex: string, at: number): number {
  const code = hex.charCodeAt(at);
  return code < 0x3a ? code - 0x30 : code - 0x57;
}

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));
