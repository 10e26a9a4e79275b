import type { Value } from '../codec.ts';
import type { Link } from '../link.ts';
import * as s from '../schema.ts';
import { content, engine, namedLinks, node } from './fields.ts';

const isBytes = (value: Value | undefined): boolean => value instanceof Uint8Array;
const folderEntry = s.record({
  name: s.text,
  mode: s.oneOf('file', 'exec', 'symlink', 'dir'),
  link: content,
});
/** What lies under a name; nothing that the link says is said again. A folder is a `tree`, and no bytes. */
export const treeEntry: typeof folderEntry = (value, path) => {
  const entry = folderEntry(value, path);
  if (entry.mode === 'dir') node(entry.link, `${path}/link`);
  return entry;
};
/** Inner nodes of every tree of lists: the last key below, the child, how many leaves' entries are below. */
const namedChild = s.tuple<[string, Link, number]>(s.text, node, s.uint);
const keyedChild = s.tuple<[Uint8Array, Link, number]>(s.bytes, node, s.uint);
const rowEntry = s.tuple<[Uint8Array, Uint8Array | Link]>(s.bytes, s.either(isBytes, s.bytes, content));
/** A bundle of 256 entries of the level below, and the root of the tree over their 256 hashes. */
const fullBundle = s.tuple<[Link, Uint8Array]>(node, s.hash);
/** An entry of one type: the links that this type has, each called as the kind that it leads to. */
const entryOf = <T extends string, L extends s.Fields>(type: T, links: L) =>
  s.record({
    kind: s.oneOf('entry'),
    v: s.uint,
    type: s.oneOf(type),
    ...links,
    author: s.text,
    lane: s.text,
    message: s.text,
    time: s.uint,
  });
const ENTRIES = {
  policy: entryOf('policy', { policy: node }),
  packet: entryOf('packet', { packet: node }),
  snapshot: entryOf('snapshot', { snapshot: node }),
  rehearsal: entryOf('rehearsal', { packet: node, run: node }),
  rerun: entryOf('rerun', { rerun: node }),
};
/** So many that 256 records fit into one bundle. */
const MAX_SIGNATURES = 64;
/** By ascending digest, each once: the same signatures give the same record. */
const signatures: s.Field<readonly Link[]> = (value, path) => {
  const links = s.list(node)(value, path);
  if (
    links.length <= MAX_SIGNATURES &&
    links.every((link, i) => i === 0 || links[i - 1]!.digest < link.digest)
  )
    return links;
  return s.invalid(path, `at most ${MAX_SIGNATURES} links, ascending, each once`);
};
/** The list is closed: another type is another version of `entry`. */
export const ENTRY_TYPES = Object.keys(ENTRIES) as (keyof typeof ENTRIES)[];
const entryType = s.oneOf(...ENTRY_TYPES);
const entry: s.Field<ReturnType<(typeof ENTRIES)[keyof typeof ENTRIES]>> = (value, path) =>
  ENTRIES[entryType(s.isMap(value) ? value['type'] : undefined, `${path}/type`)](value, path);
/** Content, folders, tables, and the log. */
export const STORED_SHAPES = {
  file: s.record({ kind: s.oneOf('file'), v: s.uint, size: s.uint, sha256: s.hash, chunks: node }),
  chunks: s.record({
    kind: s.oneOf('chunks'),
    v: s.uint,
    level: s.uint,
    entries: s.list(s.tuple<[Link, number]>(content, s.uint)),
  }),
  tree: s.record({
    kind: s.oneOf('tree'),
    v: s.uint,
    level: s.uint,
    entries: s.list(s.either(s.isMap, treeEntry, namedChild)),
  }),
  rows: s.record({ kind: s.oneOf('rows'), v: s.uint, entries: s.list(rowEntry) }),
  node: s.record({ kind: s.oneOf('node'), v: s.uint, level: s.uint, entries: s.list(keyedChild) }),
  table: s.record({
    kind: s.oneOf('table'),
    v: s.uint,
    engine,
    name: s.text,
    format: s.oneOf('sqlite-record', 'postgres-copy'),
    columns: s.list(s.record({ name: s.text, type: s.text })),
    key: s.record({ type: s.oneOf('declared', 'rowid', 'multiset'), columns: s.list(s.text) }),
    masked: s.list(s.text),
    rows: s.uint,
    root: node,
  }),
  snapshot: s.record({
    kind: s.oneOf('snapshot'),
    v: s.uint,
    engine,
    coverage: s.record({
      list: s.uint,
      without: s.list(s.record({ kind: s.text, name: s.text, column: s.nullable(s.text) })),
    }),
    facts: s.mapOf(node),
    tables: node,
  }),
  validator: s.record({
    kind: s.oneOf('validator'),
    v: s.uint,
    name: s.text,
    file: content,
    sha256: s.hash,
    runner: s.oneOf('node-permission', 'interpreter'),
    protocol: s.oneOf('ask/1'),
  }),
  packet: s.record({
    kind: s.oneOf('packet'),
    v: s.uint,
    tree: node,
    seal: s.hash,
    macro: s.nullable(s.text),
    links: namedLinks,
  }),
  entry,
  record: s.record({
    kind: s.oneOf('record'),
    v: s.uint,
    index: s.uint,
    previous: s.nullable(node),
    entry: node,
    signatures,
    time: s.uint,
  }),
  bundle: s.record({
    kind: s.oneOf('bundle'),
    v: s.uint,
    level: s.uint,
    first: s.uint,
    entries: s.list(s.either(isBytes, s.bytes, fullBundle)),
  }),
  checkpoint: s.record({
    kind: s.oneOf('checkpoint'),
    v: s.uint,
    note: s.text,
    previous: s.nullable(node),
  }),
  head: s.record({
    kind: s.oneOf('head'),
    v: s.uint,
    size: s.uint,
    root: s.hash,
    last: s.nullable(node),
    frontier: s.list(s.hash),
    full: s.list(s.list(fullBundle)),
    tail: s.list(s.bytes),
    checkpoint: s.nullable(s.bytes),
  }),
} as const;

/** A stored object of kind `K`, decoded. */
export type Stored<K extends keyof typeof STORED_SHAPES> = ReturnType<(typeof STORED_SHAPES)[K]>;
