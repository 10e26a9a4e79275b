import { formatConfig } from '../../src/ledger/config.ts';
import { lastCheckpoint, type Head } from '../../src/ledger/log-state.ts';
import { Frontier } from '../../src/log/frontier.ts';
import { leafHash } from '../../src/log/tree-hash.ts';
import { encode, type Value } from '../../src/objects/codec.ts';
import { digestOf, type Digest } from '../../src/objects/digest.ts';
import { storeContent } from '../../src/objects/file.ts';
import { decodeKind, encodeObject } from '../../src/objects/kinds.ts';
import { nodeLink, type Link } from '../../src/objects/link.ts';
import type { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { TreeBuilder } from '../../src/objects/tree.ts';
import { encodeHead } from '../../src/store/heads.ts';
import { noise, utf8 } from '../objects/support.ts';
import { LONG, putLater, putSnapshot } from './frozen-values.ts';
import { KEY, ORIGIN, SignedLog, TIME } from './small-log.ts';

/** The kinds that are in it. A kind that is not must be in the ledger of what grows (growing.ts). */
export const FROZEN_KINDS: readonly string[] = [
  'bundle',
  'checkpoint',
  'chunks',
  'file',
  'head',
  'node',
  'record',
  'rows',
  'snapshot',
  'table',
  'tree',
];

/** Bytes that no compression makes smaller. */
export const NOISE = noise(20_000, 7);
export const TEXT = utf8('frozen\n');
/** The greatest blob. */
export const LARGEST = new Uint8Array(1_048_576);
/** Names in a folder that is a tree of lists. */
export const NAMES = Array.from({ length: 400 }, (_, i) => `file-${String(i).padStart(3, '0')}-ü.txt`);

/**
 * The ledger in test/vectors/ledgers/frozen/, made again from its values: every format that no longer changes, and nothing
 * else. Entries, policies and signatures still grow: here they are documents that no reader knows.
 */
export interface Frozen {
  readonly objects: MemoryObjects;
  readonly head: Head;
  /** The files beside the packs. */
  readonly config: string;
  readonly headFile: Uint8Array;
  /** What the fixture is asked for, by its role. */
  readonly ids: Readonly<Record<string, Digest>>;
}

export function makeFrozen(): Frozen {
  const log = new SignedLog();
  const { objects } = log;
  const put = (value: Value): Link => {
    const bytes = encode(value);
    objects.put('dag-cbor', digestOf(bytes), bytes);
    return nodeLink(digestOf(bytes));
  };
  const content = {
    empty: storeContent(objects, new Uint8Array()),
    text: storeContent(objects, TEXT),
    noise: storeContent(objects, NOISE),
    largest: storeContent(objects, LARGEST),
    file: storeContent(objects, LONG),
  };
  const { wide, folder } = putFolders(objects, content);
  const states = {
    sqlite: putSnapshot(objects, 'sqlite'),
    postgres: putSnapshot(objects, 'postgres'),
    later: putLater(objects),
  };
  const policy = put({ kind: 'policy', v: 1000 });
  const first = put({ kind: 'entry', v: 1000, policy });
  const entry = put({
    kind: 'entry',
    v: 1000,
    all: [...Object.values(content), folder, ...Object.values(states)],
  });
  const signatures = [1, 2]
    .map((n) => put({ kind: 'signature', v: 1000, n }))
    .sort((a, b) => (a.digest < b.digest ? -1 : 1));

  log.append(first);
  log.append(entry);
  while (log.head.size < 257) log.append(entry, false);
  log.sign({});
  // What the last record says no checkpoint covers.
  const record = encodeObject({
    kind: 'record',
    v: 2,
    index: 257,
    previous: log.head.last,
    entry,
    signatures,
    time: TIME * 1000,
  });
  const head = withRecord(log.head, record.bytes);
  const checkpoint = lastCheckpoint(head)!;
  const before = decodeKind('checkpoint', checkpoint.bytes).previous!;
  const stored = encodeHead(head).bytes;
  const links = {
    ...content,
    chunks: decodeKind('file', objects.get(content.file.digest)).chunks,
    wide,
    folder,
    ...states,
    policy,
    'entry of record 0': first,
    'entry of the others': entry,
    bundle: head.full[0]![0]![0],
    'last record': head.last!,
    'last checkpoint': checkpoint.link,
    'checkpoint before': before,
    'first checkpoint': decodeKind('checkpoint', objects.get(before.digest)).previous!,
  };
  return {
    objects,
    head,
    config: formatConfig({ format: 2, origin: ORIGIN, verifierKey: KEY.vkey, policy: policy.digest }),
    headFile: stored,
    ids: {
      ...Object.fromEntries(Object.entries(links).map(([role, { digest }]) => [role, digest])),
      head: digestOf(stored.subarray(32)),
    },
  };
}

function putFolders(
  objects: MemoryObjects,
  { text, file }: { text: Link; file: Link },
): { wide: Link; folder: Link } {
  const inner = new TreeBuilder(objects);
  for (const name of NAMES) inner.add({ name, mode: 'file', link: text });
  const wide = inner.finish();
  const outer = new TreeBuilder(objects);
  outer.add({ name: 'bare', mode: 'dir', link: new TreeBuilder(objects).finish() });
  outer.add({ name: 'long', mode: 'file', link: file });
  outer.add({ name: 'run.sh', mode: 'exec', link: text });
  outer.add({ name: 'to', mode: 'symlink', link: storeContent(objects, utf8('wide/file-000-ü.txt')) });
  outer.add({ name: 'wide', mode: 'dir', link: wide });
  return { wide, folder: outer.finish() };
}

/** Adds a record to the tail. */
function withRecord(head: Head, bytes: Uint8Array): Head {
  const frontier = Frontier.from(head.size, head.frontier);
  frontier.append(leafHash(bytes));
  return {
    ...head,
    size: head.size + 1,
    root: frontier.root(),
    last: nodeLink(digestOf(bytes)),
    frontier: frontier.hashes(),
    tail: [...head.tail, bytes],
  };
}
