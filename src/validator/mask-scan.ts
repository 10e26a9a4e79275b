import type { EngineName } from '../objects/snapshots/classes.ts';

/**
 * Whether a row holds a masked value, without decoding it: serial type 10 in the header of a SQLite record
 * (sqlite-record.ts), the field `\M` in a line of COPY (postgres-copy.ts). Never throws: bytes that are no row hold
 * whatever they seem to hold.
 * @param as a multiset's row has its count, as LEB128, in front.
 */
export function holdsMask(engine: EngineName, bytes: Uint8Array, as: 'plain' | 'multiset'): boolean {
  let at = 0;
  if (as === 'multiset') {
    while (at < bytes.length && bytes[at]! >= 0x80) at++;
    at++;
  }
  return engine === 'sqlite' ? inRecord(bytes, at) : inCopyLine(bytes, at);
}

const MASKED_TYPE = 10;

function inRecord(bytes: Uint8Array, start: number): boolean {
  let header = 0;
  let at = start;
  do header = header * 128 + (bytes[at]! & 0x7f);
  while (at < bytes.length && bytes[at++]! >= 0x80);
  const end = Math.min(start + header, bytes.length);
  for (let first = true; at < end; at++) {
    const byte = bytes[at]!;
    if (first && byte === MASKED_TYPE) return true;
    first = byte < 0x80;
  }
  return false;
}

const BACKSLASH = 0x5c;
const LETTER_M = 0x4d;

/** In what COPY writes, a backslash and the byte after it belong together. */
function inCopyLine(bytes: Uint8Array, start: number): boolean {
  for (let at = bytes.indexOf(BACKSLASH, start); at >= 0; at = bytes.indexOf(BACKSLASH, at + 2)) {
    if (bytes[at + 1] === LETTER_M) return true;
  }
  return false;
}
