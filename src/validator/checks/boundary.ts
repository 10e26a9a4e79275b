import { finding, type Finding } from '../../finding.ts';
import type { Evidence } from '../evidence.ts';
import { insertMoves } from './sequences.ts';

/**
 * Rows change within the plan's tables alone, and only inserted ones but where the plan allows more; facts, schema and
 * columns are as they were. Sequences may move as inserting moves them; the ways back are judged by `ways-back-exact`.
 */
export function boundaryKept(evidence: Evidence): Finding[] {
  const { rehearsal, plan, delta } = evidence;
  const findings: Finding[] = [];
  const within = new Set(plan.boundary.tables);
  const allowed = new Set(plan.boundary.allow.map(({ action, table }) => `${action} ${table}`));
  for (const { leg, after } of rehearsal.legs) {
    if (!after) continue;
    const { tables, others } = delta(after);
    const exceeded = (where: string, what: string): void =>
      void findings.push(finding('BOUNDARY_EXCEEDED', `legs/${leg}/after/${where}`, what));
    for (const { table, updated, deleted } of tables) {
      if (!within.has(table)) exceeded(table, 'a table outside the boundary changed');
      if (updated > 0 && !allowed.has(`update ${table}`)) exceeded(table, 'rows were updated');
      if (deleted > 0 && !allowed.has(`delete ${table}`))
        exceeded(table, 'rows were deleted (a row with another key is one deleted and one inserted)');
    }
    for (const change of others) {
      const { part, name } = change;
      if (part === 'coverage') continue; // coverage-equal says it
      if (part !== 'sequence') exceeded(`${part}/${name}`, `a ${part} was ${change.change}`);
      else if (!insertMoves(change, evidence))
        exceeded(`sequence/${name}`, `inserting does not move it like this (${change.change})`);
    }
  }
  return findings;
}
