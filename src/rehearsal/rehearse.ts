import type { Captured, Clone, Engine, Isolation } from '../engines/engine.ts';
import { CustodyError, isCustodyError } from '../errors.ts';
import { compareFindings, finding, type Finding } from '../finding.ts';
import { deltaOf } from '../objects/delta.ts';
import { digestToBytes } from '../objects/digest.ts';
import { meets, parseExpectation } from '../objects/expectation.ts';
import { storeContent } from '../objects/file.ts';
import type { ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import type { MemoryObjects } from '../objects/memory-objects.ts';
import { putObject } from '../objects/sink.ts';
import { resultOf } from '../objects/walk.ts';
import { legR, legT, type LegResult } from './legs.ts';
import { maskSnapshot } from './mask.ts';
import { checkPlanNames } from './plan-names.ts';
import type { Plan } from './plan.ts';
import { putPlan } from './plan-object.ts';
import { readExecutor } from './read-executor.ts';

export interface RehearsalOptions {
  /** The validator that will judge; the rehearsal names it. */
  readonly validator: Link;
  readonly now: () => number;
  readonly signal?: AbortSignal;
  readonly progress?: (phrase: string) => void;
}

export interface RehearsalResult {
  /** The deterministic `rehearsal` object. */
  readonly rehearsal: Link;
  /** The `run` object, not stored yet: clock, versions, raw isolation values, raw after-states. */
  readonly run: ObjectOf<'run'>;
  readonly plan: Link;
  readonly before: Captured;
  readonly legs: readonly LegResult[];
  /** The masked after-state, where a leg got that far. */
  readonly after: Link | undefined;
}

/**
 * Runs a plan (design section 7): isolates the source, makes and verifies a restore image, captures the before-state
 * twice around the preflight, runs each leg on a fresh restore, and writes what was seen into `objects`. It judges
 * nothing: that is the validator's part.
 * @throws CustodyError for what is refused before anything ran (PREFLIGHT_FAILED, BOUNDARY_VIOLATED, SQL_SYNTAX,
 *   TRANSACTION_CONTROL, EXECUTOR_CHANGED, SOURCE_CHANGED) and for I/O; an executor that fails is evidence, not an error.
 */
export async function rehearse(
  plan: Plan,
  engine: Engine,
  objects: MemoryObjects,
  options: RehearsalOptions,
): Promise<RehearsalResult> {
  const { now, progress = () => undefined } = options;
  const started = now();
  const durations: [string, number][] = [];
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    progress(what);
    const from = now();
    const result = await work();
    durations.push([what, Math.max(0, now() - from)]);
    return result;
  };

  if (plan.legs.length === 0) throw new CustodyError('PLAN_INVALID', 'a plan without legs tries no way back');
  const executor = await readExecutor(plan.executor.file, plan.executor.sha256);
  const planLink = putPlan(plan, executor.digest, objects);
  await using workspace = await timed('isolate', () =>
    engine.prepare(
      { file: plan.source.file },
      { session: plan.session, timeLimit: plan.timeLimit, ...pick(options) },
    ),
  );
  if (plan.source.sha256 !== undefined && plan.source.sha256 !== workspace.sourceDigest) {
    throw new CustodyError(
      'SOURCE_CHANGED',
      `the source has digest ${workspace.sourceDigest}, the plan pins ${plan.source.sha256}`,
      {
        path: plan.source.file,
        hint: 'Rehearse on the source that the plan was written for, or review and pin the new one.',
      },
    );
  }

  const { entry, exit, preflight } = await timed('before', async () => {
    await using clone = await workspace.restore('before');
    const first = await clone.capture(objects);
    const answers: ObjectOf<'rehearsal'>['preflight'][number][] = [];
    for (const { name, sql, expect } of plan.preflight) {
      const actual = await askPreflight(clone, name, sql);
      const expectation = parseExpectation(expect);
      answers.push({
        name,
        sql,
        expect,
        actual,
        ok: expectation !== undefined && meets(expectation, actual),
      });
    }
    return { entry: first, exit: await clone.capture(objects), preflight: answers };
  });
  checkPlanNames(plan, entry, objects);
  refuseFailedPreflight(preflight);

  const context = {
    workspace,
    executor: executor.bytes,
    boundary: { mode: 'insert-only', tables: plan.tables },
    sink: objects,
  } as const;
  const legs: LegResult[] = [];
  for (const leg of plan.legs) {
    const result = await timed(`leg ${leg}`, () => (leg === 'T' ? legT(context) : legR(context)));
    legs.push(result);
    if (result.ended === 'failed') break;
  }
  const isolation = await timed('isolation', () => workspace.isolation());
  const executorAfter = await readExecutor(plan.executor.file);

  const afters = legs.map(
    (leg) => leg.after && maskSnapshot(entry.snapshot, leg.after.snapshot, plan.clock, objects),
  );
  const after = afters.find((link) => link !== undefined);
  const rehearsal = putObject(objects, {
    kind: 'rehearsal',
    v: 1,
    plan: planLink,
    validator: options.validator,
    engine: engine.name,
    executor: {
      file: storeContent(objects, executor.bytes),
      before: digestToBytes(executor.digest),
      after: digestToBytes(executorAfter.digest),
    },
    source: digestToBytes(workspace.sourceDigest),
    image: { sha256: digestToBytes(workspace.imageDigest), restored: legs[0]!.start.snapshot },
    entry: entry.snapshot,
    exit: exit.snapshot,
    preflight,
    delta: after ? resultOf(deltaOf(entry.snapshot, after), objects.get).tables : [],
    legs: legs.map((leg, i) => ({
      leg: leg.leg,
      start: leg.start.snapshot,
      after: afters[i] ?? null,
      ended: leg.ended,
      open: leg.open,
      back: leg.back.snapshot,
      identical: leg.identical,
    })),
    isolation: isolation.assertions.map(({ assertion, holds }) => ({ assertion, holds })),
    observed: observedOf(legs),
  });
  const run = runOf({
    rehearsal,
    started,
    durations,
    isolation,
    versions: workspace.versions,
    legs,
  });
  return { rehearsal, run, plan: planLink, before: entry, legs, after };
}

/** A gate that cannot be asked refuses, too; the error says which one it was. */
async function askPreflight(clone: Clone, name: string, sql: string): Promise<string> {
  try {
    return await clone.query(sql);
  } catch (cause) {
    if (!isCustodyError(cause) || cause.exitCode === 4) throw cause;
    throw new CustodyError(cause.code, `preflight "${name}": ${cause.message}`, {
      cause,
      hint: 'A preflight reads one row of one column and changes nothing; correct it in the plan.',
    });
  }
}

function refuseFailedPreflight(preflight: ObjectOf<'rehearsal'>['preflight']): void {
  const failed = preflight.filter(({ ok }) => !ok);
  if (failed.length === 0) return;
  const list = failed
    .map(({ name, expect, actual }) => `${name} (expected ${expect}, found ${actual})`)
    .join('; ');
  throw new CustodyError('PREFLIGHT_FAILED', `preflight refused the change: ${list}`, {
    hint: 'Nothing was run. Bring the source into the state that the preflight asks for, or correct the plan.',
  });
}

function observedOf(legs: readonly LegResult[]): Finding[] {
  return legs
    .flatMap(({ leg, observed }) => observed.map((f) => finding(f.code, `legs/${leg}/${f.path}`, f.detail)))
    .sort(compareFindings);
}

function runOf(run: {
  rehearsal: Link;
  started: number;
  durations: [string, number][];
  isolation: Isolation;
  versions: readonly (readonly [string, string])[];
  legs: readonly LegResult[];
}): ObjectOf<'run'> {
  return {
    kind: 'run',
    v: 1,
    rehearsal: run.rehearsal,
    started: run.started,
    durations: run.durations,
    versions: run.versions.map(([k, v]) => [k, v]),
    isolation: run.isolation.raw.map(([k, v]) => [k, v]),
    afters: run.legs.flatMap(({ leg, after }): [string, Link][] => (after ? [[leg, after.snapshot]] : [])),
  };
}

function pick({ signal, progress }: RehearsalOptions): {
  signal?: AbortSignal;
  progress?: (phrase: string) => void;
} {
  return { ...(signal && { signal }), ...(progress && { progress }) };
}
