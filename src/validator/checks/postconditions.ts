import { finding, type Finding } from '../../finding.ts';
import type { Evidence } from '../evidence.ts';
import { holds } from './gates.ts';

/** The before-state and every leg were asked each postcondition of the plan, in its order. */
export function postconditionsAsked({ rehearsal, plan }: Evidence): Finding[] {
  const asked: [string, readonly { name: string }[]][] = [
    ['baseline', rehearsal.baseline],
    ...rehearsal.legs.map(({ leg, postconditions }): [string, typeof postconditions] => [
      `legs/${leg}/postconditions`,
      postconditions,
    ]),
  ];
  const wanted = plan.postconditions.map(({ name }) => name);
  return asked
    .filter(([, list]) => list.length !== wanted.length || list.some(({ name }, i) => name !== wanted[i]))
    .map(([path]) => finding('PLAN_MISMATCH', path, 'the postconditions asked are not those of the plan'));
}

/**
 * Each answer, judged here again, is the one that must be. While the change is applied another one is a false "done";
 * after a way back it is a failed postcondition. A leg that was stopped may lack answers.
 */
export function postconditionsMet(evidence: Evidence): Finding[] {
  const { rehearsal, plan } = evidence;
  return rehearsal.legs.flatMap(({ leg, postconditions, trigger, ended }) =>
    plan.postconditions.flatMap(({ name, expect, at }, i) => {
      const answer = postconditions[i];
      const stopped = trigger !== null || ended === 'failed';
      if (!answer || (answer.actual === null && !answer.ok && stopped)) return [];
      const { actual, ok } = answer;
      const before = rehearsal.baseline[i]?.actual;
      const met = actual !== null && (expect === null ? actual === before : holds(expect, actual));
      if (met && ok) return [];
      const due = expect ?? `${before ?? 'nothing'}, as before`;
      return [
        finding(
          at === 'applied' ? 'FALSE_DONE' : 'POSTCONDITION_FAILED',
          `legs/${leg}/postconditions/${name}`,
          `expected ${due}, found ${actual ?? 'no answer'}`,
        ),
      ];
    }),
  );
}

/** Equal states answer alike: all legs while the change is applied, and after a way back as the before-state did. */
export function postconditionsAgree({ rehearsal, plan }: Evidence): Finding[] {
  const [first] = rehearsal.legs;
  return rehearsal.legs.flatMap(({ leg, postconditions }) =>
    plan.postconditions.flatMap(({ name, at }, i) => {
      const actual = postconditions[i]?.actual ?? null;
      const due = at === 'back' ? rehearsal.baseline[i]?.actual : first?.postconditions[i]?.actual;
      if (actual === null || due === null || due === undefined || actual === due) return [];
      const code = at === 'back' ? 'POSTCONDITION_FAILED' : 'AFTER_STATES_DIFFER';
      return [
        finding(
          code,
          `legs/${leg}/postconditions/${name}`,
          `${actual}, but ${due} where the state is the same`,
        ),
      ];
    }),
  );
}
