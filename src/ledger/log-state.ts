import { CustodyError } from '../errors.ts';
import { Frontier } from '../log/frontier.ts';
import { equalHashes, leafHash, rootOf, type Hash } from '../log/tree-hash.ts';
import { digestOf, type Digest } from '../objects/digest.ts';
import { decodeKind, encodeObject, type Encoded, type ObjectOf } from '../objects/kinds.ts';
import { nodeLink, type Link } from '../objects/link.ts';
import { item, need, type Walk } from '../objects/walk.ts';

/**
 * The log as its head describes it, without I/O: appending makes a new head and the bundles that became full;
 * reading is a walk (spec/FORMAT.md, "The log"). Records are in the head's tail until 256 of them become a bundle; 256 bundles
 * become a bundle one level up, like a counter to the base of 256.
 */
export type Head = ObjectOf<'head'>;
export type LogRecord = ObjectOf<'record'>;
type FullBundle = Head['full'][number][number];

/** Entries in a bundle. */
export const BUNDLE_WIDTH = 256;

export const EMPTY_HEAD: Head = {
  kind: 'head',
  v: 3,
  size: 0,
  root: Frontier.empty().root(),
  last: null,
  frontier: [],
  full: [],
  tail: [],
  checkpoint: null,
};

export interface Appended {
  readonly head: Head;
  readonly index: number;
  readonly record: Encoded;
  /** Bundles that became full: they must be durable before the head moves. */
  readonly objects: readonly Encoded[];
}

/** The last checkpoint. It is an object of its own only when the next one links it. */
export function lastCheckpoint({ checkpoint: bytes }: Head): Encoded | null {
  return bytes && { link: nodeLink(digestOf(bytes)), bytes };
}

/** Adds one record. Its leaf is the record's bytes, so they must stay below 65,535 (tlog-tiles); ours have about 150, and 42 more for each signature. */
export function appendRecord(head: Head, entry: Link, time: number): Appended {
  const index = head.size;
  const record = encodeObject({
    kind: 'record',
    v: 2,
    index,
    previous: head.last,
    entry,
    signatures: [],
    time,
  });
  const frontier = Frontier.from(head.size, head.frontier);
  frontier.append(leafHash(record.bytes));
  const objects: Encoded[] = [];
  const full = head.full.map((level) => [...level]);
  let tail = [...head.tail, record.bytes];
  if (tail.length === BUNDLE_WIDTH) {
    const first = index + 1 - BUNDLE_WIDTH;
    carry(full, objects, 0, bundleUp(objects, 0, first, tail, tail.map(leafHash)));
    tail = [];
  }
  return {
    index,
    record,
    objects,
    head: {
      ...head,
      size: index + 1,
      root: frontier.root(),
      last: record.link,
      frontier: frontier.hashes(),
      full,
      tail,
    },
  };
}

/** Puts a full bundle into its level; 256 of them move up as one. */
function carry(full: FullBundle[][], objects: Encoded[], level: number, bundle: FullBundle): void {
  const row = (full[level] ??= []);
  row.push(bundle);
  if (row.length < BUNDLE_WIDTH) return;
  const count = full
    .slice(level + 1)
    .reduce((sum, above, i) => sum + above.length * BUNDLE_WIDTH ** (i + 1), 0);
  const above = bundleUp(
    objects,
    level + 1,
    count * BUNDLE_WIDTH ** (level + 1),
    row,
    row.map(([, hash]) => hash),
  );
  full[level] = [];
  carry(full, objects, level + 1, above);
}

function bundleUp(
  objects: Encoded[],
  level: number,
  first: number,
  entries: readonly (Uint8Array | FullBundle)[],
  hashes: readonly Hash[],
): FullBundle {
  const bundle = encodeObject({ kind: 'bundle', v: 2, level, first, entries: [...entries] });
  objects.push(bundle);
  return [bundle.link, rootOf(hashes)];
}

/**
 * Whether a head agrees with itself: sizes, frontier, root, tail and last record. What is in bundles is checked when it
 * is read. @throws CustodyError HEAD_CORRUPT
 */
export function checkHead(head: Head): void {
  const corrupt = (what: string): never => {
    throw new CustodyError('HEAD_CORRUPT', `the head contradicts itself: ${what}`, {
      hint: 'Run custody fsck; restore heads/ from a copy of the ledger.',
    });
  };
  const bundled = head.full.reduce((sum, row, level) => sum + row.length * BUNDLE_WIDTH ** (level + 1), 0);
  if (bundled + head.tail.length !== head.size) corrupt('its size is not what it lists');
  if (head.tail.length >= BUNDLE_WIDTH || head.full.some((row) => row.length >= BUNDLE_WIDTH))
    corrupt('a full list was not moved up');
  if (head.full.at(-1)?.length === 0) corrupt('it lists a level with nothing in it');
  // The frontier again, from the roots of full bundles (largest first) and the records of the tail.
  const frontier = Frontier.empty();
  for (const bytes of head.tail) frontier.append(leafHash(bytes));
  if (!sameHashes([...joinRows(head), ...frontier.hashes()], head.frontier))
    corrupt('its frontier is not that of its records');
  if (!equalHashes(Frontier.from(head.size, head.frontier).root(), head.root))
    corrupt('its root is not that of its frontier');
  const last = head.tail.at(-1);
  if ((head.last === null) !== (head.size === 0)) corrupt('its last record is missing');
  if (last && digestOf(last) !== head.last?.digest) corrupt('its last record is another one');
}

/** Perfect subtrees of the full bundles, largest first. */
function joinRows(head: Head): Hash[] {
  return [...head.full].reverse().flatMap((row) => {
    const frontier = Frontier.empty();
    for (const [, hash] of row) frontier.append(hash);
    return frontier.hashes();
  });
}

function sameHashes(a: readonly Hash[], b: readonly Hash[]): boolean {
  return a.length === b.length && a.every((hash, i) => equalHashes(hash, b[i]!));
}

export interface IndexedRecord {
  readonly index: number;
  readonly id: Digest;
  readonly record: LogRecord;
  readonly bytes: Uint8Array;
}

/** The record at `index`, reading at most one bundle a level. @throws LOG_CORRUPT, OBJECT_MISSING, … */
export function recordAt(head: Head, index: number): Walk<IndexedRecord> {
  return recordsDown(head, index, index);
}

/** Records `from` (inclusive) down to `to` (inclusive), newest first, each bundle read once. */
export function* recordsDown(head: Head, from: number, to: number): Walk<IndexedRecord> {
  let open: { first: number; records: readonly (Uint8Array | FullBundle)[] } | undefined;
  const tailStart = head.size - head.tail.length;
  for (let index = from; index >= to; index--) {
    if (index >= tailStart) {
      yield* item(openRecord(head.tail[index - tailStart]!, index));
      continue;
    }
    if (!open || index < open.first) open = yield* bundleOf(head, index);
    const bytes = open.records[index - open.first];
    if (!(bytes instanceof Uint8Array))
      throw new CustodyError('LOG_CORRUPT', `record ${index} is not where it should be`);
    yield* item(openRecord(bytes, index));
  }
}

function* bundleOf<T>(
  head: Head,
  index: number,
): Walk<T, { first: number; records: readonly (Uint8Array | FullBundle)[] }> {
  let start = 0;
  for (let level = head.full.length - 1; level >= 0; level--) {
    const width = BUNDLE_WIDTH ** (level + 1);
    const row = head.full[level]!;
    if (index >= start + row.length * width) {
      start += row.length * width;
      continue;
    }
    let link = row[Math.floor((index - start) / width)]![0];
    let first = start + Math.floor((index - start) / width) * width;
    for (let below = level; ; below--) {
      const bundle = decodeKind('bundle', yield* need<T>(link.digest), link.digest);
      checkBundle(bundle, link, below, first);
      if (below === 0) return { first, records: bundle.entries };
      const inner = BUNDLE_WIDTH ** below;
      const at = Math.floor((index - first) / inner);
      link = (bundle.entries[at] as FullBundle)[0];
      first += at * inner;
    }
  }
  throw new CustodyError('LOG_CORRUPT', `the head lists no bundle for record ${index}`);
}

/** @throws LOG_CORRUPT unless the bundle is the one that must be there. */
export function checkBundle(bundle: ObjectOf<'bundle'>, link: Link, level: number, first: number): void {
  const leaves = bundle.entries.every((entry) => entry instanceof Uint8Array === (level === 0));
  if (bundle.level !== level || bundle.first !== first || bundle.entries.length !== BUNDLE_WIDTH || !leaves) {
    throw new CustodyError(
      'LOG_CORRUPT',
      `bundle ${link.digest} is not the one for record ${first} at level ${level}`,
      { path: link.digest },
    );
  }
}

function openRecord(bytes: Uint8Array, index: number): IndexedRecord {
  const id = digestOf(bytes);
  const record = decodeKind('record', bytes, id);
  if (record.index !== index) {
    throw new CustodyError('LOG_CORRUPT', `record ${index} says that it is record ${record.index}`, {
      path: `records/${index}`,
    });
  }
  return { index, id, record, bytes };
}
