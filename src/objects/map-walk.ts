import { CustodyError } from '../errors.ts';
import { compareBytes } from './codec.ts';
import { readWhole } from './file.ts';
import type { Link } from './link.ts';
import { malformedList, openList } from './sound/list-walk.ts';
import type { ListClaim } from './sound/lists.ts';
import { collect, item, need, type Walk } from './walk.ts';

/** A row as a Merkle map holds it: bytes, or a link to an object or to content. */
export type Row = Uint8Array | Link;
export interface MapEntry {
  readonly key: Uint8Array;
  readonly row: Row;
}
export interface MapChange {
  readonly key: Uint8Array;
  readonly before: Row | undefined;
  readonly after: Row | undefined;
}

/** A subtree that is not opened yet, with what is said of it. */
interface Subtree extends ListClaim {
  readonly link: Link;
  readonly last?: Uint8Array | undefined;
}

const MAP_LISTS = ['rows', 'node'] as const;

/**
 * One side of a walk: a stack of what is still to come, first on top, opened only where somebody needs to look inside.
 * Every list is checked while it is opened: level, order of keys, last key and count as the list above says.
 */
class Cursor {
  readonly #stack: (Subtree | MapEntry)[];
  #previous: Uint8Array | undefined;

  constructor(root: Link, count: number | undefined) {
    this.#stack = [{ link: root, count }];
  }

  get head(): Subtree | MapEntry | undefined {
    return this.#stack.at(-1);
  }

  /** Leaves the head behind. */
  pop(): void {
    const head = this.#stack.pop();
    const key = head && ('key' in head ? head.key : head.last);
    if (key === undefined) return;
    if (this.#previous !== undefined && compareBytes(this.#previous, key) >= 0) {
      throw new CustodyError('TREE_MALFORMED', 'the keys of a Merkle map do not ascend');
    }
    this.#previous = key;
  }

  /** Replaces a subtree on top by what its list holds. */
  *open<T>(subtree: Subtree): Walk<T> {
    this.#stack.pop();
    const list = openList(MAP_LISTS, subtree.link, yield* need<T>(subtree.link.digest), subtree);
    const opened: (Subtree | MapEntry)[] =
      list.kind === 'rows'
        ? list.entries.map(([key, row]) => ({ key, row }))
        : list.entries.map(([last, link, count]) => ({ link, level: list.level - 1, last, count }));
    for (let i = opened.length - 1; i >= 0; i--) this.#stack.push(opened[i]!);
  }
}

/** Two lists above say different things of one subtree, so at least one of them lies. */
function checkSameClaims(x: Subtree, y: Subtree): void {
  const keys = x.last !== undefined && y.last !== undefined && compareBytes(x.last, y.last) !== 0;
  const counts = x.count !== undefined && y.count !== undefined && x.count !== y.count;
  const levels = x.level !== undefined && y.level !== undefined && x.level !== y.level;
  if (keys || counts || levels) malformedList(x.link.digest, 'two lists disagree about what is below');
}

/**
 * Every entry of a Merkle map in order of keys.
 * @param count how many there must be, where that is known.
 * @throws CustodyError TREE_MALFORMED, OBJECT_KIND_UNEXPECTED and what decoding throws.
 */
export function* walkMap(root: Link, count?: number): Walk<MapEntry> {
  const cursor = new Cursor(root, count);
  for (let head = cursor.head; head; head = cursor.head) {
    if ('key' in head) {
      cursor.pop();
      yield* item(head);
    } else yield* cursor.open<MapEntry>(head);
  }
}

/**
 * The row of one key, reading only the lists on its way, which are checked as {@link walkMap} checks them.
 * @param key bounded by the caller (key.ts).
 */
export function* findRow(root: Link, key: Uint8Array): Walk<Row> {
  let at: Subtree = { link: root };
  for (;;) {
    const list = openList(MAP_LISTS, at.link, yield* need<Row>(at.link.digest), at);
    if (list.kind === 'rows') {
      const found = list.entries.find(([k]) => compareBytes(k, key) === 0);
      if (found) yield* item(found[1]);
      return;
    }
    const next = list.entries.find(([last]) => compareBytes(key, last) <= 0);
    if (!next) return;
    at = { last: next[0], link: next[1], count: next[2], level: list.level - 1 };
  }
}

/**
 * What differs between two Merkle maps, in order of keys, opening only subtrees that differ: O(changes × depth) objects.
 * @param counts how many rows each must have, where that is known.
 * @throws CustodyError TREE_MALFORMED, OBJECT_KIND_UNEXPECTED and what decoding throws.
 */
export function* diffMaps(
  before: Link,
  after: Link,
  counts: { before?: number; after?: number } = {},
): Walk<MapChange> {
  const a = new Cursor(before, counts.before);
  const b = new Cursor(after, counts.after);
  for (;;) {
    const x = a.head;
    const y = b.head;
    if (!x && !y) return;
    if (x && y && !('key' in x) && !('key' in y)) {
      if (x.link.equals(y.link)) {
        checkSameClaims(x, y);
        a.pop();
        b.pop();
        continue;
      }
      // Open the higher one first, so that equal subtrees meet at the same level; an unopened root counts as highest.
      const lx = x.level ?? Infinity;
      const ly = y.level ?? Infinity;
      if (lx >= ly) yield* a.open<MapChange>(x);
      if (ly >= lx) yield* b.open<MapChange>(y);
      continue;
    }
    if (x && !('key' in x)) {
      yield* a.open<MapChange>(x);
      continue;
    }
    if (y && !('key' in y)) {
      yield* b.open<MapChange>(y);
      continue;
    }
    const order = !x ? 1 : !y ? -1 : compareBytes(x.key, y.key);
    if (order <= 0) a.pop();
    if (order >= 0) b.pop();
    if (order < 0) yield* item<MapChange>({ key: x!.key, before: x!.row, after: undefined });
    else if (order > 0) yield* item<MapChange>({ key: y!.key, before: undefined, after: y!.row });
    else if (!equalRows(x!.row, y!.row))
      yield* item<MapChange>({ key: x!.key, before: x!.row, after: y!.row });
  }
}

export function equalRows(a: Row, b: Row): boolean {
  if (a instanceof Uint8Array) return b instanceof Uint8Array && compareBytes(a, b) === 0;
  return !(b instanceof Uint8Array) && a.equals(b);
}

/** A row's bytes, also where they are stored as content of their own. */
export function* rowBytes<T>(row: Row): Walk<T, Uint8Array> {
  if (row instanceof Uint8Array) return row;
  const [bytes] = yield* collect<Uint8Array, T>(readWhole(row));
  return bytes!;
}
