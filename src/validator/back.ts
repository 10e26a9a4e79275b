import { finding, type Finding } from '../finding.ts';
import { deltaOf, type OtherChange } from '../objects/delta.ts';
import { decodeKind } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import { resultOf } from '../objects/walk.ts';
import type { Evidence } from './evidence.ts';

/**
 * The state after each way back is the before-state: the same digest, so the same rows, columns, schema and facts.
 * The one relaxation: in leg T a PostgreSQL sequence that the plan declares bounded may have moved, because ROLLBACK does
 * not undo `nextval` (PostgreSQL, functions-sequence); nothing else may differ.
 */
export function checkBack(evidence: Evidence): Finding[] {
  const { rehearsal } = evidence;
  return rehearsal.legs.flatMap(({ leg, back, identical }) => [
    ...checkBytes(leg, identical, rehearsal.engine),
    ...(back === null
      ? [finding('ROLLBACK_NOT_EXACT', `legs/${leg}/back`, 'the state after the way back was not captured')]
      : checkState(evidence, leg, back)),
  ]);
}

/** SQLite's file must be the restore image byte for byte; PostgreSQL's has no such bytes, and must not claim to. */
function checkBytes(leg: string, identical: boolean | null, engine: string): Finding[] {
  const wanted = engine === 'sqlite' ? true : null;
  if (identical === wanted) return [];
  const what = {
    true: 'a byte-exact comparison that this engine cannot make',
    false: 'the bytes are not those of the restore image',
    null: 'the bytes were not compared with the restore image',
  }[`${identical}`];
  return [finding('ROLLBACK_NOT_EXACT', `legs/${leg}/identical`, what)];
}

function checkState(evidence: Evidence, leg: string, back: Link): Finding[] {
  const { rehearsal, plan, objects } = evidence;
  if (back.equals(rehearsal.entry)) return [];
  const path = `legs/${leg}/back`;
  const { tables, others } = resultOf(deltaOf(rehearsal.entry, back), objects.get);
  const bounded = new Set(
    rehearsal.engine === 'postgres' && leg === 'T' ? plan.bounded.map(({ name }) => name) : [],
  );
  const allowed = ({ part, name, change, after }: OtherChange): boolean =>
    part === 'sequence' &&
    change === 'changed' &&
    bounded.has(name) &&
    movedByLeg(evidence, leg, name, after);
  const findings = [
    ...tables.map(({ table, inserted, updated, deleted }) =>
      finding(
        'ROLLBACK_NOT_EXACT',
        `${path}/${table}`,
        `${inserted + updated + deleted} rows differ from the before-state`,
      ),
    ),
    ...others
      .filter((change) => !allowed(change))
      .map(({ part, name }) =>
        finding(
          'ROLLBACK_NOT_EXACT',
          `${path}/${part}/${name}`,
          `this ${part} differs from the before-state`,
        ),
      ),
  ];
  // Different digests beside what is bounded, and no difference: nothing may hide in a form.
  if (findings.length === 0 && !sameButSequences(rehearsal.entry, back, objects.get))
    findings.push(finding('ROLLBACK_NOT_EXACT', path, 'another digest for the same content'));
  return findings;
}

function sameButSequences(a: Link, b: Link, get: Evidence['objects']['get']): boolean {
  const x = decodeKind('snapshot', get(a.digest));
  const y = decodeKind('snapshot', get(b.digest));
  return x.schema.equals(y.schema) && x.tables.equals(y.tables);
}

/** ROLLBACK leaves a sequence where the leg had moved it, nowhere else. */
function movedByLeg(
  { rehearsal, delta }: Evidence,
  leg: string,
  name: string,
  value: string | undefined,
): boolean {
  const after = rehearsal.legs.find((l) => l.leg === leg)?.after;
  if (!after) return false;
  return delta(after).others.some((o) => o.part === 'sequence' && o.name === name && o.after === value);
}
