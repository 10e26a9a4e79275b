import { finding, type Finding } from '../finding.ts';
import { deltaOf } from '../objects/delta.ts';
import { resultOf } from '../objects/walk.ts';
import type { Evidence } from './evidence.ts';

/**
 * The state after each way back is the before-state: the same digest, so the same rows, columns, schema and facts.
 * The one relaxation: in leg T a sequence that the plan declares bounded may have moved, because ROLLBACK does not undo
 * `nextval` (PostgreSQL, functions-sequence); nothing else may differ.
 */
export function checkBack({ rehearsal, plan, objects }: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (const { leg, back, identical } of rehearsal.legs) {
    const path = `legs/${leg}/back`;
    if (identical === false)
      findings.push(
        finding(
          'ROLLBACK_NOT_EXACT',
          `legs/${leg}/identical`,
          'the bytes are not those of the restore image',
        ),
      );
    if (identical === null && rehearsal.engine === 'sqlite') {
      findings.push(
        finding(
          'ROLLBACK_NOT_EXACT',
          `legs/${leg}/identical`,
          'the bytes were not compared with the restore image',
        ),
      );
    }
    if (back === null) {
      findings.push(finding('ROLLBACK_NOT_EXACT', path, 'the state after the way back was not captured'));
      continue;
    }
    if (back.equals(rehearsal.entry)) continue;
    const { tables, others } = resultOf(deltaOf(rehearsal.entry, back), objects.get);
    const bounded = new Set(leg === 'T' ? plan.bounded.map(({ name }) => name) : []);
    const beyond = others.filter(({ part, name }) => part !== 'sequence' || !bounded.has(name));
    for (const { table, inserted, updated, deleted } of tables) {
      findings.push(
        finding(
          'ROLLBACK_NOT_EXACT',
          `${path}/${table}`,
          `${inserted + updated + deleted} rows differ from the before-state`,
        ),
      );
    }
    for (const { part, name } of beyond)
      findings.push(
        finding(
          'ROLLBACK_NOT_EXACT',
          `${path}/${part}/${name}`,
          `this ${part} differs from the before-state`,
        ),
      );
    // Different digests without a difference: the maps are not what a Merkle map must be.
    if (tables.length === 0 && others.length === 0)
      findings.push(finding('ROLLBACK_NOT_EXACT', path, 'another digest for the same content'));
  }
  return findings;
}
