import { CustodyError } from '../errors.ts';
import { compareBytes } from './codec.ts';
import { hash32 } from './cutting/cutter.ts';
import { storeContent } from './file.ts';
import { boundKey, MAX_KEY } from './rows/key.ts';
import type { Link } from './link.ts';
import { ListTreeBuilder } from './cutting/list-tree.ts';
import { putObject, type ObjectSink } from './sink.ts';
import { LINK_WEIGHT, MAX_INLINE_ROW } from './sound/lists.ts';

/**
 * Builds a Merkle map: a history-independent search tree over (key, row) pairs (a prolly tree; spec/FORMAT.md, "Merkle maps").
 * Keys are bounded (key.ts) and must strictly ascend bytewise; a row is bytes, or a link to an object.
 */
export class MapBuilder {
  readonly #sink: ObjectSink;
  readonly #tree: ListTreeBuilder<Uint8Array, [Uint8Array, Uint8Array | Link]>;
  #last: Uint8Array | undefined;

  constructor(sink: ObjectSink) {
    this.#sink = sink;
    this.#tree = new ListTreeBuilder({
      leaf: (entries) => putObject(sink, { kind: 'rows', v: 1, entries: [...entries] }),
      inner: (level, children) =>
        putObject(sink, {
          kind: 'node',
          v: 1,
          level,
          entries: children.map((c) => [c.last, c.link, c.count]),
        }),
      weight: (child) => child.last.length + LINK_WEIGHT,
    });
  }

  /** Bounds the key (key.ts) and adds. @throws CustodyError TREE_MALFORMED when keys do not ascend. */
  add(key: Uint8Array, row: Uint8Array | Link): void {
    this.addBounded(boundKey(key), row);
  }

  /** {@link add} for a key that comes out of another map, and so is bounded already. */
  addBounded(bound: Uint8Array, row: Uint8Array | Link): void {
    if (bound.length > MAX_KEY) {
      throw new CustodyError('TREE_MALFORMED', `a key of ${bound.length} bytes is above ${MAX_KEY}`);
    }
    if (this.#last !== undefined && compareBytes(this.#last, bound) >= 0) {
      throw new CustodyError('TREE_MALFORMED', `keys must ascend: ${hex(bound)} after ${hex(this.#last)}`);
    }
    this.#last = bound;
    const entry =
      row instanceof Uint8Array && row.length > MAX_INLINE_ROW ? storeContent(this.#sink, row) : row;
    const weight = bound.length + (entry instanceof Uint8Array ? entry.length : LINK_WEIGHT);
    this.#tree.add(bound, [bound, entry], 1, weight, hash32(bound));
  }

  /** @returns the root (an empty `rows` where nothing was added) and the number of rows. */
  finish(): { root: Link; count: number } {
    return this.#tree.finish();
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 32)).toString('hex');
}
