import { CustodyError } from '../errors.ts';

/**
 * Reads a key whose parts are all text (names of schema objects, tables, sequences) back into them. The inverse of
 * `encodeKey` for text. @throws CustodyError TREE_MALFORMED for anything else.
 */
export function decodeKeyText(key: Uint8Array): string[] {
  const parts: string[] = [];
  let at = 0;
  while (at < key.length) {
    if (key[at] !== 0x20)
      throw new CustodyError('TREE_MALFORMED', 'a key of names holds a part that is not text');
    at++;
    const bytes: number[] = [];
    for (;;) {
      const byte = key[at];
      if (byte === undefined) throw new CustodyError('TREE_MALFORMED', 'a key of names ends inside a part');
      if (byte !== 0) {
        bytes.push(byte);
        at++;
        continue;
      }
      if (key[at + 1] === 0xff) bytes.push(0);
      else if (key[at + 1] === 0x01) break;
      else throw new CustodyError('TREE_MALFORMED', 'a key of names holds a broken escape');
      at += 2;
    }
    at += 2;
    parts.push(Buffer.from(bytes).toString('utf8'));
  }
  return parts;
}
