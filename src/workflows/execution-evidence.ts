import type { ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';

/** rehearsal-execution-evidence.json: the field names that the seeds' validator reads, one entry a way back. */
export function executionEvidence(rehearsal: Link, evidence: ObjectOf<'rehearsal'>): unknown {
  return {
    rehearsal,
    entries: evidence.legs.map(({ leg, after, back }) => ({
      leg,
      before_hash: evidence.entry,
      after_apply_hash: after,
      after_rollback_hash: back,
      restored_match: back?.equals(evidence.entry) ?? false,
    })),
  };
}
