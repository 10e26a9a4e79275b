import { finding, type Finding } from '../../finding.ts';
import { compareBytes } from '../../objects/codec.ts';
import { diffSnapshots, type Table } from '../../objects/snapshots/diff.ts';
import { rowFaults } from '../../objects/sound/row.ts';
import { driveSync } from '../../objects/walk.ts';
import { attempt, type Evidence } from '../evidence.ts';
import { tablesThatDiffer, snapshotsOf, tablesOf } from './snapshots.ts';

/**
 * Every row that differs from the before-state decodes, has a value for each column, and stands under its own key: so
 * that a change of a row cannot be given out as another row. Where no row differs, its map is the same one.
 */
export function rowsWellFormed(evidence: Evidence): Finding[] {
  const { rehearsal, objects } = evidence;
  const roots = new Map(tablesOf(evidence, rehearsal.entry).map(({ name, root }) => [name, root]));
  return snapshotsOf(rehearsal).flatMap(([path, link]) => {
    const faults = new Map<string, Finding>();
    const note = (found: Finding): void => {
      if (!faults.has(found.path)) faults.set(found.path, found);
    };
    const walked = attempt(path, () => {
      const rules = new Map<Table, ReturnType<typeof rowFaults>>();
      let last: { table: Table; key: Uint8Array } | undefined;
      const faultOf = (table: Table, key: Uint8Array, row: Uint8Array): string | undefined => {
        const fault = rules.get(table) ?? rowFaults(table);
        rules.set(table, fault);
        const previous = last?.table === table ? last.key : undefined;
        last = { table, key };
        return fault(key, row, previous);
      };
      const changed = new Set<string>();
      for (const change of driveSync(diffSnapshots(rehearsal.entry, link), objects.get)) {
        if (change.part !== 'row') continue;
        const { table, key, before, after } = change;
        const at = `${path}/${table.name}`;
        changed.add(table.name);
        // A row that is gone was one of the before-state; what stands there now is looked at.
        const checked = attempt(at, () =>
          before && after && same(before, after)
            ? 'one row in two forms'
            : after && faultOf(table, key, after),
        );
        if ('code' in checked) note(checked);
        else if (checked.value !== undefined) note(malformed(at, checked.value));
      }
      for (const { name, root } of tablesThatDiffer(evidence, link))
        if (!changed.has(name) && roots.get(name)?.equals(root) === false)
          note(malformed(`${path}/${name}`, 'the same rows in another form'));
    });
    return 'code' in walked ? [walked, ...faults.values()] : [...faults.values()];
  });
}

function malformed(path: string, what: string): Finding {
  return finding('EVIDENCE_MALFORMED', path, what);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return compareBytes(a, b) === 0;
}
