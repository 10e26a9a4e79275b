import { finding, type Finding } from '../finding.ts';
import { compareBytes } from '../objects/codec.ts';
import { boundKey, encodeKey, integerKey, TextBytes, type KeyPart } from '../objects/key.ts';
import { splitMultisetValue } from '../objects/multiset.ts';
import { MASKED } from '../objects/rows/masked.ts';
import { decodeRow, type RowValue } from '../objects/rows/row.ts';
import { sha256Bytes } from '../objects/sha256.ts';
import { diffSnapshots, type Table } from '../objects/snapshot-diff.ts';
import { driveSync } from '../objects/walk.ts';
import { attempt, type Evidence } from './evidence.ts';
import { snapshotsOf } from './snapshots.ts';

/**
 * Every row that differs from the before-state decodes, has a value for each column, and stands under its own key: so
 * that a change of a row cannot be given out as another row.
 */
export function rowsWellFormed({ rehearsal, objects, lists }: Evidence): Finding[] {
  return snapshotsOf(rehearsal).flatMap(([path, link]) => {
    const faults = new Map<string, string>();
    const walked = attempt(path, () => {
      const masked = new Map<string, bigint>();
      for (const change of driveSync(diffSnapshots(rehearsal.entry, link), objects.get)) {
        if (change.part !== 'row') continue;
        const { table, key, before, after } = change;
        for (const value of [before, after]) {
          const fault = value && faultOf(table, key, value, masked);
          if (fault !== undefined) faults.set(`${path}/${table.name}`, fault);
        }
      }
    });
    const findings = [...faults].map(([at, what]) => finding('EVIDENCE_MALFORMED', at, what));
    return 'code' in walked ? [walked, ...findings] : findings;
  });
  // Both states have sound trees by now, but a snapshot that is none is reported by the check before this one.
  void lists;
}
