import { CustodyError } from '../errors.ts';
import { decode, encode, type Value } from './codec.ts';
import { digestOf, type Digest } from './digest.ts';
import { Link, nodeLink } from './link.ts';
import * as s from './schema.ts';

/**
 * Every kind of structured object with its fields, version 1 (SPEC.md, "Objects", has the meaning of each field).
 * A field that is not named here does not exist; a change of meaning is a new version.
 */
const node = s.link('dag-cbor');
const content = s.link('raw', 'dag-cbor');
const engine = s.oneOf('sqlite', 'postgres');
const leg = s.oneOf('T', 'R', 'S');
const isBytes = (value: Value | undefined): boolean => value instanceof Uint8Array;
const namedLinks = s.list(s.tuple<[string, Link]>(s.text, content));
const pairs = s.list(s.tuple<[string, string]>(s.text, s.text));

export const treeItem = s.record({
  name: s.text,
  mode: s.oneOf('file', 'exec', 'symlink'),
  size: s.uint,
  sha256: s.hash,
  link: content,
});
export const treeFolder = s.record({ name: s.text, mode: s.oneOf('dir'), link: node });
const treeEntry: s.Field<s.Shape<TreeItemFields> | s.Shape<TreeFolderFields>> = (value, path) =>
  s.isMap(value) && value['mode'] === 'dir' ? treeFolder(value, path) : treeItem(value, path);
interface TreeItemFields extends s.Fields {
  name: s.Field<string>;
  mode: s.Field<'file' | 'exec' | 'symlink'>;
  size: s.Field<number>;
  sha256: s.Field<Uint8Array>;
  link: s.Field<Link>;
}
interface TreeFolderFields extends s.Fields {
  name: s.Field<string>;
  mode: s.Field<'dir'>;
  link: s.Field<Link>;
}
/** Inner nodes of every tree of lists: the last key below, the child, how many leaves' entries are below. */
const namedChild = s.tuple<[string, Link, number]>(s.text, node, s.uint);
const keyedChild = s.tuple<[Uint8Array, Link, number]>(s.bytes, node, s.uint);
const rowEntry = s.tuple<[Uint8Array, Uint8Array | Link]>(s.bytes, s.either(isBytes, s.bytes, content));
/** 256 entries of the level below: their bundle, their hash tile, and the root of the tile's 256 hashes. */
const fullTile = s.tuple<[Link, Link, Uint8Array]>(node, node, s.hash);
const counts = s.record({ table: s.text, inserted: s.uint, updated: s.uint, deleted: s.uint });
const findingShape = s.record({ code: s.text, path: s.text, detail: s.text });
const masked = s.record({ table: s.text, column: s.text, reason: s.text });

const SHAPES = {
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
    facts: pairs,
    schema: node,
    tables: node,
    sequences: node,
  }),
  validator: s.record({
    kind: s.oneOf('validator'),
    v: s.uint,
    name: s.text,
    file: content,
    sha256: s.hash,
    runner: s.text,
  }),
  plan: s.record({
    kind: s.oneOf('plan'),
    v: s.uint,
    name: s.text,
    engine,
    document: content,
    source: s.record({
      kind: s.oneOf('surrogate', 'fixture', 'real-dump'),
      marker: s.nullable(s.text),
      sha256: s.nullable(s.hash),
    }),
    macro: s.nullable(s.text),
    timeLimit: s.uint,
    executor: s.hash,
    session: pairs,
    preflight: s.list(s.record({ name: s.text, sql: s.text, expect: s.text })),
    boundary: s.record({ mode: s.oneOf('insert-only'), tables: s.list(s.text) }),
    delta: s.list(counts),
    masked: s.list(masked),
    bounded: s.list(s.record({ effect: s.oneOf('sequence'), name: s.text, reason: s.text })),
    legs: s.list(leg),
  }),
  rehearsal: s.record({
    kind: s.oneOf('rehearsal'),
    v: s.uint,
    plan: node,
    validator: node,
    engine,
    executor: s.record({ file: content, before: s.hash, after: s.hash }),
    source: s.hash,
    image: s.record({ sha256: s.hash, restored: node }),
    entry: node,
    exit: node,
    preflight: s.list(s.record({ name: s.text, sql: s.text, expect: s.text, actual: s.text, ok: s.bool })),
    delta: s.list(counts),
    legs: s.list(
      s.record({
        leg,
        start: node,
        after: s.nullable(node),
        ended: s.oneOf('rolled-back', 'committed', 'failed'),
        open: s.bool,
        back: s.nullable(node),
        identical: s.nullable(s.bool),
      }),
    ),
    isolation: s.list(s.record({ assertion: s.text, holds: s.bool })),
    observed: s.list(findingShape),
  }),
  run: s.record({
    kind: s.oneOf('run'),
    v: s.uint,
    rehearsal: node,
    started: s.uint,
    durations: s.list(s.tuple<[string, number]>(s.text, s.uint)),
    versions: pairs,
    isolation: pairs,
    afters: namedLinks,
  }),
  verdict: s.record({
    kind: s.oneOf('verdict'),
    v: s.uint,
    validator: node,
    subject: node,
    accepted: s.bool,
    findings: s.list(findingShape),
  }),
  policy: s.record({
    kind: s.oneOf('policy'),
    v: s.uint,
    previous: s.nullable(node),
    validators: s.list(node),
    roles: s.list(s.record({ role: s.text, keys: s.list(s.text) })),
    required: s.list(s.record({ action: s.text, role: s.text })),
  }),
  packet: s.record({
    kind: s.oneOf('packet'),
    v: s.uint,
    tree: node,
    seal: s.hash,
    files: s.uint,
    macro: s.nullable(s.text),
    links: namedLinks,
  }),
  entry: s.record({
    kind: s.oneOf('entry'),
    v: s.uint,
    type: s.oneOf('policy', 'packet', 'snapshot', 'rehearsal', 'validator'),
    links: namedLinks,
    author: s.text,
    lane: s.text,
    message: s.text,
    time: s.uint,
  }),
  record: s.record({
    kind: s.oneOf('record'),
    v: s.uint,
    index: s.uint,
    previous: s.nullable(node),
    entry: node,
    time: s.uint,
  }),
  bundle: s.record({
    kind: s.oneOf('bundle'),
    v: s.uint,
    level: s.uint,
    first: s.uint,
    entries: s.list(s.either(isBytes, s.bytes, fullTile)),
  }),
  tile: s.record({ kind: s.oneOf('tile'), v: s.uint, level: s.uint, index: s.uint, hashes: s.bytes }),
  head: s.record({
    kind: s.oneOf('head'),
    v: s.uint,
    size: s.uint,
    root: s.hash,
    last: s.nullable(node),
    frontier: s.list(s.hash),
    full: s.list(s.list(fullTile)),
    tail: s.list(s.bytes),
    checkpoint: s.nullable(s.text),
  }),
} as const;

/** Kinds of design section 4 that no code makes yet: their fields are decided with the part that needs them. */
export const RESERVED_KINDS = ['blockers', 'grant', 'decision', 'signature'] as const;

export type Kind = keyof typeof SHAPES;
/** A structured object of kind `K`, decoded. */
export type ObjectOf<K extends Kind> = ReturnType<(typeof SHAPES)[K]>;
export type AnyObject = { [K in Kind]: ObjectOf<K> }[Kind];
export const KINDS = Object.keys(SHAPES) as Kind[];

/** An encoded object with its id. */
export interface Encoded {
  readonly link: Link;
  readonly bytes: Uint8Array;
}

/**
 * Encodes an object after checking its fields.
 * @throws CustodyError OBJECT_FIELD_INVALID, OBJECT_FIELD_UNKNOWN, OBJECT_NOT_CANONICAL, OBJECT_TOO_LARGE.
 */
export function encodeObject(object: AnyObject): Encoded {
  checkShape(object as unknown as Value);
  const bytes = encode(object as unknown as Value);
  return { link: nodeLink(digestOf(bytes)), bytes };
}

/**
 * Decodes strictly: canonical bytes, a known kind and version, exactly the kind's fields.
 * @throws CustodyError OBJECT_NOT_CANONICAL, OBJECT_TOO_LARGE, OBJECT_KIND_UNKNOWN, OBJECT_KIND_RESERVED,
 *   OBJECT_VERSION_UNKNOWN, OBJECT_FIELD_UNKNOWN, OBJECT_FIELD_INVALID.
 */
export function decodeObject(bytes: Uint8Array): AnyObject {
  return checkShape(decode(bytes));
}

/** {@link decodeObject}, and the kind must be `kind`. @throws also OBJECT_KIND_UNEXPECTED. */
export function decodeKind<K extends Kind>(kind: K, bytes: Uint8Array, id?: Digest): ObjectOf<K> {
  const object = decodeObject(bytes);
  if (object.kind !== kind) {
    throw new CustodyError(
      'OBJECT_KIND_UNEXPECTED',
      `expected a ${kind}, found a ${object.kind}`,
      id ? { path: id } : {},
    );
  }
  return object as ObjectOf<K>;
}

function checkShape(value: Value): AnyObject {
  const kind = s.isMap(value) ? value['kind'] : undefined;
  if (!s.isMap(value) || typeof kind !== 'string') {
    throw new CustodyError('OBJECT_KIND_UNKNOWN', 'a structured object is a map with a kind');
  }
  if ((RESERVED_KINDS as readonly string[]).includes(kind)) {
    throw new CustodyError(
      'OBJECT_KIND_RESERVED',
      `objects of kind ${kind} are reserved for a later version`,
      {
        hint: 'Use a newer version of custody.',
      },
    );
  }
  if (!Object.hasOwn(SHAPES, kind)) {
    throw new CustodyError('OBJECT_KIND_UNKNOWN', `unknown kind ${JSON.stringify(kind)}`, {
      hint: 'Use a newer version of custody.',
    });
  }
  if (value['v'] !== 1) {
    throw new CustodyError('OBJECT_VERSION_UNKNOWN', `unknown version of ${kind}`, {
      hint: 'Use a newer version of custody.',
    });
  }
  return SHAPES[kind as Kind](value, kind);
}

/** Every link in an object, in the order of its fields above: what a walker follows. */
export function linksOf(object: AnyObject): Link[] {
  const found: Link[] = [];
  const visit = (value: unknown): void => {
    if (value instanceof Link) found.push(value);
    else if (Array.isArray(value)) value.forEach(visit);
    else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array))
      Object.values(value).forEach(visit);
  };
  visit(object);
  return found;
}
