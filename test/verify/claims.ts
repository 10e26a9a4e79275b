import type { FindingCode } from '../../src/finding.ts';
import { LinkStack } from '../../src/objects/closure.ts';
import { decode } from '../../src/objects/codec.ts';
import { digestFromBytes, digestOf, digestToBytes } from '../../src/objects/digest.ts';
import { decodeKind, linksOf, type AnyObject, type ObjectOf } from '../../src/objects/kinds.ts';
import type { Link } from '../../src/objects/link.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { MapBuilder } from '../../src/objects/merkle-map.ts';
import { integerKey } from '../../src/objects/rows/key.ts';
import { encodeRecord } from '../../src/objects/rows/sqlite-record.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import { TreeBuilder } from '../../src/objects/tree.ts';
import { sealFiles } from '../../src/packets/make-packet.ts';
import { putPacket } from '../../src/packets/store-packet.ts';
import { hex, utf8 } from '../objects/support.ts';

/** Objects in which one says something of another that is not so, and what a reader must find. */
export interface LinkClaim {
  readonly name: string;
  readonly description: string;
  readonly codes: readonly FindingCode[];
  readonly make: (objects: MemoryObjects) => Link;
}

/** A byte more than what only the end of a file may have. */
const CHUNK = 65_537;

/** A little more than 1.25 MiB of zeros: two lists of ten times the same chunk. What `list` adds is said of the whole, too. */
function file(
  objects: MemoryObjects,
  { chunk = 0, list = 0, size = 0, sha256 = digestToBytes(ZEROS) } = {},
): Link {
  const zeros = putBlob(objects, new Uint8Array(CHUNK));
  const leaf = (more: number): Link =>
    putObject(objects, {
      kind: 'chunks',
      v: 1,
      level: 0,
      entries: Array.from({ length: 10 }, (_, i): [Link, number] => [zeros, CHUNK + ([more, -more][i] ?? 0)]),
    });
  const entries: [Link, number][] = [
    [leaf(chunk), 10 * CHUNK + list],
    [leaf(0), 10 * CHUNK],
  ];
  const chunks = putObject(objects, { kind: 'chunks', v: 1, level: 1, entries });
  return putObject(objects, {
    kind: 'file',
    v: 1,
    size: 20 * CHUNK + list + size,
    sha256,
    chunks,
  });
}
const ZEROS = digestOf(new Uint8Array(20 * CHUNK));

/** A file over one chunk, in lists of so many times the list below; `salt` makes it one of its own. */
function claimed(objects: MemoryObjects, widths: readonly number[], salt: number, chunk = 1_048_576): Link {
  let link = putBlob(objects, new Uint8Array(chunk));
  let size = chunk;
  for (const [level, width] of widths.entries()) {
    const entries = Array.from({ length: width }, (): [Link, number] => [link, size]);
    link = putObject(objects, { kind: 'chunks', v: 1, level, entries });
    size *= width;
  }
  const sha256 = digestToBytes(digestOf(Uint8Array.of(salt >> 8, salt & 255)));
  return putObject(objects, { kind: 'file', v: 1, size, sha256, chunks: link });
}

/** Two chunks that are two, under the SHA-256 of something else. */
function twoChunks(objects: MemoryObjects): Link {
  const entries = [1_048_576, 65_536].map((size): [Link, number] => [
    putBlob(objects, new Uint8Array(size)),
    size,
  ]);
  const chunks = putObject(objects, { kind: 'chunks', v: 1, level: 0, entries });
  const size = 1_048_576 + 65_536;
  return putObject(objects, { kind: 'file', v: 1, size, sha256: new Uint8Array(32), chunks });
}

function folderOf(objects: MemoryObjects, content: (i: number) => Link, count: number): Link {
  const tree = new TreeBuilder(objects);
  for (let i = 0; i < count; i++)
    tree.add({ name: String(i).padStart(4, '0'), mode: 'file', link: content(i) });
  return tree.finish();
}

const rows = (objects: MemoryObjects): Link => {
  const builder = new MapBuilder(objects);
  for (let i = 0; i < 400; i++)
    builder.add(integerKey(BigInt(i)), encodeRecord([`row ${i} of a table that has 400 of them`]));
  return builder.finish().root;
};

function table(objects: MemoryObjects, change: { root?: Link; rows?: number } = {}): Link {
  return putObject(objects, {
    kind: 'table',
    v: 1,
    engine: 'sqlite',
    name: 't',
    format: 'sqlite-record',
    columns: [{ name: 'a', type: 'TEXT' }],
    key: { type: 'rowid', columns: [] },
    masked: [],
    rows: 400,
    root: rows(objects),
    ...change,
  });
}

/** A sealed folder of 300 files; `change` is given its tree. */
function packet(
  objects: MemoryObjects,
  change: (tree: Link) => Link = (tree) => tree,
  otherSeal?: Uint8Array,
): Link {
  const files = new Map(
    Array.from({ length: 300 }, (_, i) => [`evidence-${String(i).padStart(3, '0')}.txt`, 'x']),
  );
  const { tree, seal } = sealFiles(files, objects);
  return putPacket(objects, {
    tree: change(tree),
    seal: otherSeal ? digestFromBytes(otherSeal) : seal,
    macro: null,
    links: [],
  });
}

/** The object again with its first entry changed. */
function firstEntry<K extends 'tree' | 'node' | 'rows'>(
  kind: K,
  root: Link,
  objects: MemoryObjects,
  change: (entry: ObjectOf<K>['entries'][number]) => unknown,
): Link {
  const list = decodeKind(kind, objects.get(root.digest));
  const entries = list.entries.map((entry, i) => (i === 0 ? change(entry) : entry));
  return putObject(objects, { ...list, entries } as unknown as AnyObject);
}

const oneMore = (entry: unknown): unknown => {
  const [last, link, count] = entry as [unknown, Link, number];
  return [last, link, count + 1];
};

/** One file, which is neither the manifest nor the seal, has other content. */
const forged = (tree: Link, objects: MemoryObjects): Link =>
  firstEntry('tree', tree, objects, (entry) => {
    const [last, link, count] = entry as [string, Link, number];
    const list = decodeKind('tree', objects.get(link.digest));
    const entries = list.entries.map((file) =>
      'name' in file && file.name === last ? { ...file, link: putBlob(objects, utf8('forged')) } : file,
    );
    return [last, putObject(objects, { ...list, entries }), count];
  });

/** The second list of the rows has the first key of the first one, too. */
function keyAgain(objects: MemoryObjects): Link {
  const root = decodeKind('node', objects.get(rows(objects).digest));
  const entries = root.entries.map(([last, leaf, count], i): [Uint8Array, Link, number] => [
    last,
    i === 1 ? firstEntry('rows', leaf, objects, ([, row]) => [integerKey(0n), row]) : leaf,
    count,
  ]);
  return putObject(objects, { ...root, entries });
}

/** One for each thing that an object repeats of what it links (spec/FORMAT.md, "Checks of a reader"). */
export const LINK_CLAIMS: readonly LinkClaim[] = [
  { name: 'file-sound', description: 'nothing is wrong', codes: [], make: (o) => file(o) },
  {
    name: 'file-size',
    description: 'the size of a file is not what its lists hold',
    codes: ['OBJECT_INVALID'],
    make: (o) => file(o, { size: 1 }),
  },
  {
    name: 'file-sha256',
    description: 'the SHA-256 of a file is not that of its chunks',
    codes: ['OBJECT_INVALID'],
    make: (o) => file(o, { sha256: new Uint8Array(32) }),
  },
  {
    name: 'chunks-length',
    description:
      'a list of chunks says that one chunk is a byte longer and the next a byte shorter than they are',
    codes: ['OBJECT_INVALID'],
    make: (o) => file(o, { chunk: 1 }),
  },
  {
    name: 'chunks-below',
    description: 'a list of lists of chunks says that a list holds a byte more, and so does the file',
    codes: ['OBJECT_INVALID'],
    make: (o) => file(o, { list: 1 }),
  },
  {
    name: 'limit-one-file',
    description: 'a chunk of 1 MiB and four small lists say that a file has 2^40 bytes',
    codes: ['CONTENT_NOT_HASHED'],
    make: (o) => claimed(o, [32, 32, 32, 32], 0),
  },
  {
    name: 'limit-many-files',
    description: 'a folder of 1,000 files of 63 GiB each, over one chunk of 1 MiB',
    codes: ['CONTENT_NOT_HASHED'],
    make: (o) => folderOf(o, (i) => claimed(o, [63, 32, 32], i), 1000),
  },
  {
    name: 'limit-beside-a-fault',
    description: 'a file that says to have 2^40 bytes, and one that is stored whole and has another SHA-256',
    codes: ['CONTENT_NOT_HASHED', 'OBJECT_INVALID'],
    make: (o) => folderOf(o, (i) => (i === 0 ? claimed(o, [32, 32, 32, 32], 0) : twoChunks(o)), 2),
  },
  {
    name: 'chunks-short',
    description: 'a file of 2^36 bytes, of chunks of one byte',
    codes: ['OBJECT_INVALID'],
    make: (o) => claimed(o, [64, 64, 64, 64, 64, 64], 0, 1),
  },
  { name: 'table-sound', description: 'nothing is wrong', codes: [], make: (o) => table(o) },
  {
    name: 'table-rows',
    description: 'a table says to have a row more than its map has entries',
    codes: ['OBJECT_INVALID'],
    make: (o) => table(o, { rows: 401 }),
  },
  {
    name: 'node-count',
    description: 'an inner node says that a row more is below its first child',
    codes: ['OBJECT_INVALID'],
    make: (o) => table(o, { root: firstEntry('node', rows(o), o, oneMore) }),
  },
  {
    name: 'node-seam',
    description: 'a list of rows begins with a key of the list before it',
    codes: ['OBJECT_INVALID'],
    make: (o) => table(o, { root: keyAgain(o) }),
  },
  { name: 'packet-sound', description: 'nothing is wrong', codes: [], make: (o) => packet(o) },
  {
    name: 'packet-seal',
    description: 'a packet names another seal than its manifest has',
    codes: ['SEAL_UNEXPECTED'],
    make: (o) => packet(o, undefined, new Uint8Array(32)),
  },
  {
    name: 'packet-forged',
    description: 'the true seal, manifest and seal file over a tree in which one file is another',
    codes: ['MANIFEST_CHANGED', 'SEAL_MALFORMED', 'SEAL_UNEXPECTED'],
    make: (o) => packet(o, (tree) => forged(tree, o)),
  },
  {
    name: 'tree-count',
    description: 'a list of lists of names says that a name more is below its first child',
    codes: ['OBJECT_INVALID'],
    make: (o) => packet(o, (tree) => firstEntry('tree', tree, o, oneMore)),
  },
];

/** As `closure` does, also where an object is one that no reader takes. */
function* linkedFrom(root: Link, objects: MemoryObjects): Generator<{ link: Link; bytes: Uint8Array }> {
  const links = new LinkStack<undefined>();
  links.push([root], undefined);
  for (let next = links.pop(); next; next = links.pop()) {
    const { link } = next;
    if (!objects.has(link.digest)) continue;
    const bytes = objects.get(link.digest);
    yield { link, bytes };
    if (link.codec === 'dag-cbor') links.push(linksOf(decode(bytes) as unknown as AnyObject), undefined);
  }
}

/** What was stored, as a file for other implementations: links are ids, blobs of zeros are their length. */
export function linkClaimVector({ description, codes, make }: LinkClaim): string {
  const objects = new MemoryObjects();
  const root = make(objects);
  const reached = [...linkedFrom(root, objects)].map(({ link, bytes }) => ({
    codec: link.codec,
    ...(bytes.length > 1024 && bytes.every((byte) => byte === 0)
      ? { zeros: bytes.length }
      : { hex: hex(bytes) }),
  }));
  return `${JSON.stringify({ description, root: root.digest, codes, objects: reached }, null, 2)}\n`;
}
