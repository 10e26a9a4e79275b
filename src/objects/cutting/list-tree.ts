import { Cutter, hash32 } from './cutter.ts';
import { digestToBytes } from '../digest.ts';
import type { Link } from '../link.ts';

/** One list that is full: what the level above needs to know of it. */
export interface Child<K> {
  /** The last key below. */
  readonly last: K;
  readonly link: Link;
  /** How much is below: rows, names, or bytes. */
  readonly count: number;
}

/** How one kind of tree writes its lists. */
export interface ListShape<K, E> {
  /** Stores a leaf. */
  leaf(entries: readonly E[]): Link;
  /** Stores an inner list at `level` (1 is right above the leaves). */
  inner(level: number, children: readonly Child<K>[]): Link;
  /** Bytes that an inner entry weighs. */
  weight(child: Child<K>): number;
}

/**
 * Builds a tree of lists from entries that come in order, holding one open list a level. The same entries give the same
 * tree whatever was done before (history independence): cuts depend on entries alone (cutter.ts).
 */
export class ListTreeBuilder<K, E> {
  readonly #shape: ListShape<K, E>;
  readonly #cutter = new Cutter(1);
  readonly #levels: InnerLevel<K>[] = [];
  #open: E[] = [];
  #last: K | undefined;
  #below = 0;

  constructor(shape: ListShape<K, E>) {
    this.#shape = shape;
  }

  /** @param count what the entry adds to the counts above it; @param weight bytes; @param hash 32 bits. */
  add(key: K, entry: E, count: number, weight: number, hash: number): void {
    if (this.#cutter.before(weight)) this.#closeLeaf();
    this.#open.push(entry);
    this.#last = key;
    this.#below += count;
    if (this.#cutter.after(weight, hash)) this.#closeLeaf();
  }

  /** @returns the root: a leaf where everything fits one list (also for no entries at all), else an inner list. */
  finish(): { root: Link; count: number; level: number } {
    if (this.#open.length > 0) this.#closeLeaf();
    for (let level = 0; level < this.#levels.length; level++) {
      const at = this.#levels[level]!;
      // The topmost level with a single child needs no list of its own: the child is the root.
      if (level === this.#levels.length - 1 && at.closed === 0 && at.open.length === 1) {
        return { root: at.open[0]!.link, count: at.open[0]!.count, level };
      }
      if (at.open.length > 0) this.#closeInner(level);
    }
    return { root: this.#shape.leaf([]), count: 0, level: 0 };
  }

  #closeLeaf(): void {
    const child = { last: this.#last as K, link: this.#shape.leaf(this.#open), count: this.#below };
    this.#open = [];
    this.#below = 0;
    this.#cutter.reset();
    this.#addChild(0, child);
  }

  #addChild(index: number, child: Child<K>): void {
    const level = (this.#levels[index] ??= { cutter: new Cutter(2), open: [], closed: 0 });
    const weight = this.#shape.weight(child);
    if (level.cutter.before(weight)) this.#closeInner(index);
    level.open.push(child);
    if (level.cutter.after(weight, digestHash32(child.link))) this.#closeInner(index);
  }

  #closeInner(index: number): void {
    const level = this.#levels[index]!;
    const children = level.open;
    level.open = [];
    level.closed++;
    level.cutter.reset();
    const count = children.reduce((sum, child) => sum + child.count, 0);
    const link = this.#shape.inner(index + 1, children);
    this.#addChild(index + 1, { last: children.at(-1)!.last, link, count });
  }
}

interface InnerLevel<K> {
  readonly cutter: Cutter;
  open: Child<K>[];
  closed: number;
}

/** Inner lists are cut by their children's digests. */
function digestHash32(link: Link): number {
  return hash32(digestToBytes(link.digest));
}
