import type { Link } from '../link.ts';
import { diffSnapshots, type SnapshotChange, type Table } from './diff.ts';
import { rowOf } from '../rows/row.ts';
import { compareNames } from '../names.ts';
import { each, type Walk } from '../walk.ts';

export interface TableDelta {
  readonly table: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** What differs between two snapshots beside rows. */
export interface OtherChange {
  /** `table`, `coverage` (what was not compared), or the class of a fact: `schema`, `sequence`, `database`, … */
  readonly part: string;
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** What a fact said, as `name: value` lines; undefined for tables and where it was not. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

export interface Delta {
  /** Tables with changed rows, by name; a multiset's rows count as often as they occur. */
  readonly tables: readonly TableDelta[];
  readonly others: readonly OtherChange[];
}

type Counts = { -readonly [K in keyof TableDelta]: TableDelta[K] };
type RowChange = Extract<SnapshotChange, { part: 'row' }>;

/**
 * Counts what differs between two snapshots. It returns the delta and yields no items: `yield* deltaOf(a, b)`.
 * @throws CustodyError what {@link diffSnapshots} throws.
 */
export function* deltaOf<T>(before: Link, after: Link): Walk<T, Delta> {
  const tables = new Map<string, Counts>();
  const others: OtherChange[] = [];
  yield* each<SnapshotChange, T>(diffSnapshots(before, after), (change) => {
    if (change.part === 'row') {
      const table = change.table.name;
      const counts = tables.get(table) ?? { table, inserted: 0, updated: 0, deleted: 0 };
      tables.set(table, counts);
      countRow(counts, change);
    } else others.push(otherOf(change));
  });
  return { tables: [...tables.values()].sort((a, b) => compareNames(a.table, b.table)), others };
}

function countRow(counts: Counts, change: RowChange): void {
  const { table, before, after } = change;
  if (table.key.type === 'multiset') {
    const gained = countOf(table, after) - countOf(table, before);
    if (gained > 0) counts.inserted += gained;
    else counts.deleted -= gained;
  } else if (before === undefined) counts.inserted++;
  else if (after === undefined) counts.deleted++;
  else counts.updated++;
}

/** How often a multiset has a row. Under one key there is one row, so only this can change. */
function countOf(table: Table, value: Uint8Array | undefined): number {
  return value === undefined ? 0 : rowOf(table, value).count;
}

function otherOf(change: Exclude<SnapshotChange, RowChange>): OtherChange {
  const { part, name, before, after } = change;
  return {
    part: part === 'fact' ? change.class : part,
    name,
    change: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
    before: typeof before === 'string' ? before : undefined,
    after: typeof after === 'string' ? after : undefined,
  };
}
