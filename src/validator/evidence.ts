import { CustodyError, isCustodyError } from '../errors.ts';
import { finding, type Finding } from '../finding.ts';
import { closure } from '../objects/closure.ts';
import { deltaOf, type Delta } from '../objects/delta.ts';
import type { Digest } from '../objects/digest.ts';
import { decodeKind, type ObjectOf } from '../objects/kinds.ts';
import { nodeLink, type Link } from '../objects/link.ts';
import type { MemoryObjects } from '../objects/memory-objects.ts';
import { driveSync, resultOf } from '../objects/walk.ts';

/** A rehearsal with everything it cites, decoded, for the checks. Deltas are recomputed from the snapshots' rows. */
export interface Evidence {
  readonly id: Digest;
  readonly rehearsal: ObjectOf<'rehearsal'>;
  readonly plan: ObjectOf<'plan'>;
  readonly objects: MemoryObjects;
  /** From the before-state to another one. Throws what a malformed Merkle map throws. */
  delta(after: Link): Delta;
}

/**
 * Gathers the evidence: every object that the rehearsal reaches must be there, hash to its name (objects are hashed as
 * they come in) and decode. @returns findings instead where that does not hold.
 */
export function gather(id: Digest, objects: MemoryObjects): Evidence | Finding[] {
  const findings: Finding[] = [];
  let rehearsal: ObjectOf<'rehearsal'>;
  let plan: ObjectOf<'plan'>;
  try {
    rehearsal = decodeKind('rehearsal', objects.get(id), id);
    for (const { link } of driveSync(closure([nodeLink(id)]), objects.get)) void link;
    plan = decodeKind('plan', objects.get(rehearsal.plan.digest), rehearsal.plan.digest);
    decodeKind('validator', objects.get(rehearsal.validator.digest), rehearsal.validator.digest);
  } catch (error) {
    findings.push(asFinding(error, 'rehearsal'));
    return findings;
  }
  const known = new Map<Digest, Delta>();
  const delta = (after: Link): Delta => {
    const found = known.get(after.digest) ?? resultOf(deltaOf(rehearsal.entry, after), objects.get);
    known.set(after.digest, found);
    return found;
  };
  return { id, rehearsal, plan, objects, delta };
}

/** A fault of stored bytes as a finding; a bug of ours stays an error. */
export function asFinding(error: unknown, path: string): Finding {
  if (!isCustodyError(error)) throw error;
  if (error.code === 'INTERNAL') throw error;
  const where = error instanceof CustodyError && error.path !== undefined ? `${path}/${error.path}` : path;
  return finding(
    error.code === 'OBJECT_MISSING' ? 'DIGEST_ABSENT' : 'EVIDENCE_MALFORMED',
    where,
    `${error.code}: ${error.message}`,
  );
}
