import type { Link } from '../link.ts';
import * as s from '../schema.ts';
import { findingShape, isBytes, namedLinks, node } from './fields.ts';

const pairs = s.list(s.tuple<[string, string]>(s.text, s.text));
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
/**
 * The log, and what is said of rehearsals: no check of the validator reads any of these, and its bundle leaves this file out
 * (scripts/build.ts). So they change without another validator.
 */
export const LOG_SHAPES = {
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
  run: s.record({
    kind: s.oneOf('run'),
    v: s.uint,
    rehearsal: node,
    started: s.uint,
    durations: s.list(s.tuple<[string, number]>(s.text, s.uint)),
    program: s.record({ version: s.text, files: node, packages: pairs }),
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
    faults: s.list(s.record({ name: s.oneOf('no-mutation', 'no-rollback'), rejected: s.bool })),
    selftest: s.nullable(s.record({ vectors: s.hash, passed: s.uint, of: s.uint })),
  }),
  rerun: s.record({
    kind: s.oneOf('rerun'),
    v: s.uint,
    subject: node,
    again: node,
    run: node,
    same: s.bool,
    differences: s.list(s.text),
    note: s.text,
  }),
  policy: s.record({
    kind: s.oneOf('policy'),
    v: s.uint,
    previous: s.nullable(node),
    validators: s.list(node),
    expected: s.list(s.record({ name: s.text, prefix: s.text, suffix: s.text })),
    isolation: s.list(s.text),
    roles: s.list(s.record({ role: s.text, keys: s.list(s.text) })),
    required: s.list(s.record({ action: s.text, role: s.text })),
  }),
} as const;

/** The versions of those that are not in their first. */
export const LOG_VERSIONS: Partial<Record<string, number>> = {
  bundle: 2,
  entry: 2,
  head: 3,
  packet: 2,
  policy: 2,
  record: 2,
  run: 2,
  verdict: 3,
};
