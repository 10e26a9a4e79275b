/**
 * Names in a packet folder: how their bytes are read, which are refused, and which two are one name elsewhere
 * (spec/FORMAT.md, "Packets"; bagit-python #51, #80). Pure: nothing here touches a disk.
 */

import type { FindingCode } from '../../finding.ts';
import { CONTROL_CLASS, hasControlCharacter } from '../../objects/control-characters.ts';

/** The version of the list of names that are refused, collisions included (spec/FORMAT.md, "Packets"). No object is valid or not by it. */
export const NAMES_LIST = 1;

/** Lists every file of the packet but itself and the seal, in `sha256sum` format. */
export const MANIFEST_NAME = 'HASH_MANIFEST.txt';
/** The `sha256sum` line of the manifest; its digest is the packet's seal. */
export const SEAL_NAME = 'packet_tree.sha256';

/** The two files that seal a packet: never listed in the manifest themselves. */
export function isControlPath(path: string): boolean {
  return path === MANIFEST_NAME || path === SEAL_NAME;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of a name's bytes; undefined unless they are UTF-8 (RFC 3629: no overlong forms, no surrogates). */
export function decodeName(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * A name in printable form, for findings: what is not UTF-8, is a control character or a backslash becomes `\xNN`
 * for each byte; a name without those is itself.
 */
export function showName(bytes: Uint8Array): string {
  const text = decodeName(bytes);
  if (text === undefined) {
    return Array.from(bytes, (b) =>
      b < 0x20 || b > 0x7e || b === 0x5c ? escapeByte(b) : String.fromCharCode(b),
    ).join('');
  }
  return text.replace(ESCAPED, (c) => Array.from(Buffer.from(c), escapeByte).join(''));
}

function escapeByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

const ESCAPED = new RegExp(String.raw`[${CONTROL_CLASS}\\]`, 'gu');

/**
 * Why `sha256sum -c` could not be given this relative path as it stands; undefined when it can. A backslash (or a
 * newline) makes coreutils escape the whole line; a file called `-` is read from standard input instead.
 */
export function coreutilsRefusal(path: string): string | undefined {
  if (path.includes('\\')) return 'holds a backslash, for which sha256sum escapes the whole line';
  if (path === '-') return 'is called "-", which sha256sum takes for standard input';
  return undefined;
}

/** What is wrong with one name (`text`, undefined when it is not UTF-8) found at `path`. */
export function nameFault(text: string | undefined, path: string): [FindingCode, string] | undefined {
  if (text === undefined) return ['NAME_NOT_UTF8', 'the name is not UTF-8'];
  if (hasControlCharacter(text)) return ['NAME_CONTROL_CHARACTER', 'the name holds a control character'];
  const refusal = coreutilsRefusal(text === path ? path : `./${text}`);
  return refusal === undefined ? undefined : ['NAME_REFUSED', `the name ${refusal}`];
}

/**
 * Order of UTF-8 bytes, without encoding: UTF-16 differs only where a surrogate (a character beyond U+FFFF) meets
 * U+E000..U+FFFF, which must come first.
 */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/**
 * The form in which two names that some file system or archive takes for one are equal: NFC, then lower, upper and
 * lower case by Unicode's full, locale-free mappings, then NFC. It stands in for full case folding (Unicode 3.13),
 * which JavaScript does not have: the first lower case brings U+1E9E to `ss`. It is stricter than folding in
 * places (dotless `ı` equals `i`), which refuses rather than lets through. Compatibility forms (NFKC) are not joined.
 */
export function foldPath(path: string): string {
  return path.normalize('NFC').toLowerCase().toUpperCase().toLowerCase().normalize('NFC');
}

export interface Collision {
  readonly path: string;
  /** The path, first in order, that it cannot be told from. */
  readonly with: string;
}

/** Every path, folders above included, that folds like one sorted before it. Costs O(n log n). */
export function findCollisions(paths: Iterable<string>): Collision[] {
  const all = new Set<string>();
  for (const path of paths) {
    for (let p = path; !all.has(p); p = parentOf(p)) {
      all.add(p);
      if (!p.includes('/')) break;
    }
  }
  const first = new Map<string, string>();
  const out: Collision[] = [];
  for (const path of [...all].sort(comparePaths)) {
    const folded = foldPath(path);
    const earlier = first.get(folded);
    if (earlier === undefined) first.set(folded, path);
    else out.push({ path, with: earlier });
  }
  return out;
}

/** The folder of a relative path; '' for a name at the top. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
