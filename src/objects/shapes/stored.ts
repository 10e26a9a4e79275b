import type { Link } from '../link.ts';
import * as s from '../schema.ts';
import { content, engine, isBytes, node } from './fields.ts';

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
/** Content, folders and tables, and who judges. */
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
    runner: s.oneOf('node-permission', 'interpreter'),
    protocol: s.oneOf('ask/1'),
  }),
} as const;

/** A stored object of kind `K`, decoded. */
export type Stored<K extends keyof typeof STORED_SHAPES> = ReturnType<(typeof STORED_SHAPES)[K]>;
