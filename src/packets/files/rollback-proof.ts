import { digestFromBytes } from '../../objects/digest.ts';
import type { ObjectOf } from '../../objects/kinds.ts';
import { legHashes, wentBack } from './execution-evidence.ts';
import type { Material } from './material.ts';

/**
 * rollback-recovery-proof.json: that the change was real, that it is gone, that the scripts stayed the same, and the
 * answers of the postconditions before, while applied and after each way back.
 */
export function rollbackProof({ id, rehearsal, plan, accepted }: Material): unknown {
  const { entry, legs, baseline } = rehearsal;
  return {
    rehearsal: id,
    accepted,
    entries: legs.map((leg) => ({
      ...legHashes(entry, leg),
      real_change: leg.after !== null && !leg.after.equals(entry),
      restored_match: wentBack(entry, leg),
    })),
    executor: scriptProof(rehearsal.executor),
    rollback: rehearsal.rollback && scriptProof(rehearsal.rollback),
    postconditions: plan.postconditions.map(({ name, sql, expect, at }, i) => ({
      name,
      sql,
      expect,
      unchanged: expect === null,
      at,
      before: baseline[i]?.actual ?? null,
      legs: legs.map(({ leg, postconditions }) => ({
        leg,
        actual: postconditions[i]?.actual ?? null,
        ok: postconditions[i]?.ok ?? false,
      })),
    })),
  };
}

function scriptProof({ before, after }: ObjectOf<'rehearsal'>['executor']): unknown {
  return {
    sha256_before: before,
    sha256_after: after,
    unchanged: digestFromBytes(before) === digestFromBytes(after),
  };
}
