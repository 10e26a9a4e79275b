import { CustodyError } from '../../errors.ts';
import { equalBytes } from '../codec.ts';
import { bothLookedAt, coverageChanges } from './coverage.ts';
import { definitionText } from './facts.ts';
import { decodeKeyText } from '../rows/key-text.ts';
import { decodeKind, type ObjectOf } from '../kinds.ts';
import { Link } from '../link.ts';
import { diffMaps, rowBytes, walkMap, type MapChange, type Row } from '../map-walk.ts';
import { compareNames } from '../names.ts';
import { rowFaults, type RowFault } from '../sound/row.ts';
import { factRules, tableFault } from '../sound/snapshot.ts';
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
 * What is read is checked (spec/FORMAT.md, "Checks of a reader"), but for the numbers of masked rows
 * where both are masked: only their neighbours tell.
 * @throws CustodyError KIND_NOT_COMPARABLE, TREE_MALFORMED, ROW_MALFORMED with the table as path, OBJECT_KIND_UNEXPECTED and what
 *   decoding throws.
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
    if (Object.hasOwn(b.facts, name)) yield* diffFacts(name, a, b, looked);
  yield* diffTables(a, b, looked);
}

type Snapshot = ObjectOf<'snapshot'>;
type LookedAt = ReturnType<typeof bothLookedAt>;

function* diffFacts(of: string, a: Snapshot, b: Snapshot, looked: LookedAt): Walk<SnapshotChange> {
  const read = (snapshot: Snapshot): ((key: Uint8Array, row: Row) => Walk<SnapshotChange, string>) => {
    const { fault } = factRules(snapshot, of);
    return function* (key, row) {
      const definition = yield* rowBytes<SnapshotChange>(row);
      requireSound('ROW_MALFORMED', of, fault(definition)(key, null));
      return definitionText(definition);
    };
  };
  const [was, is] = [read(a), read(b)];
  for (const change of yield* collect(diffMaps(a.facts[of]!, b.facts[of]!))) {
    const before = change.before && (yield* was(change.key, change.before));
    const after = change.after && (yield* is(change.key, change.after));
    const name = decodeKeyText(change.key).join(' ');
    if (!looked(of, name)) continue;
    yield* item<SnapshotChange>({ part: 'fact', class: of, name, before, after });
  }
}

function* diffTables(a: Snapshot, b: Snapshot, looked: LookedAt): Walk<SnapshotChange> {
  for (const change of yield* collect(diffMaps(a.tables, b.tables))) {
    const before = change.before && (yield* readTable<SnapshotChange>(change.before));
    const after = change.after && (yield* readTable<SnapshotChange>(change.after));
    const name = (after ?? before)!.name;
    if (before) requireSound('TREE_MALFORMED', name, tableFault(a, change.key, before));
    if (after) requireSound('TREE_MALFORMED', name, tableFault(b, change.key, after));
    if (!looked('table', name)) continue;
    if (before && after && sameShape(before, after)) yield* diffRows(before, after);
    else {
      yield* item<SnapshotChange>({ part: 'table', name, before, after });
      if (before) yield* allRows(before, 'before');
      if (after) yield* allRows(after, 'after');
    }
  }
}

function requireSound(
  code: 'ROW_MALFORMED' | 'TREE_MALFORMED',
  part: string,
  fault: string | undefined,
): void {
  if (fault !== undefined) throw new CustodyError(code, `${part}: ${fault}`, { path: part });
}

/** Rows can be compared one by one only where columns, format and key mean the same. */
export function sameShape(a: Table, b: Table): boolean {
  const shape = ({ format, columns, key }: Table): string =>
    JSON.stringify([format, columns.map((c) => [c.name, c.type]), key.type, key.columns]);
  return shape(a) === shape(b);
}

function* diffRows(a: Table, b: Table): Walk<SnapshotChange> {
  // Where only b is masked, none of its masked rows is shared: the one before tells the number.
  const change = rowChange(b, rowFaults(a), rowFaults(b), a.masked.length === 0);
  let changes = 0;
  yield* each(diffMaps(a.root, b.root, { before: a.rows, after: b.rows }), (found) => {
    changes++;
    return change(found);
  });
  if (changes === 0 && !a.root.equals(b.root))
    requireSound('ROW_MALFORMED', b.name, 'the same rows in another form');
}

function* allRows(table: Table, side: 'before' | 'after'): Walk<SnapshotChange> {
  const change = rowChange(table, rowFaults(table), rowFaults(table));
  yield* each(walkMap(table.root, table.rows), ({ key, row }) =>
    change({ key, before: undefined, after: undefined, [side]: row }),
  );
}

function rowChange(
  table: Table,
  was: RowFault,
  is: RowFault,
  marked = false,
): (change: MapChange) => Walk<SnapshotChange> {
  let last: Uint8Array | undefined;
  return function* ({ key, before, after }) {
    const x = before && (yield* rowBytes<SnapshotChange>(before));
    const y = after && (yield* rowBytes<SnapshotChange>(after));
    const fault =
      x && y && equalBytes(x, y)
        ? 'one row in two forms'
        : ((x && was(x)(key, null)) ?? (y && is(y)(key, marked ? last : null)));
    requireSound('ROW_MALFORMED', table.name, fault);
    if (y) last = key;
    yield* item<SnapshotChange>({ part: 'row', table, key, before: x, after: y });
  };
}

/** The table object behind an entry of a snapshot's map of tables. */
export function* readTable<T>(row: Row): Walk<T, Table> {
  if (!(row instanceof Link) || row.codec === 'raw')
    throw new CustodyError('TREE_MALFORMED', 'a map of tables holds a row that is not a link to a table');
  return decodeKind('table', yield* need<T>(row.digest), row.digest);
}
