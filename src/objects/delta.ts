import { CustodyError } from '../errors.ts';
import type { Link } from './link.ts';
import { diffSnapshots } from './snapshot-diff.ts';
import { splitMultisetValue } from './multiset.ts';
import { compareNames } from './tree.ts';
import type { Walk } from './walk.ts';

export interface TableDelta {
  readonly table: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** What differs between two snapshots beside rows. */
export interface OtherChange {
  readonly part: 'fact' | 'schema' | 'sequence' | 'table';
  readonly name: string;
}

export interface Delta {
  /** Tables with changed rows, by name; a multiset's rows count as often as they occur. */
  readonly tables: readonly TableDelta[];
  readonly others: readonly OtherChange[];
}

/**
 * Counts what differs between two snapshots. It returns the delta and yields no items: `yield* deltaOf(a, b)`.
 * @throws CustodyError ROW_MALFORMED for a multiset's row without a count, and what {@link diffSnapshots} throws.
 */
export function* deltaOf<T>(before: Link, after: Link): Walk<T, Delta> {
  const tables = new Map<string, { table: string; inserted: number; updated: number; deleted: number }>();
  const others: OtherChange[] = [];
  const walk = diffSnapshots(before, after);
  let step = walk.next();
  while (!step.done) {
    if ('need' in step.value) {
      step = walk.next(yield step.value);
      continue;
    }
    const change = step.value.item;
    if (change.part === 'row') {
      const table = change.table.name;
      const counts = tables.get(table) ?? { table, inserted: 0, updated: 0, deleted: 0 };
      tables.set(table, counts);
      if (change.table.key.type === 'multiset') {
        const gained = occurrences(change.after) - occurrences(change.before);
        if (gained > 0) counts.inserted += gained;
        else counts.deleted -= gained;
      } else if (change.before === undefined) counts.inserted++;
      else if (change.after === undefined) counts.deleted++;
      else counts.updated++;
    } else {
      const name = typeof change.name === 'string' ? change.name : change.name.join(' ');
      others.push({ part: change.part, name });
    }
    step = walk.next();
  }
  return { tables: [...tables.values()].sort((a, b) => compareNames(a.table, b.table)), others };
}

function occurrences(value: Uint8Array | undefined): number {
  if (value === undefined) return 0;
  const split = splitMultisetValue(value);
  if (!split) throw new CustodyError('ROW_MALFORMED', 'a row of a multiset has no count');
  return split.count;
}
