import type { Captured, Engine, Isolation, NotShown, Workspace } from '../engines/engine.ts';
import { compareFindings, finding, type Finding } from '../finding.ts';
import { deltaOf } from '../objects/snapshots/delta.ts';
import { ON_REQUEST } from '../rules/assertions.ts';
import { digestToBytes } from '../objects/digest.ts';
import type { ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import { putObject, type ObjectSpool } from '../objects/sink.ts';
import { resultOf } from '../objects/walk.ts';
import type { LegContext, LegResult } from './leg.ts';
import { runLeg } from './legs.ts';
import { isolate, lookBefore } from './look-before.ts';
import { maskSnapshot } from './mask.ts';
import type { Plan } from './plan/plan.ts';
import { putPlan } from './plan/plan-object.ts';
import type { Guarded } from './plan/guarded-plan.ts';
import { scriptFault, scriptObject } from './plan/script-use.ts';

export interface RehearsalOptions {
  /** The validators that will judge; the rehearsal names them. */
  readonly validators: readonly Link[];
  /** A `probes` object that is in `objects`. */
  readonly probes?: Link;
  /** Assertions about isolation without which nothing may run: the policy's. */
  readonly isolation?: readonly string[];
  /** What else shall be claimed where it is shown, beside what plan and policy require (assertions.ts, ON_REQUEST). */
  readonly asked?: readonly string[];
  /** The folder where clones of unknown state are kept. */
  readonly quarantine: string;
  readonly now: () => number;
  readonly signal?: AbortSignal;
  readonly progress?: (phrase: string) => void;
}

export interface RehearsalResult {
  /** The deterministic `rehearsal` object. */
  readonly rehearsal: Link;
  /** The `run` object, not stored yet: clock, versions, raw isolation values, raw after-states; not which program ran. */
  readonly run: Omit<ObjectOf<'run'>, 'program'>;
  readonly plan: Link;
  readonly before: Captured;
  readonly legs: readonly LegResult[];
  /** The masked after-state, where a leg got that far. */
  readonly after: Link | undefined;
  readonly notShown: NotShown;
  /** What fired before any leg: then nothing was run. */
  readonly trigger: ObjectOf<'rehearsal'>['trigger'];
}

/**
 * Runs a plan that the guard let pass (spec/REHEARSAL.md, "Rehearsal"): what it looked at is what is opened and what
 * runs; isolates the source, makes and verifies a restore image, captures the before-state twice around the preflight,
 * runs each leg on a fresh restore, and writes what was seen into `objects`. It judges nothing: that is the validator's
 * part.
 * @throws CustodyError for what is refused before anything ran (BOUNDARY_VIOLATED, SQL_SYNTAX, TRANSACTION_CONTROL,
 *   EXECUTOR_CHANGED, SOURCE_CHANGED, ISOLATION_REFUSED) and for I/O; a gate that is not met, an approval that is for
 *   another script, and a script that fails are evidence, not errors.
 */
export async function rehearse(
  plan: Plan,
  { scripts, source, profile, surrogate }: Guarded,
  engine: Engine,
  objects: ObjectSpool,
  options: RehearsalOptions,
): Promise<RehearsalResult> {
  const steps = new Steps(options);
  const planLink = putPlan(
    plan,
    { executor: scripts.executor.digest, rollback: scripts.rollback?.digest, profile, surrogate },
    objects,
  );
  const { signal, progress } = options;
  await using workspace = await steps.timed('isolate', () =>
    isolate(plan, source, engine, { ...(signal && { signal }), ...(progress && { progress }) }),
  );
  const files = await steps.timed('keep the source', async () => ({
    source: await workspace.storeSource(objects),
    image: await workspace.storeImage(objects),
  }));
  const before = await steps.timed('before', () =>
    lookBefore(plan, scripts, workspace, objects, options.isolation),
  );

  const { fired } = before;
  const restored = fired
    ? undefined
    : await steps.timed('verify the image', () => verifyImage(workspace, objects));
  const verified = restored?.snapshot.equals(before.entry.snapshot) ?? false;
  const legs: LegResult[] = [];
  const context: LegContext = {
    workspace,
    plan: plan.form,
    executor: scripts.executor.bytes,
    rollback: scripts.rollback?.bytes,
    scriptFault: (script) => scriptFault(plan, scripts, script),
    entry: before.entry,
    baseline: before.baseline,
    objects,
    quarantine: options.quarantine,
  };
  for (const leg of verified ? plan.form.legs : []) {
    const result = await steps.timed(`leg ${leg}`, () => runLeg(leg, context));
    legs.push(result);
    if (result.ended === 'failed' || result.ended === 'aborted') break;
  }
  const isolation = await steps.timed('isolation', () => workspace.isolation());
  const asked = new Set([...plan.form.isolation, ...(options.isolation ?? []), ...(options.asked ?? [])]);
  const afters = legs.map(
    (leg) => leg.after && maskSnapshot(before.entry.snapshot, leg.after.snapshot, plan.form.masked, objects),
  );
  const after = afters.find((link) => link !== undefined);
  const rehearsal = putObject(objects, {
    kind: 'rehearsal',
    v: 2,
    plan: planLink,
    validators: options.validators,
    engine: engine.name,
    executor: await scriptObject(plan.executor, scripts.executor, objects),
    rollback:
      plan.rollback && scripts.rollback ? await scriptObject(plan.rollback, scripts.rollback, objects) : null,
    source: { sha256: digestToBytes(workspace.sourceDigest), files: files.source },
    image: {
      sha256: digestToBytes(workspace.imageDigest),
      file: files.image,
      restored: restored?.snapshot ?? null,
    },
    entry: before.entry.snapshot,
    exit: before.exit.snapshot,
    preflight: before.preflight,
    baseline: before.baseline,
    trigger: fired?.trigger ?? null,
    delta: after ? resultOf(deltaOf(before.entry.snapshot, after), objects.get).tables : [],
    legs: legs.map((leg, i) => legObject(leg, afters[i])),
    isolation: isolation.assertions.map(({ assertion, holds }) => ({
      assertion,
      holds: holds && (!ON_REQUEST.includes(assertion) || asked.has(assertion)),
    })),
    probes: options.probes ?? null,
    observed: [
      ...(fired ? [fired.finding] : []),
      ...legs.flatMap(({ leg, observed }) =>
        observed.map((f): Finding => finding(f.code, `legs/${leg}/${f.path}`, f.detail)),
      ),
    ].sort(compareFindings),
  });
  const run = runOf({ rehearsal, steps, isolation, versions: workspace.versions, legs });
  const trigger = fired?.trigger ?? null;
  const { notShown } = isolation;
  return { rehearsal, run, plan: planLink, before: before.entry, legs, after, trigger, notShown };
}

/** Steps with how long each took. */
class Steps {
  readonly started: number;
  readonly durations: [string, number][] = [];
  readonly #now: () => number;
  readonly #progress: (phrase: string) => void;

  constructor({ now, progress }: RehearsalOptions) {
    this.#now = now;
    this.#progress = progress ?? (() => undefined);
    this.started = now();
  }

  async timed<T>(what: string, work: () => Promise<T>): Promise<T> {
    this.#progress(what);
    const from = this.#now();
    const result = await work();
    this.durations.push([what, Math.max(0, this.#now() - from)]);
    return result;
  }
}

/** A snapshot that nobody verified is none to restore from: a clone of the image is made and captured for that alone. */
async function verifyImage(workspace: Workspace, objects: ObjectSpool): Promise<Captured> {
  await using clone = await workspace.restore('verify');
  return await clone.capture(objects);
}

function legObject(result: LegResult, after: Link | undefined): ObjectOf<'rehearsal'>['legs'][number] {
  const { leg, start, preflight, ended, trigger, open, back, postconditions, identical, quarantined } =
    result;
  return {
    leg,
    start: start.snapshot,
    preflight,
    after: after ?? null,
    ended,
    trigger,
    open,
    back: back?.snapshot ?? null,
    postconditions,
    identical,
    quarantined,
  };
}

function runOf(run: {
  rehearsal: Link;
  steps: Steps;
  isolation: Isolation;
  versions: readonly (readonly [string, string])[];
  legs: readonly LegResult[];
}): RehearsalResult['run'] {
  return {
    kind: 'run',
    v: 2,
    rehearsal: run.rehearsal,
    started: run.steps.started,
    durations: run.steps.durations,
    versions: [['node', process.version], ...run.versions.map(([k, v]): [string, string] => [k, v])],
    isolation: [
      ...run.isolation.raw.map(([k, v]): [string, string] => [k, v]),
      ...run.isolation.notShown.map(({ assertion, why }): [string, string] => [
        `not-shown ${assertion}`,
        why,
      ]),
      ...run.legs.flatMap(({ leg, kept }): [string, string][] =>
        kept === undefined ? [] : [[`quarantined-${leg}`, kept]],
      ),
    ],
    afters: run.legs.flatMap(({ leg, after }): [string, Link][] => (after ? [[leg, after.snapshot]] : [])),
  };
}
