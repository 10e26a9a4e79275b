import { compareFindings, type Finding } from '../finding.ts';
import type { Digest } from '../objects/digest.ts';
import type { MemoryObjects } from '../objects/memory-objects.ts';
import { CHECKS } from './checks.ts';
import { asFinding, gather } from './evidence.ts';

export interface Judgement {
  readonly subject: Digest;
  readonly accepted: boolean;
  readonly findings: readonly Finding[];
}

/**
 * Judges a rehearsal by the objects it cites. Pure: no I/O, no clock. The answer starts as "no" and becomes "yes" only
 * when every check ran and none found anything; all findings are reported, not the first.
 */
export function judge(subject: Digest, objects: MemoryObjects): Judgement {
  const evidence = gather(subject, objects);
  if (Array.isArray(evidence))
    return { subject, accepted: false, findings: [...evidence].sort(compareFindings) };
  const findings: Finding[] = [];
  let ran = 0;
  for (const check of CHECKS) {
    try {
      findings.push(...check.run(evidence));
      ran++;
    } catch (error) {
      findings.push(asFinding(error, check.name));
    }
  }
  return {
    subject,
    accepted: ran === CHECKS.length && findings.length === 0,
    findings: findings.sort(compareFindings),
  };
}
