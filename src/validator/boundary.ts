import { finding, type Finding } from '../finding.ts';
import type { Evidence } from './evidence.ts';
import { insertMoves } from './sequences.ts';

/**
 * Insert-only, within the plan's tables; facts, schema and columns as they were. Sequences may move as inserting moves
 * them; the way back is judged by `both-ways-back`.
 */
export function boundaryKept(evidence: Evidence): Finding[] {
  const { rehearsal, plan, delta } = evidence;
  const findings: Finding[] = [];
  for (const { leg, after } of rehearsal.legs) {
    if (!after) continue;
    const { tables, others } = delta(after);
    const exceeded = (where: string, what: string): void =>
      void findings.push(finding('BOUNDARY_EXCEEDED', `legs/${leg}/after/${where}`, what));
    for (const { table, updated, deleted } of tables) {
      if (!plan.boundary.tables.includes(table)) exceeded(table, 'a table outside the boundary changed');
      if (updated + deleted > 0) exceeded(table, 'rows were updated or deleted');
    }
    for (const change of others) {
      const { part, name } = change;
      if (part !== 'sequence') exceeded(`${part}/${name}`, `a ${part} was ${change.change}`);
      else if (!insertMoves(change, evidence))
        exceeded(`sequence/${name}`, `inserting does not move it like this (${change.change})`);
    }
  }
  return findings;
}
