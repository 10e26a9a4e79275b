import { finding, type Finding } from '../../finding.ts';
import { digestFromBytes } from '../../objects/digest.ts';
import { parseExpectation } from '../../rules/expectation.ts';
import type { Evidence } from '../evidence.ts';

/**
 * A plan is one that may be rehearsed, whatever file says it: nothing twice, every exception with a reason, its delta
 * within its boundary and within what is allowed, and expectations that can be read.
 */
export function planConsistent({ plan }: Evidence): Finding[] {
  return [...twice(plan), ...deltaFaults(plan), ...queryFaults(plan)];
}

/** Nothing is asked for beyond a rehearsal, whatever it is called. */
export function noActions({ plan }: Evidence): Finding[] {
  return plan.actions.length > 0 ? [mismatch('actions', 'more is asked for than a rehearsal')] : [];
}

type Plan = Evidence['plan'];

function twice(plan: Plan): Finding[] {
  const lists: [string, readonly string[]][] = [
    ['actions', plan.actions],
    ['boundary', plan.boundary.tables],
    ['boundary/allow', plan.boundary.allow.map(({ table, action }) => `${action}\0${table}`)],
    ['masked', plan.masked.map(({ table, column }) => `${table}\0${column}`)],
    ['bounded', plan.bounded.map(({ name }) => name)],
    ['preflight', plan.preflight.map(({ name }) => name)],
    ['postconditions', plan.postconditions.map(({ name }) => name)],
    ['isolation', plan.isolation],
  ];
  return lists
    .filter(([, names]) => new Set(names).size < names.length)
    .map(([field]) => mismatch(field, 'something is there twice'));
}

function deltaFaults({ boundary, delta }: Plan): Finding[] {
  const within = new Set(boundary.tables);
  const allowed = new Set(boundary.allow.map(({ action, table }) => `${action} ${table}`));
  return [
    ...delta.flatMap(({ table, inserted, updated, deleted }) =>
      [
        inserted + updated + deleted === 0 && 'expected to change, by nothing',
        updated > 0 && !allowed.has(`update ${table}`) && 'updates are expected that nothing allows',
        deleted > 0 && !allowed.has(`delete ${table}`) && 'deletions are expected that nothing allows',
        !within.has(table) && 'expected to change, but outside the boundary',
      ]
        .filter((what) => what !== false)
        .map((what) => mismatch(`delta/${table}`, what)),
    ),
    ...boundary.allow
      .filter(({ table }) => !within.has(table))
      .map(({ table }) => mismatch(`boundary/allow/${table}`, 'allowed, but outside the boundary')),
  ];
}

function queryFaults({ preflight, postconditions }: Plan): Finding[] {
  const faults = (field: string, queries: readonly { name: string; expect: string | null }[]): Finding[] =>
    queries
      .filter(({ expect }) => expect !== null && !parseExpectation(expect))
      .map(({ name }) => mismatch(`${field}/${name}`, 'an expectation that cannot be read'));
  return [...faults('preflight', preflight), ...faults('postconditions', postconditions)];
}

/**
 * The profile that is stored as it was written is the one whose digest the plan pins; the script of its surrogate the one
 * that the profile pins, so that the database can be made again.
 */
export function profilePinned({ plan, document, profile, digest }: Evidence): Finding[] {
  const pins = [
    ['profile', document.profile?.sha256, plan.profile?.written],
    ['profile/surrogate', profile?.surrogate?.sql.sha256, plan.profile?.surrogate],
  ] as const;
  return pins.flatMap(([field, pinned, content]) => {
    const stored = content && digest(content);
    return (stored ?? undefined) === pinned
      ? []
      : [mismatch(field, `${stored ?? 'none'} instead of ${pinned ?? 'none'}`)];
  });
}

/** What was approved is what ran: the digests of both scripts. A plan without an approval claims none. */
export function approvalFits({ plan }: Evidence): Finding[] {
  const { approval } = plan;
  if (approval === null) return [];
  const hex = (hash: Uint8Array | null): string => (hash === null ? 'none' : digestFromBytes(hash));
  return (['executor', 'rollback'] as const)
    .filter((script) => hex(approval[script]) !== hex(plan[script]))
    .map((script) =>
      finding(
        'EXECUTOR_CHANGED',
        `plan/approval/${script}`,
        `approved is ${hex(approval[script])}, not ${hex(plan[script])}`,
      ),
    );
}

function mismatch(field: string, detail: string): Finding {
  return finding('PLAN_MISMATCH', `plan/${field}`, detail);
}
