import type { Link } from '../../objects/link.ts';
import { diffSnapshots } from '../../objects/snapshots/diff.ts';
import { driveSync } from '../../objects/walk.ts';
import { showChange, type ShownChange } from '../../objects/snapshots/shown-change.ts';
import type { GetSync } from './content.ts';

/** row-changes.json: every change from the before-state to the (masked) after-state of the first leg that has one. */
export function rowChanges(
  { entry, legs }: { entry: Link; legs: readonly { after: Link | null }[] },
  get: GetSync,
): { before: Link; after: Link | null; changes: readonly ShownChange[] } {
  const after = legs.find((leg) => leg.after !== null)?.after;
  if (!after) return { before: entry, after: null, changes: [] };
  const changes = [...driveSync(diffSnapshots(entry, after), get)].map(showChange);
  return { before: entry, after, changes };
}
