import type { Boundary, Captured, Clone, Session } from '../engines/engine.ts';
import { finding } from '../finding.ts';
import { deltaOf } from '../objects/snapshots/delta.ts';
import type { PlanForm } from '../rules/plan-form.ts';
import { resultOf } from '../objects/walk.ts';
import { askCondition, askGates } from './gates.ts';
import { aborted, type Course, type LegContext, type LegName } from './leg.ts';
import { failed, inScript, isUnreadable } from './leg-failures.ts';
import { endAfterFailure, endTransaction } from './transaction.ts';
import { Fired, firedByDelta, firedByGates } from './triggers.ts';

/** The change of a leg, up to the end of its transaction and the capture of what it committed. */
export async function attemptChange(
  leg: LegName,
  clone: Clone,
  start: Captured,
  course: Course,
  context: LegContext,
): Promise<void> {
  try {
    if (!start.snapshot.equals(context.entry.snapshot))
      throw new Fired('before-diverged', 'start', 'a fresh clone is not the captured before-state');
    for (const script of leg === 'S' ? (['executor', 'rollback'] as const) : (['executor'] as const)) {
      const fault = await context.scriptFault(script);
      if (fault !== undefined) throw new Fired('executor-changed', script, fault);
    }
    await inTransaction(leg, clone, course, context);
    if (course.ended === 'committed') await captureCommitted(clone, course, context);
  } catch (error) {
    if (!(error instanceof Fired)) throw error;
    aborted(course, error);
  }
}

/** COMMIT changes nothing: what was captured inside the transaction is what is there now. */
async function captureCommitted(clone: Clone, course: Course, { objects }: LegContext): Promise<void> {
  const inside = course.after;
  try {
    course.after = await clone.capture(objects);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    course.unknown = `the committed state cannot be captured: ${error.code}`;
    return;
  }
  if (inside?.snapshot.equals(course.after.snapshot)) return;
  course.observed.push(
    finding('AFTER_STATES_DIFFER', 'commit', 'the committed state is not the one inside the transaction'),
  );
}

/** Opens the one session, applies the executor inside a transaction, and ends that whatever happens. */
async function inTransaction(leg: LegName, clone: Clone, course: Course, context: LegContext): Promise<void> {
  await using session = await clone.open();
  await session.begin();
  try {
    await apply(session, course, context);
  } catch (error) {
    if (error instanceof Fired) aborted(course, error);
    else if (!failed(course, error)) throw error;
    await endAfterFailure(course, session);
    return;
  }
  const ended = leg === 'T' ? 'rolled-back' : 'committed';
  if (await endTransaction(course, session, 'executor', ended)) course.ended = ended;
  // What a failed COMMIT took back was not applied.
  else if (course.unknown === undefined) course.after = undefined;
}

/** The gates once more, the change, and whether it did what it must: all before anything is committed. */
async function apply(session: Session, course: Course, context: LegContext): Promise<void> {
  const { plan, objects, entry, baseline } = context;
  const answers = await askGates(session, plan.preflight);
  course.preflight.push(...answers.map(({ actual }) => actual));
  const blocked = firedByGates(answers);
  if (blocked) throw blocked;
  const after = await inScript('executor', async () => {
    await session.apply(context.executor, executorBoundary(plan));
    // Constraints that are deferred fail only now: that is the executor's failure, too.
    return session.capture(objects);
  });
  course.after = after;
  const differs = firedByDelta(plan.delta, resultOf(deltaOf(entry.snapshot, after.snapshot), objects.get));
  if (differs) throw differs;
  for (const [i, condition] of plan.postconditions.entries()) {
    if (condition.at !== 'applied') continue;
    const answer = await askCondition(session, condition, baseline);
    course.postconditions = course.postconditions.with(i, { name: condition.name, ...answer });
    if (!answer.ok)
      throw new Fired(
        'false-done',
        `postconditions/${condition.name}`,
        `not met while applied: ${answer.actual}`,
      );
  }
}

/** What the plan's boundary lets the executor write. */
export function executorBoundary({ boundary }: PlanForm): Boundary {
  const allowed = (action: 'update' | 'delete'): string[] =>
    boundary.allow.filter((a) => a.action === action).map(({ table }) => table);
  return { insert: boundary.tables, update: allowed('update'), delete: allowed('delete'), counters: false };
}
