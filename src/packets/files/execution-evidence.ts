import { jsonFile } from '../../objects/json.ts';
import type { FirstOf, ObjectOf } from '../../objects/kinds.ts';
import type { Link } from '../../objects/link.ts';

type Evidence = Pick<FirstOf<'rehearsal'> | ObjectOf<'rehearsal'>, 'entry' | 'legs'>;

/**
 * The bytes of `rehearsal-execution-evidence.json`: a packet's file, and all that a foreign validator gets to see. One entry
 * a way back, with the field names that other validators read (SPEC.md, "Foreign validators").
 */
export function executionEvidence(rehearsal: Link, { entry, legs }: Evidence): string {
  return jsonFile({
    rehearsal,
    entries: legs.map(({ leg, after, back }) => ({
      leg,
      before_hash: entry,
      after_apply_hash: after,
      after_rollback_hash: back,
      restored_match: back?.equals(entry) ?? false,
    })),
  });
}
