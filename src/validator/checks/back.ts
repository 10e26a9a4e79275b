import { finding, type Finding } from '../../finding.ts';
import { compareBytes } from '../../objects/codec.ts';
import { deltaOf, type OtherChange } from '../../objects/snapshots/delta.ts';
import { decodeKind, encodeObject } from '../../objects/kinds.ts';
import type { Link } from '../../objects/link.ts';
import { findFact } from '../../objects/snapshots/facts.ts';
import { resultOf } from '../../objects/walk.ts';
import type { Evidence } from '../evidence.ts';
import { tablesOf } from './snapshots.ts';

type Leg = Evidence['rehearsal']['legs'][number];

/** After each way back somebody looked what was there. That no error came proves nothing. */
export function waysBackCompared({ rehearsal }: Evidence): Finding[] {
  return rehearsal.legs
    .filter(({ back }) => back === null)
    .map(({ leg }) =>
      finding('ROLLBACK_UNCOMPARED', `legs/${leg}/back`, 'the state after the way back was not captured'),
    );
}

/**
 * The state after each way back is the before-state: the same digest, so the same rows, columns, schema and facts. The one
 * relaxation: a sequence that the plan declares bounded may be where the leg had moved it. Only PostgreSQL's ROLLBACK
 * leaves one there (leg T; PostgreSQL, functions-sequence), and a rollback script may (leg S); a restored image never does.
 */
export function waysBackExact(evidence: Evidence): Finding[] {
  return evidence.rehearsal.legs.flatMap((leg) =>
    leg.back === null ? [] : checkState(evidence, leg, leg.back),
  );
}

/** SQLite's file must be the restore image byte for byte, but after a script; PostgreSQL's has no such bytes, and must not claim to. */
export function bytesIdentical({ rehearsal }: Evidence): Finding[] {
  return rehearsal.legs.flatMap(({ leg, identical }) => {
    const wanted = rehearsal.engine === 'sqlite' && leg !== 'S' ? true : null;
    if (identical === wanted) return [];
    const what = {
      true: 'a byte-exact comparison that cannot be made here',
      false: 'the bytes are not those of the restore image',
      null: 'the bytes were not compared with the restore image',
    }[`${identical}`];
    return [finding('ROLLBACK_NOT_EXACT', `legs/${leg}/identical`, what)];
  });
}

function checkState(evidence: Evidence, leg: Leg, back: Link): Finding[] {
  const { rehearsal, delta, objects } = evidence;
  if (back.equals(rehearsal.entry)) return [];
  const path = `legs/${leg.leg}/back`;
  if (leg.after && isAppliedState(evidence, leg.after, back))
    return [finding('ROLLBACK_ASSUMED', path, 'what was applied is still there: nothing was rolled back')];
  const { tables, others } = delta(back);
  const differs = (where: string, what: string): Finding =>
    finding('ROLLBACK_NOT_EXACT', `${path}${where}`, what);
  const findings = [
    ...tables.map(({ table, inserted, updated, deleted }) =>
      differs(`/${table}`, `${inserted + updated + deleted} rows differ from the before-state`),
    ),
    ...others
      .filter((change) => !leftMoved(evidence, leg, change))
      .map(({ part, name }) => {
        const declare = part === 'sequence' ? '; where that may be, the plan says so under bounded' : '';
        return differs(`/${part}/${name}`, `this ${part} differs from the before-state${declare}`);
      }),
  ];
  // Different digests beside what is bounded, and no difference: nothing may hide in a form.
  if (findings.length === 0 && !sameBut('sequence', rehearsal.entry, back, objects.get))
    findings.push(differs('', 'another digest for the same content'));
  return findings;
}

/** The rows are those of the after-state; where values are masked in it, as many of them changed. */
function isAppliedState(evidence: Evidence, after: Link, back: Link): boolean {
  const changed = evidence.delta(back).tables;
  if (changed.length === 0 || JSON.stringify(changed) !== JSON.stringify(evidence.delta(after).tables))
    return false;
  const masked = new Set(
    tablesOf(evidence, after)
      .filter((table) => table.masked.length > 0)
      .map(({ name }) => name),
  );
  const between = resultOf(deltaOf(after, back), evidence.objects.get);
  return between.tables.every(({ table }) => masked.has(table));
}

/** A sequence stands where the leg had moved it, byte for byte, and the plan says that it may. */
function leftMoved(evidence: Evidence, { leg, after, back }: Leg, { part, name }: OtherChange): boolean {
  const { rehearsal, plan, delta } = evidence;
  const mayStay = leg === 'S' || (leg === 'T' && rehearsal.engine === 'postgres');
  if (!mayStay || !after || !back || part !== 'sequence') return false;
  const left = sequenceOf(evidence, back, name);
  const moved = sequenceOf(evidence, after, name);
  return (
    plan.bounded.some((effect) => effect.name === name) &&
    delta(after).others.some((other) => other.part === 'sequence' && other.name === name) &&
    left !== undefined &&
    moved !== undefined &&
    compareBytes(left, moved) === 0
  );
}

/** What a state says of a sequence. */
function sequenceOf({ objects }: Evidence, state: Link, name: string): Uint8Array | undefined {
  return resultOf(findFact(decodeKind('snapshot', objects.get(state.digest)), 'sequence', name), objects.get);
}

/** Whether two snapshots are one object but for one class of facts. */
function sameBut(of: string, a: Link, b: Link, get: Evidence['objects']['get']): boolean {
  const [x, y] = [a, b].map(({ digest }) => decodeKind('snapshot', get(digest)));
  const facts = Object.fromEntries(
    Object.entries(y!.facts).map(([name, link]) => [name, name === of ? (x!.facts[of] ?? link) : link]),
  );
  const { link } = encodeObject({ ...y!, facts });
  return link.equals(a);
}
