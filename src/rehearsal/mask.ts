import { sha256Bytes } from '../objects/sha256.ts';
import { compareBytes } from '../objects/codec.ts';
import { encodeKey } from '../objects/rows/key.ts';
import { decodeKind, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import {
  diffMaps,
  findRow,
  rowBytes,
  walkMap,
  type MapChange,
  type MapEntry,
  type Row,
} from '../objects/map-walk.ts';
import { MapBuilder } from '../objects/merkle-map.ts';
import { multisetValue } from '../objects/rows/multiset.ts';
import { MASKED } from '../objects/rows/masked.ts';
import { decodeRow, encodeRow, rowOf, type RowValue } from '../objects/rows/row.ts';
import { readTable, sameShape, type Table } from '../objects/snapshots/diff.ts';
import { putObject, type ObjectSpool } from '../objects/sink.ts';
import { driveSync, resultOf } from '../objects/walk.ts';

export interface Declared {
  readonly table: string;
  readonly column: string;
}

/**
 * The after-state with the declared values of new and changed rows replaced by MASKED, so that two rehearsals give the
 * same id. Rows that are as they were before keep every value: comparisons with the before-state are never relaxed.
 * A row whose key holds a declared value is keyed by its masked content instead (spec/FORMAT.md, "Masking").
 */
export function maskSnapshot(
  before: Link,
  after: Link,
  declared: readonly Declared[],
  objects: ObjectSpool,
): Link {
  if (declared.length === 0 || before.equals(after)) return after;
  const old = decodeKind('snapshot', objects.get(before.digest));
  const now = decodeKind('snapshot', objects.get(after.digest));
  const tables = new MapBuilder(objects);
  for (const { key, row } of driveSync(walkMap(now.tables), objects.get)) {
    const table = resultOf(readTable(row), objects.get);
    const columns = declared.filter((d) => d.table === table.name).map((d) => d.column);
    if (columns.length === 0) {
      tables.addBounded(key, row);
      continue;
    }
    const [was] = driveSync(findRow(old.tables, key), objects.get);
    const earlier = was === undefined ? undefined : resultOf(readTable(was), objects.get);
    tables.addBounded(key, maskTable(earlier, table, columns, objects));
  }
  return putObject(objects, { ...now, tables: tables.finish().root });
}

function maskTable(
  before: Table | undefined,
  after: Table,
  columns: readonly string[],
  objects: ObjectSpool,
): Link {
  const masked = after.columns.map(({ name }) => columns.includes(name));
  const empty = new MapBuilder(objects).finish().root;
  const work = {
    table: after,
    masked,
    bytesOf: (row: Row) => resultOf(rowBytes(row), objects.get),
    changes: new Map<string, MapChange>(),
  };
  // Of a table whose columns changed no row is as it was.
  const comparable = before !== undefined && sameShape(before, after);
  for (const change of driveSync(diffMaps(comparable ? before.root : empty, after.root), objects.get)) {
    if (change.after !== undefined) work.changes.set(hex(change.key), change);
  }
  const masks = maskChanges(work);
  if (masks.inPlace.size === 0) return putObject(objects, after);
  const map = new MapBuilder(objects);
  for (const [key, row] of maskedEntries(driveSync(walkMap(after.root), objects.get), masks))
    map.addBounded(key, row);
  const { root, count } = map.finish();
  const names = after.columns.filter((_, i) => masked[i]).map(({ name }) => name);
  return putObject(objects, { ...after, masked: names, rows: count, root } satisfies ObjectOf<'table'>);
}

interface Work {
  readonly table: Table;
  /** By index of column. */
  readonly masked: readonly boolean[];
  readonly bytesOf: (row: Row) => Uint8Array;
  /** What is new or changed, by the hex of its key. */
  readonly changes: ReadonlyMap<string, MapChange>;
}

/** What masking does to a table: as much as its changes, not as the table. */
interface Masks {
  /** By the hex of a masked row's key: what stays under that key, or undefined: nothing. */
  readonly inPlace: ReadonlyMap<string, Uint8Array | undefined>;
  /** Masked rows under other keys, in order of these. */
  readonly moved: readonly [Uint8Array, Uint8Array][];
}

function maskChanges(work: Work): Masks {
  const inPlace = new Map<string, Uint8Array | undefined>();
  const loose = new Loose();
  const multiset = work.table.key.type === 'multiset';
  for (const [key, change] of work.changes) {
    const { masked, count, keyed, kept } = multiset ? splitNew(work, change) : maskRow(work, change);
    if (masked === undefined) continue;
    inPlace.set(key, keyed ? masked : kept);
    if (!keyed) loose.add(masked, count);
  }
  const moved = multiset ? loose.asMultiset() : loose.asKeyed();
  return { inPlace, moved: moved.sort(([a], [b]) => compareBytes(a, b)) };
}

/** The table's entries in order of keys, with masked rows in the place of new and changed ones. */
function* maskedEntries(rows: Iterable<MapEntry>, { inPlace, moved }: Masks): Generator<[Uint8Array, Row]> {
  let next = 0;
  for (const { key, row } of rows) {
    while (next < moved.length && compareBytes(moved[next]![0], key) < 0) yield moved[next++]!;
    const name = hex(key);
    const put = inPlace.has(name) ? inPlace.get(name) : row;
    if (put !== undefined) yield [key, put];
  }
  yield* moved.slice(next);
}

interface Parts {
  /** Undefined where nothing of the row is masked. */
  readonly masked: Uint8Array | undefined;
  readonly count: number;
  /** Whether it stays under its own key. */
  readonly keyed: boolean;
  readonly kept?: Uint8Array;
}

/** A keyed row: an updated one keeps what the change left as it was, also in declared columns. */
function maskRow({ table, masked, bytesOf }: Work, { before, after }: MapChange): Parts {
  const values = decodeRow(table.format, bytesOf(after!));
  const earlier = before === undefined ? undefined : decodeRow(table.format, bytesOf(before));
  const next = values.map((value, i) =>
    masked[i] && !sameValue(table, earlier?.[i], value) ? MASKED : value,
  );
  const inKey = table.key.columns.some((name) => next[indexOf(table, name)] === MASKED);
  return {
    masked: next.includes(MASKED) ? encodeRow(table.format, next) : undefined,
    count: 1,
    keyed: !inKey,
  };
}

/** A row of a multiset: as many as there were before are the earlier ones and stay; the others are new. */
function splitNew({ table, masked, bytesOf }: Work, { before, after }: MapChange): Parts {
  const { row, count } = rowOf(table, bytesOf(after!));
  const earlier = before === undefined ? 0 : rowOf(table, bytesOf(before)).count;
  const next = decodeRow(table.format, row).map((value, i) => (masked[i] ? MASKED : value));
  const gained = count - earlier;
  return {
    masked: gained > 0 && next.includes(MASKED) ? encodeRow(table.format, next) : undefined,
    count: gained,
    keyed: false,
    ...(earlier > 0 && { kept: multisetValue(row, earlier) }),
  };
}

/** Masked rows that have lost their key, with how often each is there. */
class Loose {
  readonly #rows = new Map<string, { row: Uint8Array; count: number }>();

  add(row: Uint8Array, count: number): void {
    const found = this.#rows.get(hex(row));
    if (found) found.count += count;
    else this.#rows.set(hex(row), { row, count });
  }

  asMultiset(): [Uint8Array, Uint8Array][] {
    return [...this.#rows.values()].map(({ row, count }) => [sha256Bytes(row), multisetValue(row, count)]);
  }

  /** Rows whose key is masked: keyed by NULL, the hash of the masked row, and a number among equal ones. */
  asKeyed(): [Uint8Array, Uint8Array][] {
    return [...this.#rows.values()].flatMap(({ row, count }) => {
      const hash = sha256Bytes(row);
      return Array.from({ length: count }, (_, i): [Uint8Array, Uint8Array] => [
        encodeKey([null, hash, BigInt(i)]),
        row,
      ]);
    });
  }
}

function indexOf(table: Table, column: string): number {
  return table.columns.findIndex(({ name }) => name === column);
}

function sameValue(table: Table, a: RowValue | undefined, b: RowValue): boolean {
  return a !== undefined && compareBytes(encodeRow(table.format, [a]), encodeRow(table.format, [b])) === 0;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
