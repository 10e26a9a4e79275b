import { finding, type Finding } from '../../finding.ts';
import type { Evidence } from '../evidence.ts';

/**
 * Everything that each engine asserts (SPEC.md, "Isolation"), in order, and whether it must hold. What need not hold is
 * shown, and a plan or a policy may require it.
 */
const ASSERTIONS: Readonly<
  Record<'sqlite' | 'postgres', readonly (readonly [name: string, required: boolean])[]>
> = {
  sqlite: [
    ['attach-refused', true],
    ['child-processes-refused', true],
    ['clone-folder-private', true],
    ['clone-not-linked-to-source', true],
    ['clone-not-open-elsewhere', true],
    ['extensions-refused', true],
    ['file-access-restricted', true],
    ['image-unchanged', true],
    ['network-isolated', false],
    ['paths-confined', false],
    ['source-opened-read-only', true],
    ['source-unchanged', true],
  ],
  postgres: [
    ['cluster-folder-private', true],
    ['cluster-own-process', true],
    ['executor-role-unprivileged', true],
    ['image-without-sessions', true],
    ['no-other-sessions', true],
    ['no-prepared-transactions', true],
    ['no-replication', true],
    ['source-unchanged', true],
    ['unix-socket-only', true],
  ],
};

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
    ...[...new Set([...names, ...required])]
      .filter((name) => {
        const made = claims.get(name) ?? [];
        return made.length !== 1 || (required.has(name) && !made[0]);
      })
      .map((name) =>
        finding('ISOLATION_UNPROVEN', `isolation/${name}`, 'not asserted, or not once, or it does not hold'),
      ),
    ...(new Set(listed).size === listed.length && listed.join() !== due.join()
      ? [finding('EVIDENCE_MALFORMED', 'isolation', 'assertions out of order')]
      : []),
  ];
}
