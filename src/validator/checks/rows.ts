import { isCustodyError } from '../../errors.ts';
import type { Finding } from '../../finding.ts';
import { diffSnapshots } from '../../objects/snapshots/diff.ts';
import { driveSync } from '../../objects/walk.ts';
import { asFinding, type Evidence } from '../evidence.ts';
import { snapshotsOf } from './snapshots.ts';

/**
 * Every row that differs from the before-state is a row of its table and stands under its own key: so that a change of a row
 * cannot be given out as another row. Where no row differs, its map is the same one.
 */
export function rowsWellFormed({ rehearsal, objects }: Evidence): Finding[] {
  return snapshotsOf(rehearsal).flatMap(([path, link]) => {
    try {
      for (const _ of driveSync(diffSnapshots(rehearsal.entry, link), objects.get));
      return [];
    } catch (error) {
      const table = isCustodyError(error, 'ROW_MALFORMED') ? error.path : undefined;
      return [asFinding(error, table === undefined ? path : `${path}/${table}`)];
    }
  });
}
