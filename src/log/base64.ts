import { Buffer } from 'node:buffer';

/** Standard base64 with padding, RFC 4648 section 4. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

/**
 * Strict: only what {@link encodeBase64} writes, so one byte string has one text. Node skips foreign characters and takes the URL
 * alphabet, missing padding and stray last bits; encoding again and comparing refuses them all.
 * @returns undefined where `text` is not canonical base64.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
