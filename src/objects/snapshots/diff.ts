import { CustodyError } from '../../errors.ts';
import { compareBytes } from '../codec.ts';
import { bothLookedAt, coverageChanges } from './coverage.ts';
import { definitionText } from './facts.ts';
import { boundKey, encodeKey } from '../rows/key.ts';
import { decodeKeyText } from '../rows/key-text.ts';
import { decodeKind, type ObjectOf } from '../kinds.ts';
import { Link } from '../link.ts';
import { diffMaps, rowBytes, walkMap, type Row } from '../map-walk.ts';
import { compareNames } from '../names.ts';
import { each, collect, item, need, type Walk } from '../walk.ts';

/** What differs between two snapshots. `before` or `after` is missing where the thing was added or removed. */
export type SnapshotChange =
  | {
      /** What only one of the two looked at: it is not compared. */
      readonly part: 'coverage';
      readonly name: string;
      readonly before: string;
      readonly after: string;
    }
  | {
      readonly part: 'fact';
      /** `database`, `schema`, `sequence`, … */
      readonly class: string;
      readonly name: string;
      readonly before: string | undefined;
      readonly after: string | undefined;
    }
  | {
      readonly part: 'table';
      readonly name: string;
      readonly before: Table | undefined;
      readonly after: Table | undefined;
    }
  | {
      readonly part: 'row';
      readonly table: Table;
      readonly key: Uint8Array;
      readonly before: Uint8Array | undefined;
      readonly after: Uint8Array | undefined;
    };

export type Table = ObjectOf<'table'>;

/**
 * Everything that differs between two snapshots in what both looked at: first where they did not look at the same, then
 * facts by class and name, tables (columns, their order, key), rows. A table that was added or removed gives one `table` change and a `row` change for each of its rows; a table
 * whose columns or key changed gives a `table` change, and its rows as removed and added. Which columns are masked is
 * not compared: a masked value is one that differs.
 * @throws CustodyError KIND_NOT_COMPARABLE, TREE_MALFORMED, OBJECT_KIND_UNEXPECTED and what decoding throws.
 */
export function* diffSnapshots(before: Link, after: Link): Walk<SnapshotChange> {
  if (before.equals(after)) return;
  const a = decodeKind('snapshot', yield* need<SnapshotChange>(before.digest), before.digest);
  const b = decodeKind('snapshot', yield* need<SnapshotChange>(after.digest), after.digest);
  if (a.engine !== b.engine) {
    throw new CustodyError(
      'KIND_NOT_COMPARABLE',
      `a ${a.engine} and a ${b.engine} snapshot cannot be compared`,
      {
        hint: 'Compare two snapshots of the same engine.',
      },
    );
  }
  for (const change of coverageChanges(a, b)) yield* item<SnapshotChange>({ part: 'coverage', ...change });
  const looked = bothLookedAt(a, b);
  for (const name of Object.keys(a.facts).sort(compareNames))
    if (Object.hasOwn(b.facts, name)) yield* diffFacts(name, a.facts[name]!, b.facts[name]!, looked);
  yield* diffTables(a.tables, b.tables, looked);
}

type LookedAt = ReturnType<typeof bothLookedAt>;

function* diffFacts(of: string, a: Link, b: Link, looked: LookedAt): Walk<SnapshotChange> {
  for (const change of yield* collect(diffMaps(a, b))) {
    const name = decodeKeyText(change.key).join(' ');
    if (!looked(of, name)) continue;
    const before = change.before && definitionText(yield* rowBytes<SnapshotChange>(change.before));
    const after = change.after && definitionText(yield* rowBytes<SnapshotChange>(change.after));
    yield* item<SnapshotChange>({ part: 'fact', class: of, name, before, after });
  }
}

function* diffTables(a: Link, b: Link, looked: LookedAt): Walk<SnapshotChange> {
  for (const change of yield* collect(diffMaps(a, b))) {
    const before = change.before && (yield* readTable<SnapshotChange>(change.before));
    const after = change.after && (yield* readTable<SnapshotChange>(change.after));
    for (const table of [before, after]) if (table) checkTableKey(change.key, table);
    const name = (after ?? before)!.name;
    if (!looked('table', name)) continue;
    if (before && after && sameShape(before, after)) yield* diffRows(before, after);
    else {
      yield* item<SnapshotChange>({ part: 'table', name, before, after });
      if (before) yield* allRows(before, 'before');
      if (after) yield* allRows(after, 'after');
    }
  }
}

function checkTableKey(key: Uint8Array, table: Table): void {
  if (compareBytes(key, boundKey(encodeKey([table.name]))) !== 0)
    throw new CustodyError('TREE_MALFORMED', `table ${table.name} stands under the name of another`);
}

/** Rows can be compared one by one only where columns, format and key mean the same. */
export function sameShape(a: Table, b: Table): boolean {
  const shape = ({ format, columns, key }: Table): string =>
    JSON.stringify([format, columns.map((c) => [c.name, c.type]), key.type, key.columns]);
  return shape(a) === shape(b);
}

function* diffRows(a: Table, b: Table): Walk<SnapshotChange> {
  yield* each(diffMaps(a.root, b.root, { before: a.rows, after: b.rows }), ({ key, before, after }) =>
    rowChange(b, key, before, after),
  );
}

function* allRows(table: Table, side: 'before' | 'after'): Walk<SnapshotChange> {
  yield* each(walkMap(table.root, table.rows), ({ key, row }) =>
    side === 'before' ? rowChange(table, key, row, undefined) : rowChange(table, key, undefined, row),
  );
}

function* rowChange(
  table: Table,
  key: Uint8Array,
  before: Row | undefined,
  after: Row | undefined,
): Walk<SnapshotChange> {
  yield* item<SnapshotChange>({
    part: 'row',
    table,
    key,
    before: before && (yield* rowBytes<SnapshotChange>(before)),
    after: after && (yield* rowBytes<SnapshotChange>(after)),
  });
}

/** The table object behind an entry of a snapshot's map of tables. */
export function* readTable<T>(row: Row): Walk<T, Table> {
  if (!(row instanceof Link))
    throw new CustodyError('TREE_MALFORMED', 'a map of tables holds a row that is not a link');
  return decodeKind('table', yield* need<T>(row.digest), row.digest);
}
