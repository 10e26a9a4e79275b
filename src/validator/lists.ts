import type { EngineName } from '../objects/snapshots/classes.ts';
import { isCustodyError } from '../errors.ts';
import { compareBytes } from '../objects/codec.ts';
import { Cutter, hash32, MAX_LEVEL } from '../objects/cutter.ts';
import { digestToBytes, type Digest } from '../objects/digest.ts';
import { MAX_KEY } from '../objects/rows/key.ts';
import { decodeObject, type AnyObject, type ObjectOf } from '../objects/kinds.ts';
import { Link } from '../objects/link.ts';
import type { MemoryObjects } from '../objects/memory-objects.ts';
import { LINK_WEIGHT, MAX_INLINE_ROW } from '../objects/merkle-map.ts';
import { readWhole, storeContent } from '../objects/file.ts';
import { driveSync } from '../objects/walk.ts';
import { holdsMask } from './mask-scan.ts';

/** What is kept of one list of a Merkle map, so that each list is decoded once however many checks look at it. */
interface List {
  readonly level: number;
  readonly count: number;
  readonly first: Uint8Array | undefined;
  readonly last: Uint8Array | undefined;
  readonly children: ObjectOf<'node'>['entries'];
  /** Where a list ends is decided by its entries (cutter.ts): by its last one, or by the weight of the next one. */
  readonly cutter: Cutter;
  readonly firstWeight: number;
  readonly endsItself: boolean;
  /** Whether a row holds a masked value, read as a plain row and as a multiset's row. */
  readonly masked: { readonly plain: boolean; readonly multiset: boolean };
  /** Whether an entry links something that is no content (a table's object, say). */
  readonly linksObjects: boolean;
  readonly fault: string | undefined;
}

/** A verified Merkle map, or why it is none. */
export interface Tree {
  readonly count: number;
  readonly masked: { readonly plain: boolean; readonly multiset: boolean };
  readonly linksObjects: boolean;
  readonly fault: string | undefined;
}

interface Subtree extends Tree {
  readonly level: number;
  readonly first: Uint8Array | undefined;
  readonly last: Uint8Array | undefined;
  /** The leftmost and the rightmost list of each level, from the leaves up. */
  readonly edges: readonly { readonly first: List; readonly last: List }[];
}

/**
 * Every list of every Merkle map in the evidence. {@link Lists.tree} proves that a map is the one tree of its content
 * (SPEC.md, "Merkle maps"): keys ascend, counts and last keys are as the lists above say, and each list is cut where
 * every builder cuts. What is below one digest is looked at once, so maps that share lists cost what differs.
 */
export class Lists {
  readonly #engine: EngineName;
  readonly #objects: MemoryObjects;
  readonly #lists = new Map<Digest, List>();
  readonly #trees = new Map<Digest, Subtree>();

  constructor(engine: EngineName, objects: MemoryObjects) {
    this.#engine = engine;
    this.#objects = objects;
  }

  add(digest: Digest, object: AnyObject): void {
    if (object.kind === 'rows') this.#lists.set(digest, this.#leaf(object));
    else if (object.kind === 'node') this.#lists.set(digest, inner(object));
  }

  tree(root: Link): Tree {
    const tree = this.#subtree(root.digest);
    if (tree.fault === undefined && tree.level > 0 && this.#lists.get(root.digest)!.children.length < 2)
      return { ...tree, fault: 'a root with one child' };
    return tree;
  }

  #subtree(digest: Digest): Subtree {
    const known = this.#trees.get(digest);
    if (known) return known;
    const list = this.#lists.get(digest);
    const tree = list ? this.#join(list) : broken('something that is no list of a Merkle map');
    this.#trees.set(digest, tree);
    return tree;
  }

  #join(list: List): Subtree {
    const edges: { first: List; last: List }[] = [];
    let fault = list.fault;
    let { first } = list;
    const masked = { ...list.masked };
    let { linksObjects } = list;
    let previous: Subtree | undefined;
    if (list.level > MAX_LEVEL) return broken('a level that is too high');
    for (const [last, link, count] of list.children) {
      // Asked before descending: how deep that goes must not be what somebody sent.
      const level = this.#lists.get(link.digest)?.level;
      const child =
        level === list.level - 1 ? this.#subtree(link.digest) : broken('a child at the wrong level');
      fault ??= child.fault ?? misfit(child, last, count) ?? (previous && badSeam(previous, child));
      if (fault !== undefined) break;
      if (!previous) {
        first = child.first;
        edges.push(...child.edges.map((edge) => ({ ...edge })));
      } else child.edges.forEach((edge, level) => (edges[level]!.last = edge.last));
      masked.plain ||= child.masked.plain;
      masked.multiset ||= child.masked.multiset;
      linksObjects ||= child.linksObjects;
      previous = child;
    }
    edges.push({ first: list, last: list });
    return {
      level: list.level,
      count: list.count,
      first,
      last: list.last,
      edges,
      masked,
      linksObjects,
      fault,
    };
  }

  #leaf({ entries }: ObjectOf<'rows'>): List {
    const cutter = new Cutter(1);
    const masked = { plain: false, multiset: false };
    let endsItself = false;
    let linksObjects = false;
    let fault: string | undefined;
    entries.forEach(([key, row], i) => {
      const weight = weightOf(entries[i]!);
      if (i > 0 && compareBytes(entries[i - 1]![0], key) >= 0) fault ??= 'keys that do not ascend';
      if (key.length > MAX_KEY) fault ??= 'a key that is too long';
      if (endsItself || cutter.before(weight)) fault ??= 'a list that goes on where it must end';
      endsItself = cutter.after(weight, hash32(key));
      const bytes = row instanceof Link ? this.#content(row) : row;
      if (bytes === 'object') linksObjects = true;
      else if (typeof bytes === 'string') fault ??= bytes;
      else {
        if (!(row instanceof Link) && row.length > MAX_INLINE_ROW) fault ??= 'a long row that is held inline';
        masked.plain ||= holdsMask(this.#engine, bytes, 'plain');
        masked.multiset ||= holdsMask(this.#engine, bytes, 'multiset');
      }
    });
    return {
      level: 0,
      count: entries.length,
      first: entries[0]?.[0],
      last: entries.at(-1)?.[0],
      children: [],
      cutter,
      firstWeight: entries[0] ? weightOf(entries[0]) : 0,
      endsItself,
      masked,
      linksObjects,
      fault,
    };
  }

  /** A row that is stored out of line, 'object' for a link to something else, or what is wrong with it. */
  #content(link: Link): Uint8Array | string {
    try {
      const stored = this.#objects.get(link.digest);
      if (link.codec === 'raw')
        return stored.length > MAX_INLINE_ROW ? stored : 'a short row that is stored out of line';
      if (decodeObject(stored).kind !== 'file') return 'object';
      const [bytes] = driveSync(readWhole(link), this.#objects.get);
      return storeContent(NOWHERE, bytes!).equals(link)
        ? bytes!
        : 'a row whose chunks are cut in another way';
    } catch (error) {
      if (isCustodyError(error)) return `a row that cannot be read: ${error.code}`;
      throw error;
    }
  }
}

const NOWHERE = { put: () => undefined };

function inner({ level, entries }: ObjectOf<'node'>): List {
  const cutter = new Cutter(2);
  let endsItself = false;
  let fault: string | undefined = level === 0 || entries.length === 0 ? 'an empty inner list' : undefined;
  for (const [last, link] of entries) {
    const weight = last.length + LINK_WEIGHT;
    if (endsItself || cutter.before(weight)) fault ??= 'a list that goes on where it must end';
    endsItself = cutter.after(weight, hash32(digestToBytes(link.digest)));
  }
  return {
    level,
    count: entries.reduce((sum, [, , count]) => sum + count, 0),
    first: undefined,
    last: entries.at(-1)?.[0],
    children: entries,
    cutter,
    firstWeight: (entries[0]?.[0].length ?? 0) + LINK_WEIGHT,
    endsItself,
    masked: { plain: false, multiset: false },
    linksObjects: false,
    fault,
  };
}

function weightOf([key, row]: ObjectOf<'rows'>['entries'][number]): number {
  return key.length + (row instanceof Link ? LINK_WEIGHT : row.length);
}

/** What the list above says of a child must be so. */
function misfit(child: Subtree, last: Uint8Array, count: number): string | undefined {
  if (child.count !== count) return 'a count that is not what is below';
  if (child.last === undefined || compareBytes(child.last, last) !== 0) return 'a last key that is not below';
  return undefined;
}

/** Between two neighbours: keys ascend, and at each level the left list ends because of itself or of what follows. */
function badSeam(left: Subtree, right: Subtree): string | undefined {
  if (compareBytes(left.last!, right.first!) >= 0) return 'keys that do not ascend';
  const early = left.edges.some(({ last }, level) => {
    const next = right.edges[level]!.first;
    return !last.endsItself && !last.cutter.before(next.firstWeight);
  });
  return early ? 'a list that ends where it must go on' : undefined;
}

function broken(fault: string): Subtree {
  const masked = { plain: false, multiset: false };
  return {
    level: 0,
    count: 0,
    first: undefined,
    last: undefined,
    edges: [],
    masked,
    linksObjects: false,
    fault,
  };
}
