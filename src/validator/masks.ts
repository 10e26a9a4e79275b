import { finding, type Finding } from '../finding.ts';
import { decodeKind } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import { walkMap } from '../objects/map-walk.ts';
import { MASKED } from '../objects/rows/masked.ts';
import { decodeRow, rowOf } from '../objects/rows/row.ts';
import { readTable, diffSnapshots, type Table } from '../objects/snapshot-diff.ts';
import { driveSync, resultOf } from '../objects/walk.ts';
import type { Evidence } from './evidence.ts';

/**
 * Masked values stand only where the plan declares them, only in after-states, and only in rows that are new or changed.
 * The before-state and the states after each way back hold none.
 */
export function checkMasks(evidence: Evidence): Finding[] {
  const { rehearsal } = evidence;
  const bare: [string, Link | null][] = [
    ['entry', rehearsal.entry],
    ...rehearsal.legs.map(({ leg, back }): [string, Link | null] => [`legs/${leg}/back`, back]),
  ];
  return [
    ...bare.flatMap(([path, link]) =>
      (link ? tablesOf(evidence, link) : [])
        .filter(({ masked }) => masked.length > 0)
        .map(({ name }) => undeclared(`${path}/${name}`)),
    ),
    ...rehearsal.legs.flatMap(({ leg, after }) =>
      after ? checkAfter(evidence, `legs/${leg}/after`, after) : [],
    ),
  ];
}

function checkAfter(evidence: Evidence, path: string, after: Link): Finding[] {
  const { rehearsal, plan, objects } = evidence;
  const declared = (table: Table): Set<string> =>
    new Set(plan.masked.filter(({ table: name }) => name === table.name).map(({ column }) => column));
  const findings: Finding[] = [];
  for (const table of tablesOf(evidence, after)) {
    if (table.masked.some((column) => !declared(table).has(column)))
      findings.push(undeclared(`${path}/${table.name}`));
  }
  for (const change of driveSync(diffSnapshots(rehearsal.entry, after), objects.get)) {
    if (change.part !== 'row' || change.after === undefined) continue;
    const { table } = change;
    const values = decodeRow(table.format, rowOf(table, change.after).row);
    const allowed = declared(table);
    values.forEach((value, i) => {
      const column = table.columns[i]?.name ?? `#${i}`;
      if (value === MASKED && !allowed.has(column))
        findings.push(undeclared(`${path}/${table.name}/${column}`));
    });
  }
  return findings;
}

function tablesOf({ objects }: Evidence, snapshot: Link): Table[] {
  const { tables } = decodeKind('snapshot', objects.get(snapshot.digest));
  return [...driveSync(walkMap(tables), objects.get)].map(({ row }) => resultOf(readTable(row), objects.get));
}

function undeclared(path: string): Finding {
  return finding('MASK_UNDECLARED', path, 'a value is masked that the plan does not declare');
}
