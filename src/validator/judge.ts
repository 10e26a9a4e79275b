import { compareFindings, finding, type Finding } from '../finding.ts';
import { hideClaims } from '../rules/claims.ts';
import type { Digest } from '../objects/digest.ts';
import { bounded } from './bounded.ts';
import { STAGES } from './checks.ts';
import { asFinding, gather, type Evidence, type Objects } from './evidence.ts';

export { STAGES } from './checks.ts';

export interface Judgement {
  readonly subject: Digest;
  readonly accepted: boolean;
  readonly findings: readonly Finding[];
}

/**
 * Judges a rehearsal by the objects it cites. Pure: no I/O, no clock. The answer starts as "no" and becomes "yes" only
 * when every check ran and none found anything; all findings of a stage are reported, not the first.
 * @param stages for tests, which leave a check out to see that somebody notices.
 */
export function judge(subject: Digest, objects: Objects, stages = STAGES): Judgement {
  const evidence = gather(subject, objects);
  const findings = Array.isArray(evidence) ? evidence : harmless(runStages(evidence, stages), evidence);
  return { subject, accepted: findings.length === 0, findings: bounded(inOrder(findings)) };
}

/** @returns no finding only where each check of each stage ran to its end. */
function runStages(evidence: Evidence, stages: typeof STAGES): Finding[] {
  for (const stage of stages) {
    const findings: Finding[] = [];
    for (const check of stage) {
      try {
        findings.push(...check.run(evidence));
      } catch (error) {
        findings.push(asFinding(error, check.name));
      }
    }
    if (findings.length > 0) return findings;
  }
  return [];
}

/** A verdict goes into the packet: it must not repeat what the profile forbids to claim. */
function harmless(findings: readonly Finding[], { profile }: Evidence): readonly Finding[] {
  if (!profile) return findings;
  return findings.map(({ code, path, detail }) =>
    finding(code, hideClaims(path, profile.claims), hideClaims(detail, profile.claims)),
  );
}

/** Sorted, each once. */
function inOrder(findings: readonly Finding[]): Finding[] {
  const sorted = [...findings].sort(compareFindings);
  return sorted.filter((found, i) => i === 0 || compareFindings(sorted[i - 1]!, found) !== 0);
}
