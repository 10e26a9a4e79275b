import { BLOCK_TARGET, MAX_BLOCK, MAX_PACK_OBJECTS } from '../../src/store/pack.ts';
import { MAX_HEAD } from '../../src/store/backend.ts';
import { BUNDLE_WIDTH } from '../../src/ledger/log-state.ts';
import { MAX_NOTE_SIGNATURES } from '../../src/log/note.ts';
import { MAX_BLOB, MAX_CHUNK, MIN_CHUNK, NORMAL_CHUNK } from '../../src/objects/cutting/chunker.ts';
import { MAX_OBJECT } from '../../src/objects/codec.ts';
import { hash32, MAX, MAX_LEVEL, MIN, TARGET } from '../../src/objects/cutting/cutter.ts';
import { toJson } from '../../src/objects/json.ts';
import { CUT_KEY, encodeKey, MAX_KEY, TextBytes, type KeyPart } from '../../src/objects/rows/key.ts';
import { decodeObject, KINDS, type Kind } from '../../src/objects/kinds.ts';
import { linkToBytes, nodeLink, rawLink } from '../../src/objects/link.ts';
import { LINK_WEIGHT, MAX_INLINE_ROW } from '../../src/objects/sound/lists.ts';
import { multisetEntries } from '../../src/objects/rows/multiset.ts';
import { MASKED } from '../../src/objects/rows/masked.ts';
import { encodeCopyRow } from '../../src/objects/rows/postgres-copy.ts';
import { encodeRecord, type SqliteValue } from '../../src/objects/rows/sqlite-record.ts';
import { digestOf } from '../../src/objects/digest.ts';
import { MAX_DEPTH } from '../../src/objects/dag-cbor/value.ts';
import { MAX_VERDICT } from '../../src/validator/protocol.ts';
import { MANIFEST_LIMIT } from '../../src/packets/seal/manifest.ts';
import { NAMES_LIST } from '../../src/packets/seal/names.ts';
import { sha256Bytes } from '../../src/objects/sha256.ts';
import { hex, hexLines, utf8 } from './hex.ts';
import type { World } from './world.ts';

/** A long object is shown by its beginning. Bytes. */
const SHOWN = 1_400;
/** So is a long value of a field, whose bytes stand above. Characters. */
const LINE = 320;

/** The worked example of one kind: its id, its length, its bytes, and for short ones the same as JSON. */
export function objectExample(kind: Kind, { objects, examples }: World): string[] {
  const { digest } = examples[kind];
  const bytes = objects.get(digest);
  const head = [`id ${digest}`, `${bytes.length} bytes`];
  if (bytes.length > SHOWN) {
    const rest = bytes.length - 144;
    return [...head, ...hexLines(bytes.subarray(0, 144)), `… ${rest} more bytes`];
  }
  const fields = Object.entries(toJson(decodeObject(bytes)) as Record<string, unknown>);
  const lines = fields.map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return [
    ...head,
    ...hexLines(bytes),
    ...lines.map((line) => (line.length > LINE ? `${line.slice(0, LINE)}…` : line)),
  ];
}

export function objectExamples(world: World): [string, string[]][] {
  return KINDS.map((kind) => [`kind-${kind}`, objectExample(kind, world)]);
}

export function constants(): string[] {
  const all: [string, number][] = [
    ['largest object, bytes', MAX_OBJECT],
    ['deepest nesting', MAX_DEPTH],
    ['largest content that is one blob, bytes', MAX_BLOB],
    ['chunk: minimum, bytes', MIN_CHUNK],
    ['chunk: normal, bytes', NORMAL_CHUNK],
    ['chunk: maximum, bytes', MAX_CHUNK],
    ['list: minimum, bytes of weight', MIN],
    ['list: target, bytes of weight', TARGET],
    ['list: maximum, bytes of weight', MAX],
    ['highest level of a tree of lists', MAX_LEVEL],
    ['weight of a link in a Merkle map', LINK_WEIGHT],
    ['longest row held inline, bytes', MAX_INLINE_ROW],
    ['length of a cut key, bytes', MAX_KEY],
    ['bytes of the key that a cut key keeps', CUT_KEY],
    ['entries in a bundle', BUNDLE_WIDTH],
    ['signatures that a note may have', MAX_NOTE_SIGNATURES],
    ['block: closed before it grows above, bytes', BLOCK_TARGET],
    ['block: longest that is read, bytes', MAX_BLOCK],
    ['objects in a pack', MAX_PACK_OBJECTS],
    ['largest head file, bytes', MAX_HEAD],
    ['largest manifest, bytes', MANIFEST_LIMIT],
    ['version of the list of names of a packet', NAMES_LIST],
    ['largest verdict of a validator, bytes', MAX_VERDICT],
  ];
  return all.map(([name, value]) => `${name.padEnd(46)}${value.toLocaleString('en-US').padStart(15)}`);
}

export function links(): string[] {
  const digest = digestOf(utf8('hello\n'));
  return [
    `SHA-256("hello\\n")  ${digest}`,
    `raw link            d82a5825${hex(linkToBytes(rawLink(digest)))}`,
    `dag-cbor link       d82a5825${hex(linkToBytes(nodeLink(digest)))}`,
  ];
}

export function gear(): string[] {
  const table = Buffer.concat(
    Array.from({ length: 256 }, (_, byte) =>
      sha256Bytes(Buffer.concat([Buffer.from('custody gear'), Buffer.of(byte)])).slice(0, 4),
    ),
  );
  return [
    `GEAR[0..7]          ${hex(table.subarray(0, 32)).match(/.{8}/g)!.join(' ')}`,
    `GEAR[255]           ${hex(table.subarray(1020))}`,
    `SHA-256 of all 1,024 bytes  ${hex(sha256Bytes(table))}`,
  ];
}

export function hashes(): string[] {
  return ['', '00', '616263', 'ffffffffffffffff'].map(
    (text) =>
      `hash32(${text.padEnd(16)}) = ${hash32(Buffer.from(text, 'hex')).toString(16).padStart(8, '0')}`,
  );
}

export function keys(): string[] {
  const long = 'k'.repeat(2000);
  const parts: [string, readonly (KeyPart | TextBytes)[]][] = [
    ['NULL', [null]],
    ['integer -9223372036854775808', [-(2n ** 63n)]],
    ['integer -1', [-1n]],
    ['integer 0', [0n]],
    ['integer 258', [258n]],
    ['real -1.5', [-1.5]],
    ['real -0.0', [-0]],
    ['real 0.0', [0]],
    ['real 1.5', [1.5]],
    ["text ''", ['']],
    ["text 'ab'", ['ab']],
    ["text 'a\\0b'", ['a\0b']],
    ['text, bytes ff (not UTF-8)', [new TextBytes(Uint8Array.of(0xff))]],
    ["bytes x'00ff'", [Uint8Array.of(0, 255)]],
    ["(1, 'a')", [1n, 'a']],
  ];
  const lines = parts.map(([name, key]) => `${name.padEnd(30)} ${hex(encodeKey(key))}`);
  const key = encodeKey([long]);
  return [
    ...lines,
    `text of 2,000 letters k: its key has ${key.length} bytes; in a map it is the first ${CUT_KEY} of them, then`,
    `${' '.repeat(31)}${hex(sha256Bytes(key))}`,
  ];
}

export function records(): string[] {
  const rows: [string, SqliteValue[]][] = [
    ['(NULL, 0, 1, 127, 128, -32769)', [null, 0n, 1n, 127n, 128n, -32769n]],
    ['(9223372036854775807)', [2n ** 63n - 1n]],
    ['(1.0, -0.0)', [1, -0]],
    ["('é', x'00ff')", ['é', Uint8Array.of(0, 255)]],
    ['(text, bytes ff)', [new TextBytes(Uint8Array.of(0xff))]],
    ['(1, MASKED)', [1n, MASKED]],
    ['()', []],
  ];
  return rows.map(([name, values]) => `${name.padEnd(32)} ${hex(encodeRecord(values))}`);
}

export function copyLines(): string[] {
  const rows: [string, (Uint8Array | null | typeof MASKED)[]][] = [
    ["(1, 'a<tab>b', NULL)", [utf8('1'), utf8('a\tb'), null]],
    ["('\\', '')", [utf8('\\'), utf8('')]],
    ['(MASKED, 7)', [MASKED, utf8('7')]],
  ];
  return rows.map(([name, values]) => {
    const row = encodeCopyRow(values);
    return `${name.padEnd(24)} ${hex(row).padEnd(24)} ${JSON.stringify(Buffer.from(row).toString())}`;
  });
}

export function multiset(): string[] {
  const row = encodeRecord(['twice']);
  return multisetEntries([row, row, encodeRecord(['once'])]).flatMap(([key, value]) => [
    `key    ${hex(key)}`,
    `value  ${hex(value)}`,
  ]);
}
