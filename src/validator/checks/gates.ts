import { finding, type Finding } from '../../finding.ts';
import { meets, parseExpectation } from '../../rules/expectation.ts';
import type { Evidence } from '../evidence.ts';

/** Whether an answer is the one that must be. */
export function holds(expect: string, actual: string): boolean {
  const expectation = parseExpectation(expect);
  return expectation !== undefined && meets(expectation, actual);
}

/**
 * Every gate of the plan was asked, in its order, and its answer, judged here again, is met. Where one is not, nothing may
 * have run.
 */
export function gatesMet({ rehearsal, plan }: Evidence): Finding[] {
  const findings: Finding[] = [];
  let blocked = false;
  for (let i = 0; i < Math.max(plan.preflight.length, rehearsal.preflight.length); i++) {
    const wanted = plan.preflight[i];
    const got = rehearsal.preflight[i];
    const path = `preflight/${wanted?.name ?? got?.name ?? i}`;
    if (wanted?.name !== got?.name || wanted?.sql !== got?.sql || wanted?.expect !== got?.expect) {
      findings.push(finding('PLAN_MISMATCH', path, 'the gates asked are not those of the plan'));
    } else if (wanted && got && !(holds(wanted.expect, got.actual) && got.ok)) {
      blocked = true;
      findings.push(finding('PREFLIGHT_FAILED', path, `expected ${wanted.expect}, found ${got.actual}`));
    }
  }
  if (blocked && rehearsal.legs.length > 0)
    findings.push(finding('PASS_WHILE_BLOCKED', 'legs', 'legs ran although a gate was not met'));
  return findings;
}

/**
 * Each leg asked every gate again, inside its transaction and before it applied anything, and got the answers of the
 * before-state. A leg that was stopped before it asked has none.
 */
export function gatesAskedAgain({ rehearsal, plan }: Evidence): Finding[] {
  return rehearsal.legs.flatMap(({ leg, preflight, after, ended }) => {
    const path = `legs/${leg}/preflight`;
    const stopped = (ended === 'aborted' || ended === 'failed') && after === null && preflight.length === 0;
    if (preflight.length !== plan.preflight.length)
      return stopped
        ? []
        : [finding('PLAN_MISMATCH', path, `${preflight.length} answers to ${plan.preflight.length} gates`)];
    const findings: Finding[] = [];
    plan.preflight.forEach(({ name, expect }, i) => {
      const actual = preflight[i]!;
      const before = rehearsal.preflight[i]?.actual;
      if (!holds(expect, actual)) {
        findings.push(finding('PREFLIGHT_FAILED', `${path}/${name}`, `expected ${expect}, found ${actual}`));
        if (after !== null)
          findings.push(
            finding('PASS_WHILE_BLOCKED', `legs/${leg}`, 'it went on although a gate was not met'),
          );
      } else if (before !== undefined && actual !== before)
        findings.push(
          finding('BEFORE_DIVERGED', `${path}/${name}`, `${actual}, but ${before} on the before-state`),
        );
    });
    return findings;
  });
}
