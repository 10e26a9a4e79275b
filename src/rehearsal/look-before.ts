import type { Captured, Clone, Workspace } from '../engines/engine.ts';
import { CustodyError } from '../errors.ts';
import { ON_REQUEST } from '../rules/assertions.ts';
import { askBaseline, askGates, type AnsweredGate, type Baseline } from './gates.ts';
import { executorBoundary } from './change.ts';
import { ofScript } from './leg-failures.ts';
import { checkPlanNames } from './plan/plan-names.ts';
import type { Plan } from './plan/plan.ts';
import type { Scripts } from './plan/script-use.ts';
import { rollbackBoundary } from './way-back.ts';
import type { ObjectSpool } from '../objects/sink.ts';

/** What was seen before anything ran. */
export interface Before {
  readonly entry: Captured;
  readonly exit: Captured;
  readonly preflight: readonly AnsweredGate[];
  readonly baseline: Baseline;
}

/**
 * Captures the before-state, asks what the plan asks, has the scripts compiled, and captures again: entry == exit. Not
 * before isolation is proven: on this first clone, as there are assertions about clones.
 */
export async function lookBefore(
  plan: Plan,
  scripts: Scripts,
  workspace: Workspace,
  objects: ObjectSpool,
  required: readonly string[] = [],
): Promise<Before> {
  await using clone = await workspace.restore('before');
  await requireIsolation(workspace, required);
  const entry = await clone.capture(objects);
  checkPlanNames(plan, entry, objects, (error) => {
    throw error;
  });
  for (const refusal of await refusals(clone, plan, scripts)) throw refusal;
  const preflight = await askGates(clone, plan.form.preflight);
  const baseline = await askBaseline(clone, plan.form.postconditions);
  return { entry, exit: await clone.capture(objects), preflight, baseline };
}

/** What the boundary refuses of both scripts, before anything runs; each says which script it is about. */
export async function refusals(
  clone: Clone,
  plan: Plan,
  { executor, rollback }: Scripts,
): Promise<CustodyError[]> {
  const { form } = plan;
  const back = rollback ? await clone.check(rollback.bytes, rollbackBoundary(form)) : [];
  return [
    ...(await clone.check(executor.bytes, executorBoundary(form))).map((error) =>
      ofScript('executor', error, plan.executor.path),
    ),
    ...back.map((error) => ofScript('rollback', error, plan.rollback?.path)),
  ];
}

export function requireSource({ source }: Plan, workspace: Workspace): void {
  if (source.sha256 === undefined || source.sha256 === workspace.sourceDigest) return;
  throw new CustodyError(
    'SOURCE_CHANGED',
    `the source has digest ${workspace.sourceDigest}, the plan pins ${source.sha256}`,
    {
      path: source.file,
      hint: 'Rehearse on the source that the plan was written for, or review and pin the new one.',
    },
  );
}

/** What the policy requires must be proven before anything runs; the validator and `verify` judge the end. */
export async function requireIsolation(workspace: Workspace, required: readonly string[]): Promise<void> {
  if (required.length === 0) return;
  const { assertions, notShown } = await workspace.isolation();
  const missing = required.filter((name) => !assertions.some((a) => a.assertion === name && a.holds));
  if (missing.length === 0) return;
  const withReason = (name: string): string => {
    const why = notShown.find(({ assertion }) => assertion === name)?.why;
    return why === undefined ? name : `${name} (${why})`;
  };
  throw new CustodyError(
    'ISOLATION_REFUSED',
    `the policy requires what this system does not give: ${missing.map(withReason).join(', ')}`,
    {
      hint: missing.some((name) => ON_REQUEST.includes(name))
        ? 'End those processes, rehearse as another user or in a pid namespace of its own, or have the policy changed.'
        : 'Rehearse on a system that grants it (Linux, as root or with user namespaces), or have the policy changed.',
    },
  );
}
