import { isDeepStrictEqual } from 'node:util';
import { finding, type Finding } from '../../finding.ts';
import { decodeRow, rowOf } from '../../objects/rows/row.ts';
import { diffSnapshots, type SnapshotChange } from '../../objects/snapshots/diff.ts';
import { driveSync } from '../../objects/walk.ts';
import type { Evidence } from '../evidence.ts';

/** Places that a finding names; more would help nobody. */
const MAX_PLACES = 6;
/** Changes that are looked at for them. */
const MAX_CHANGES = 10_000;

/** Every leg led to the same state, declared values masked. Where not, the finding says which columns differ. */
export function afterStatesEqual({ rehearsal, objects }: Evidence): Finding[] {
  const first = rehearsal.legs[0]?.after;
  return rehearsal.legs.slice(1).flatMap(({ leg, after }) => {
    if (first && after?.equals(first)) return [];
    const path = `legs/${leg}/after`;
    if (!first || !after)
      return [finding('AFTER_STATES_DIFFER', path, 'a leg did not get as far as the change')];
    const places = placesOf(driveSync(diffSnapshots(first, after), objects.get));
    const hint = 'values from the clock or from randomness must be declared under clock';
    return [finding('AFTER_STATES_DIFFER', path, `the legs differ in ${places.join(', ')}; ${hint}`)];
  });
}

export function placesOf(changes: Iterable<SnapshotChange>): string[] {
  const places = new Set<string>();
  let looked = 0;
  for (const change of changes) {
    if (places.size > MAX_PLACES || looked++ > MAX_CHANGES) break;
    if (change.part !== 'row') places.add(`${change.part} ${[change.name].flat().join(' ')}`);
    else for (const column of columnsOf(change)) places.add(`${change.table.name}.${column}`);
  }
  const named = [...places].slice(0, MAX_PLACES);
  return places.size > named.length ? [...named, '…'] : named;
}

/** Columns whose values differ; a row that only one state has differs as a whole. */
function columnsOf({ table, before, after }: Extract<SnapshotChange, { part: 'row' }>): string[] {
  if (!before || !after) return [`${table.key.columns.join('+') || 'row'} (a row that only one leg has)`];
  const [x, y] = [before, after].map((value) => decodeRow(table.format, rowOf(table, value).row));
  return table.columns.filter((_, i) => !isDeepStrictEqual(x![i], y![i])).map(({ name }) => name);
}
