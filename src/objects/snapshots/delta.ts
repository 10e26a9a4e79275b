import { CustodyError } from '../../errors.ts';
import { compareBytes } from '../codec.ts';
import type { Link } from '../link.ts';
import { diffSnapshots, type SnapshotChange } from './diff.ts';
import { splitMultisetValue } from '../rows/multiset.ts';
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
 * @throws CustodyError ROW_MALFORMED for a multiset's row without a count, or whose key stands for another row, and what
 *   {@link diffSnapshots} throws.
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
    const gained = gainOf(before, after);
    if (gained > 0) counts.inserted += gained;
    else counts.deleted -= gained;
  } else if (before === undefined) counts.inserted++;
  else if (after === undefined) counts.deleted++;
  else counts.updated++;
}

/** How many more of one row there are. Under one key of a multiset there is one row: only its count can change. */
function gainOf(before: Uint8Array | undefined, after: Uint8Array | undefined): number {
  const was = occurrences(before);
  const is = occurrences(after);
  if (was && is && (compareBytes(was.row, is.row) !== 0 || was.count === is.count))
    throw new CustodyError(
      'ROW_MALFORMED',
      'a key of a multiset stands for two rows, or for one in two forms',
    );
  return (is?.count ?? 0) - (was?.count ?? 0);
}

function occurrences(value: Uint8Array | undefined): { count: number; row: Uint8Array } | undefined {
  if (value === undefined) return undefined;
  const split = splitMultisetValue(value);
  if (!split) throw new CustodyError('ROW_MALFORMED', 'a row of a multiset has no count');
  return split;
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
