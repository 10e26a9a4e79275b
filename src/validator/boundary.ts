import { finding, type Finding } from '../finding.ts';
import type { OtherChange } from '../objects/delta.ts';
import type { Evidence } from './evidence.ts';

/**
 * Insert-only, within the plan's tables; facts, schema and columns as they were. Sequences may move as inserting moves
 * them; the way back is judged by `both-ways-back`.
 */
export function boundaryKept({ rehearsal, plan, delta }: Evidence): Finding[] {
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
      else if (!insertMoves(change, rehearsal.engine, plan.boundary.tables))
        exceeded(`sequence/${name}`, `inserting does not move it like this (${change.change})`);
    }
  }
  return findings;
}

/**
 * Whether inserting rows can have this effect on a sequence. SQLite's counter has its table's name, begins with the first
 * row and only grows (https://www.sqlite.org/autoinc.html). One of PostgreSQL is there before, stays, and moves either way.
 */
function insertMoves(change: OtherChange, engine: 'sqlite' | 'postgres', tables: readonly string[]): boolean {
  if (engine === 'postgres') return change.change === 'changed';
  const before = counter(change.before);
  const after = counter(change.after);
  return tables.includes(change.name) && after !== undefined && (before === undefined || after > before);
}

function counter(definition: string | undefined): bigint | undefined {
  const digits = definition === undefined ? null : /^seq: (-?[0-9]{1,19})$/.exec(definition);
  return digits ? BigInt(digits[1]!) : undefined;
}
