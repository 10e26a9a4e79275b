import type { Link } from '../../objects/link.ts';
import type { Material } from './material.ts';
import { movedSequences } from './moved-sequences.ts';

/** clone-rollback-evidence.json: the read-only proof, and for each leg the states that were compared. */
export function cloneRollback({ id, rehearsal, plan, accepted, get }: Material): unknown {
  const { entry, exit } = rehearsal;
  const isEntry = (link: Link | null): boolean => link?.equals(entry) ?? false;
  return {
    rehearsal: id,
    entry,
    exit,
    entry_equals_exit: isEntry(exit),
    // One that was not asked any more has no answer.
    preflight: plan.preflight.map((gate, i) => ({
      ...gate,
      actual: rehearsal.preflight[i]?.actual ?? null,
      ok: rehearsal.preflight[i]?.ok ?? false,
    })),
    baseline: rehearsal.baseline,
    planned_legs: plan.legs,
    trigger: rehearsal.trigger,
    legs: rehearsal.legs.map((leg) => ({
      leg: leg.leg,
      ended: leg.ended,
      trigger: leg.trigger,
      start: leg.start,
      start_equals_entry: isEntry(leg.start),
      after: leg.after,
      back: leg.back,
      back_equals_entry: isEntry(leg.back),
      // Only where it is accepted: else nobody knows that nothing but sequences differs.
      moved: accepted && leg.back ? movedSequences(entry, leg.back, get) : [],
      image_identical: leg.identical,
      transaction_open: leg.open,
      quarantined: leg.quarantined,
      preflight: leg.preflight,
      postconditions: leg.postconditions,
    })),
    observed: rehearsal.observed,
  };
}
