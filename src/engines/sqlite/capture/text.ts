import { isUtf8 } from 'node:buffer';
import { CustodyError } from '../../../errors.ts';
import { TextBytes } from '../../../objects/rows/key.ts';

/** `PRAGMA encoding`. */
export type Encoding = 'UTF-8' | 'UTF-16le' | 'UTF-16be';

/** @throws CustodyError DATABASE_UNSUPPORTED for an encoding that SQLite does not have. */
export function parseEncoding(text: unknown): Encoding {
  if (text === 'UTF-8' || text === 'UTF-16le' || text === 'UTF-16be') return text;
  throw new CustodyError('DATABASE_UNSUPPORTED', `unknown text encoding ${String(text)}`);
}

/**
 * Stored text bytes as the text of a canonical record: UTF-8 as it is, valid or not; UTF-16 transcoded, a lone
 * surrogate as three bytes (WTF-8, https://simonsapin.github.io/wtf-8/), so that different text stays different.
 */
export function recordText(bytes: Uint8Array, encoding: Encoding): string | TextBytes {
  if (encoding === 'UTF-8') return isUtf8(bytes) ? Buffer.from(bytes).toString() : new TextBytes(bytes);
  const units = Buffer.from(bytes.subarray(0, bytes.length & ~1));
  const text = (encoding === 'UTF-16be' ? units.swap16() : units).toString('utf16le');
  return text.isWellFormed() ? text : new TextBytes(wtf8(text));
}

function wtf8(text: string): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const lone = code >= 0xd800 && code <= 0xdfff;
    parts.push(
      lone
        ? Uint8Array.of(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
        : Buffer.from(character),
    );
  }
  return new Uint8Array(Buffer.concat(parts));
}
