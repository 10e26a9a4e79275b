import { isCustodyError } from '../errors.ts';
import type { Boundary, Captured, Clone, Session, Workspace } from '../engines/engine.ts';
import { finding, type Finding } from '../finding.ts';
import { deltaOf } from '../objects/delta.ts';
import type { ObjectOf, Trigger } from '../objects/kinds.ts';
import type { MemoryObjects } from '../objects/memory-objects.ts';
import type { PlanForm } from '../objects/plan-form.ts';
import { resultOf } from '../objects/walk.ts';
import { askCondition, askGates, type Baseline } from './gates.ts';
import { endAfterFailure, failed, isUnknown } from './leg-failures.ts';
import { Fired, firedByDelta, firedByGates } from './triggers.ts';

export type LegName = 'T' | 'R' | 'S';
type LegRecord = ObjectOf<'rehearsal'>['legs'][number];

/** What one leg saw: the `legs` item of a rehearsal, with captures in the place of links. */
export interface LegResult extends Omit<LegRecord, 'start' | 'after' | 'back'> {
  readonly start: Captured;
  /** What the change led to; of an aborted leg, what it would have led to. Missing where nothing was applied. */
  readonly after: Captured | undefined;
  /** Missing where the state after the way back cannot be known: the clone is quarantined then. */
  readonly back: Captured | undefined;
  readonly observed: readonly Finding[];
  /** Where a quarantined clone is kept. */
  readonly kept: string | undefined;
}

export interface LegContext {
  readonly workspace: Workspace;
  readonly plan: PlanForm;
  readonly executor: Uint8Array;
  readonly rollback: Uint8Array | undefined;
  /** Reads a script again: what is wrong with it, or nothing. */
  readonly scriptFault: (script: 'executor' | 'rollback') => Promise<string | undefined>;
  readonly entry: Captured;
  readonly baseline: Baseline;
  readonly objects: MemoryObjects;
  /** The folder where clones of unknown state are kept. */
  readonly quarantine: string;
}

/**
 * One leg on a fresh clone (design section 7). T: BEGIN, apply, capture inside, ROLLBACK. R: apply, COMMIT, capture, put
 * the restore image back. S: apply, COMMIT, capture, rollback script. Then each captures on a fresh connection. Where a
 * trigger fires, the transaction is rolled back at once, and the state after that is captured and compared all the same.
 */
export async function runLeg(leg: LegName, context: LegContext): Promise<LegResult> {
  await using clone = await context.workspace.restore(leg);
  const start = await clone.capture(context.objects);
  const change = await attemptChange(leg, clone, start, context);
  const wayBack = change.unknown === undefined ? await goBack(leg, clone, change, context) : NOTHING;
  const unknown = change.unknown ?? wayBack.unknown;
  const captured = unknown === undefined ? await captureBack(clone, context) : { unknown };
  const lost = captured.unknown;
  const kept =
    lost === undefined ? undefined : await clone.quarantine(context.quarantine, `leg ${leg}: ${lost}`);
  const back = lost === undefined ? await askBack(clone, change.conditions, context) : change.conditions;
  return {
    leg,
    start,
    preflight: change.preflight,
    after: change.after,
    ended: lost !== undefined && change.trigger === null ? 'failed' : change.ended,
    trigger: change.trigger,
    open: change.open,
    back: captured.back,
    postconditions: back,
    identical: leg === 'S' || lost !== undefined ? null : await clone.identical(),
    quarantined: kept !== undefined,
    observed: [
      ...change.observed,
      ...wayBack.observed,
      ...(lost === undefined ? [] : [finding('CLONE_QUARANTINED', 'clone', lost)]),
    ],
    kept,
  };
}

type Conditions = LegRecord['postconditions'];

/** What became of the change, up to the end of its transaction. */
interface Change {
  preflight: string[];
  after: Captured | undefined;
  ended: LegRecord['ended'];
  trigger: Trigger | null;
  open: boolean;
  conditions: Conditions;
  observed: Finding[];
  /** Why nobody can say what the clone holds. */
  unknown: string | undefined;
}

const NOTHING: { observed: Finding[]; unknown?: string } = { observed: [] };

async function attemptChange(
  leg: LegName,
  clone: Clone,
  start: Captured,
  context: LegContext,
): Promise<Change> {
  const conditions = context.plan.postconditions.map(({ name }) => ({ name, actual: null, ok: false }));
  const change: Change = {
    preflight: [],
    after: undefined,
    ended: 'failed',
    trigger: null,
    open: false,
    conditions,
    observed: [],
    unknown: undefined,
  };
  try {
    if (!start.snapshot.equals(context.entry.snapshot))
      throw new Fired('before-diverged', 'start', 'a fresh clone is not the captured before-state');
    for (const script of leg === 'S' ? (['executor', 'rollback'] as const) : (['executor'] as const)) {
      const fault = await context.scriptFault(script);
      if (fault !== undefined) throw new Fired('executor-changed', script, fault);
    }
    await inTransaction(leg, clone, change, context);
    if (leg !== 'T' && change.ended === 'committed') await captureCommitted(clone, change, context);
  } catch (error) {
    if (!(error instanceof Fired)) throw error;
    aborted(change, error);
  }
  return change;
}

/** COMMIT changes nothing: what was captured inside the transaction is what is there now. */
async function captureCommitted(clone: Clone, change: Change, { objects }: LegContext): Promise<void> {
  const inside = change.after;
  change.after = await clone.capture(objects);
  if (inside?.snapshot.equals(change.after.snapshot)) return;
  change.observed.push(
    finding('AFTER_STATES_DIFFER', 'commit', 'the committed state is not the one inside the transaction'),
  );
}

function aborted(change: Change, fired: Fired): void {
  change.ended = 'aborted';
  change.trigger = fired.trigger;
  change.observed.push(fired.finding);
}

/** Opens the one session, applies the executor inside a transaction, and ends that whatever happens. */
async function inTransaction(leg: LegName, clone: Clone, change: Change, context: LegContext): Promise<void> {
  await using session = await clone.open();
  await session.begin();
  try {
    await apply(session, change, context);
  } catch (error) {
    if (error instanceof Fired) aborted(change, error);
    else if (!failed(change, error, 'executor')) throw error;
    change.open = await endAfterFailure(session);
    return;
  }
  await end(change, session, leg === 'T' ? 'rolled-back' : 'committed');
}

/** The gates once more, the change, and whether it did what it must: all before anything is committed. */
async function apply(session: Session, change: Change, context: LegContext): Promise<void> {
  const { plan, objects, entry, baseline } = context;
  const answers = await askGates(session, plan.preflight);
  change.preflight.push(...answers.map(({ actual }) => actual));
  const blocked = firedByGates(answers);
  if (blocked) throw blocked;
  await session.apply(context.executor, executorBoundary(plan));
  // Constraints that are deferred fail only now: that is the executor's failure, too.
  change.after = await session.capture(objects);
  const differs = firedByDelta(
    plan.delta,
    resultOf(deltaOf(entry.snapshot, change.after.snapshot), objects.get),
  );
  if (differs) throw differs;
  for (const [i, condition] of plan.postconditions.entries()) {
    if (condition.at !== 'applied') continue;
    const answer = await askCondition(session, condition, baseline);
    change.conditions = change.conditions.with(i, { name: condition.name, ...answer });
    if (!answer.ok)
      throw new Fired(
        'false-done',
        `postconditions/${condition.name}`,
        `not met while applied: ${answer.actual}`,
      );
  }
}

/** Commits or rolls back. What the engine answers is not believed: the state is captured afterwards. */
async function end(change: Change, session: Session, ended: 'rolled-back' | 'committed'): Promise<void> {
  try {
    await (ended === 'committed' ? session.commit() : session.rollback());
    change.open = await session.inTransaction();
    change.ended = ended;
  } catch (error) {
    if (isCustodyError(error, 'SQL_FAILED') && failed(change, error, 'executor')) {
      change.after = undefined;
      change.open = await endAfterFailure(session);
    } else if (isUnknown(error)) change.unknown = `${ended} was not acknowledged: ${error.code}`;
    else throw error;
  }
}

/** The way back of a committed change; what was rolled back or never applied needs none. */
async function goBack(
  leg: LegName,
  clone: Clone,
  change: Change,
  context: LegContext,
): Promise<{ observed: Finding[]; unknown?: string }> {
  if (change.ended !== 'committed') return NOTHING;
  try {
    if (leg === 'S') return await runRollback(clone, context);
    await clone.reset();
    return NOTHING;
  } catch (error) {
    if (isUnknown(error)) return { observed: [], unknown: `the way back failed: ${error.code}` };
    throw error;
  }
}

/** The rollback script, in a session and a transaction of its own. */
async function runRollback(
  clone: Clone,
  context: LegContext,
): Promise<{ observed: Finding[]; unknown?: string }> {
  const { plan, rollback } = context;
  const boundary = rollbackBoundary(plan);
  const seen: { observed: Finding[] } = { observed: [] };
  await using session = await clone.open();
  await session.begin();
  try {
    await session.apply(rollback ?? new Uint8Array(), boundary);
    await session.commit();
  } catch (error) {
    if (!failed(seen, error, 'rollback')) throw error;
    await endAfterFailure(session);
  }
  return seen;
}

async function captureBack(
  clone: Clone,
  { objects }: LegContext,
): Promise<{ back?: Captured; unknown?: string }> {
  try {
    return { back: await clone.capture(objects) };
  } catch (error) {
    if (isUnknown(error))
      return { unknown: `the state after the way back cannot be captured: ${error.code}` };
    throw error;
  }
}

async function askBack(clone: Clone, conditions: Conditions, context: LegContext): Promise<Conditions> {
  const answers = [...conditions];
  for (const [i, condition] of context.plan.postconditions.entries()) {
    if (condition.at === 'back')
      answers[i] = { name: condition.name, ...(await askCondition(clone, condition, context.baseline)) };
  }
  return answers;
}

/** What the plan's boundary lets the executor write. */
export function executorBoundary({ boundary }: PlanForm): Boundary {
  const allowed = (action: 'update' | 'delete'): string[] =>
    boundary.allow.filter((a) => a.action === action).map(({ table }) => table);
  return { insert: boundary.tables, update: allowed('update'), delete: allowed('delete'), counters: false };
}

/** A rollback script may do whatever brings the boundary's tables back; what it did is judged by the state. */
export function rollbackBoundary({ boundary: { tables } }: PlanForm): Boundary {
  return { insert: tables, update: tables, delete: tables, counters: true };
}
