import type { ObjectOf } from '../../objects/kinds.ts';
import type { Link } from '../../objects/link.ts';

type Evidence = Pick<ObjectOf<'rehearsal'>, 'entry' | 'legs'>;

/**
 * rehearsal-execution-evidence.json: one entry a way back, with the field names that other validators read (spec/REHEARSAL.md, "Foreign validators").
 */
export function executionEvidence(rehearsal: Link, { entry, legs }: Evidence): unknown {
  return {
    rehearsal,
    entries: legs.map((leg) => ({ ...legHashes(entry, leg), restored_match: wentBack(entry, leg) })),
  };
}

type Leg = Pick<Evidence['legs'][number], 'leg' | 'after' | 'back'>;

/** The states of one leg, by their hashes. */
export function legHashes(entry: Link, { leg, after, back }: Leg): Record<string, unknown> {
  return { leg, before_hash: entry, after_apply_hash: after, after_rollback_hash: back };
}

/** Whether the way back of a leg led to the before-state. */
export function wentBack(entry: Link, { back }: Leg): boolean {
  return back?.equals(entry) ?? false;
}
