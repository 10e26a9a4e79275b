import { finding, type Finding } from '../../finding.ts';
import { ASSERTIONS, whyUnproven } from '../../rules/assertions.ts';
import type { Evidence } from '../evidence.ts';

/** The engine's assertions, all of them, once each and in order; those that must hold do, and those that the plan requires. */
export function isolationProven({ rehearsal, plan }: Evidence): Finding[] {
  const known = ASSERTIONS[rehearsal.engine];
  const names = new Set(known.map(([name]) => name));
  const required = new Set([...known.filter(([, must]) => must).map(([name]) => name), ...plan.isolation]);
  const claims = new Map<string, boolean[]>();
  for (const { assertion, holds } of rehearsal.isolation)
    claims.set(assertion, [...(claims.get(assertion) ?? []), holds]);
  const listed = rehearsal.isolation.map(({ assertion }) => assertion).filter((name) => names.has(name));
  const due = known.map(([name]) => name).filter((name) => claims.has(name));
  return [
    ...[...claims.keys()]
      .filter((name) => !names.has(name))
      .map((name) =>
        finding('EVIDENCE_MALFORMED', `isolation/${name}`, 'an assertion that this engine does not make'),
      ),
    ...[...new Set([...names, ...required])].flatMap((name) => {
      const made = claims.get(name) ?? [];
      // What need not hold is asserted once all the same.
      const why = whyUnproven(required.has(name) ? made : made.map(() => true));
      return why === undefined ? [] : [finding('ISOLATION_UNPROVEN', `isolation/${name}`, why)];
    }),
    ...(new Set(listed).size === listed.length && listed.join() !== due.join()
      ? [finding('EVIDENCE_MALFORMED', 'isolation', 'assertions out of order')]
      : []),
  ];
}
