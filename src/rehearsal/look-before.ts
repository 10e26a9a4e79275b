import type { Captured, Clone, Engine, EngineOptions, Workspace } from '../engines/engine.ts';
import { CustodyError } from '../errors.ts';
import type { Digest } from '../objects/digest.ts';
import type { ObjectSpool } from '../objects/sink.ts';
import { ON_REQUEST } from '../rules/assertions.ts';
import { undo } from '../system/undo.ts';
import { executorBoundary } from './change.ts';
import { askBaseline, askGates, type AnsweredGate, type Baseline } from './gates.ts';
import { ofScript } from './leg-failures.ts';
import { checkPlanNames } from './plan/plan-names.ts';
import { sessionFaults } from './plan/plan-session.ts';
import { reporting, thrown, type Plan, type Report } from './plan/plan.ts';
import { approvalFault, type Scripts } from './plan/script-use.ts';
import { firedByGates, type Fired } from './triggers.ts';
import { rollbackBoundary } from './way-back.ts';

/** What was seen before anything ran. */
export interface Before {
  readonly entry: Captured;
  readonly exit: Captured;
  readonly preflight: readonly AnsweredGate[];
  readonly baseline: Baseline;
  /** The approval is for other scripts, or a gate is not met: nothing may run. */
  readonly fired: Fired | undefined;
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
  const entry = await checkOnClone(plan, clone, { scripts, workspace, objects, required });
  const preflight = await askGates(clone, plan.form.preflight);
  const baseline = await askBaseline(clone, plan.form.postconditions);
  const fired = approvalFault(plan, scripts) ?? firedByGates(preflight);
  return { entry, exit: await clone.capture(objects), preflight, baseline, fired };
}

/**
 * Copies and isolates the source, which must be the one that the plan pins.
 * @param source where the guard found it.
 * @param report is given what is refused; by default the first is thrown. Settings that the engine refuses are not made.
 */
export async function isolate(
  plan: Plan,
  source: string,
  engine: Engine,
  options: Pick<EngineOptions, 'signal' | 'progress'>,
  report: Report = thrown,
): Promise<Workspace> {
  const faults = sessionFaults(plan, engine);
  faults.forEach(report);
  const session = faults.length > 0 ? [] : plan.form.session;
  const workspace = await engine.prepare(
    { file: plan.source.file, real: source },
    { session, timeLimit: plan.form.timeLimit, ...options },
  );
  try {
    requireSource(plan, workspace.sourceDigest, report);
    return workspace;
  } catch (error) {
    throw await undo(error, () => workspace[Symbol.asyncDispose]());
  }
}

function requireSource({ source: { file, sha256 } }: Plan, found: Digest, report: Report): void {
  if (sha256 === undefined || sha256 === found) return;
  const message = `the source has digest ${found}, the plan pins ${sha256}`;
  const hint = 'Rehearse on the source that the plan was written for, or review and pin the new one.';
  report(new CustodyError('SOURCE_CHANGED', message, { path: file, hint }));
}

/**
 * What a first clone shows of a plan before anything of it runs: isolation, names, what the boundary refuses of scripts.
 * @param report as for {@link isolate}.
 * @returns the before-state.
 */
export async function checkOnClone(
  plan: Plan,
  clone: Clone,
  given: {
    readonly scripts: Scripts | undefined;
    readonly workspace: Workspace;
    readonly objects: ObjectSpool;
    /** Assertions about isolation that the policy requires. */
    readonly required: readonly string[];
  },
  report: Report = thrown,
): Promise<Captured> {
  const { scripts, workspace, objects, required } = given;
  await reporting(() => requireIsolation(workspace, required), report);
  const entry = await clone.capture(objects);
  checkPlanNames(plan, entry, objects, report);
  for (const refusal of scripts ? await refusals(clone, plan, scripts) : []) report(refusal);
  return entry;
}

/** What the boundary refuses of both scripts, before anything runs; each says which script it is about. */
async function refusals(clone: Clone, plan: Plan, { executor, rollback }: Scripts): Promise<CustodyError[]> {
  const { form } = plan;
  const back = rollback ? await clone.check(rollback.bytes, rollbackBoundary(form)) : [];
  return [
    ...(await clone.check(executor.bytes, executorBoundary(form))).map((error) =>
      ofScript('executor', error, plan.executor.path),
    ),
    ...back.map((error) => ofScript('rollback', error, plan.rollback?.path)),
  ];
}

/** What the policy requires must be proven before anything runs; the validator and `verify` judge the end. */
async function requireIsolation(workspace: Workspace, required: readonly string[]): Promise<void> {
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
