import { isCustodyError } from '../errors.ts';
import { finding, type Finding } from '../finding.ts';
import { compareNames } from '../objects/tree.ts';
import { decodeKind } from '../objects/kinds.ts';
import type { Check } from './check.ts';
import type { Evidence } from './evidence.ts';
import { rowsWellFormed } from './rows.ts';
import { checkSnapshot, snapshotsOf } from './snapshots.ts';

/** What must hold before rows can be compared. */
export const FORM: readonly Check[] = [
  { name: 'plan-consistent', run: planConsistent },
  { name: 'engine-of-plan', run: engineOfPlan },
  { name: 'snapshots-well-formed', run: snapshotsWellFormed },
];

/** What must hold before the difference of two states means anything. */
export const ROWS: readonly Check[] = [{ name: 'rows-well-formed', run: rowsWellFormed }];

/** A plan object is what a plan file can say: sorted, nothing twice, with reasons, insert-only, within its boundary. */
function planConsistent({ plan }: Evidence): Finding[] {
  const findings: Finding[] = [];
  const lists: [string, string[]][] = [
    ['boundary', [...plan.boundary.tables]],
    ['delta', plan.delta.map(({ table }) => table)],
    ['masked', plan.masked.map(({ table, column }) => `${table}\0${column}`)],
    ['bounded', plan.bounded.map(({ name }) => name)],
  ];
  for (const [field, names] of lists) {
    if (names.some((name, i) => i > 0 && compareNames(names[i - 1]!, name) >= 0))
      findings.push(finding('PLAN_MISMATCH', `plan/${field}`, 'not in order, or something twice'));
  }
  for (const field of ['masked', 'bounded'] as const) {
    if (plan[field].some(({ reason }) => reason.trim() === ''))
      findings.push(finding('PLAN_MISMATCH', `plan/${field}`, 'declared without a reason'));
  }
  for (const { table, inserted, updated, deleted } of plan.delta) {
    const path = `plan/delta/${table}`;
    if (inserted === 0 || updated > 0 || deleted > 0)
      findings.push(finding('PLAN_MISMATCH', path, 'an insert-only plan expects inserted rows alone'));
    if (!plan.boundary.tables.includes(table))
      findings.push(finding('PLAN_MISMATCH', path, 'expected to change, but outside the boundary'));
  }
  return findings;
}

/** Plan, rehearsal and every snapshot speak of the same engine. */
function engineOfPlan(evidence: Evidence): Finding[] {
  const { rehearsal, plan, objects } = evidence;
  const findings: Finding[] = [];
  if (plan.engine !== rehearsal.engine)
    findings.push(
      finding('PLAN_MISMATCH', 'engine', `${rehearsal.engine}, but the plan says ${plan.engine}`),
    );
  for (const [path, link] of snapshotsOf(rehearsal)) {
    const snapshot = decodeKindOrNothing(objects.get(link.digest));
    if (snapshot && snapshot.engine !== plan.engine)
      findings.push(finding('PLAN_MISMATCH', path, 'a snapshot of another engine'));
  }
  return findings;
}

/** What is no snapshot at all is reported by snapshots-well-formed. */
function decodeKindOrNothing(bytes: Uint8Array): { engine: string } | undefined {
  try {
    return decodeKind('snapshot', bytes);
  } catch (error) {
    if (isCustodyError(error, 'OBJECT_KIND_UNEXPECTED')) return undefined;
    throw error;
  }
}

function snapshotsWellFormed(evidence: Evidence): Finding[] {
  return snapshotsOf(evidence.rehearsal).flatMap(([path, link]) => checkSnapshot(evidence, path, link));
}
