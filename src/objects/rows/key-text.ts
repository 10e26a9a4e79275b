import { CustodyError } from '../../errors.ts';
import { CUT_KEY, MAX_KEY } from './key.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a key whose parts are all text (names of schema objects, tables, sequences) back into them. The inverse of
 * `encodeKey` for text. Of a key that was cut ({@link boundKey}) the last part ends in `…` and the first hex digits of
 * the key's hash: such a name is to be shown, and equals no real one.
 * @throws CustodyError TREE_MALFORMED for anything else.
 */
export function decodeKeyText(key: Uint8Array): string[] {
  if (key.length >= MAX_KEY) return decodeCutKey(key);
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
    parts.push(decodeName(Uint8Array.from(bytes)));
  }
  return parts;
}

function decodeName(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new CustodyError('TREE_MALFORMED', 'a key of names holds a name that is not UTF-8', { cause });
  }
}

function decodeCutKey(key: Uint8Array): string[] {
  if (key.length > MAX_KEY) throw new CustodyError('TREE_MALFORMED', 'a key is longer than keys can be');
  const head = Buffer.from(key.subarray(0, CUT_KEY));
  const hash = Buffer.from(key.subarray(CUT_KEY)).toString('hex').slice(0, 16);
  const parts = head.toString('utf8').split('\u0000\u0001');
  if (parts.some((part) => part !== '' && !part.startsWith(' ')))
    throw new CustodyError('TREE_MALFORMED', 'a key of names holds a part that is not text');
  const shown = parts.filter((part) => part !== '').map((part) => part.slice(1));
  return [...shown.slice(0, -1), `${shown.at(-1) ?? ''}…${hash}`];
}
