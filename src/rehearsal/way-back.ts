import type { Boundary, Captured, Clone } from '../engines/engine.ts';
import type { PlanForm } from '../rules/plan-form.ts';
import { askCondition } from './gates.ts';
import { markFailed, type Course, type LegContext, type LegName } from './leg.ts';
import { failed, inScript, isUnknown, isUnreadable, queryFailed } from './leg-failures.ts';
import { endAfterFailure, endTransaction } from './transaction.ts';

/** The way back of a committed change; what was rolled back or never applied needs none. */
export async function goBack(leg: LegName, clone: Clone, course: Course, context: LegContext): Promise<void> {
  if (course.ended !== 'committed') return;
  try {
    await (leg === 'S' ? runRollback(clone, course, context) : clone.reset());
  } catch (error) {
    if (!isUnknown(error)) throw error;
    course.unknown = `the way back failed: ${error.code}`;
  }
}

/** The rollback script, in a session and a transaction of its own. */
async function runRollback(clone: Clone, course: Course, { plan, rollback }: LegContext): Promise<void> {
  await using session = await clone.open();
  await session.begin();
  try {
    await inScript('rollback', () => session.apply(rollback ?? new Uint8Array(), rollbackBoundary(plan)));
  } catch (error) {
    if (!failed(course, error)) throw error;
    await endAfterFailure(course, session);
    return;
  }
  await endTransaction(course, session, 'rollback', 'committed');
}

/** @returns the state after the way back, or nothing where nobody can say what it is. */
export async function captureBack(
  clone: Clone,
  course: Course,
  { objects }: LegContext,
): Promise<Captured | undefined> {
  try {
    const back = await clone.capture(objects);
    course.unsettled = false;
    return back;
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    course.unknown = `the state after the way back cannot be captured: ${error.code}`;
    return undefined;
  }
}

/**
 * Asks what must hold after the way back. One that was answered on the before-state and is not now is evidence like any
 * other of a way back that is none: the leg has failed.
 */
export async function askBack(clone: Clone, course: Course, { plan, baseline }: LegContext): Promise<void> {
  for (const [i, condition] of plan.postconditions.entries()) {
    if (condition.at !== 'back') continue;
    try {
      const answer = await askCondition(clone, condition, baseline);
      course.postconditions = course.postconditions.with(i, { name: condition.name, ...answer });
    } catch (error) {
      if (!queryFailed(course, error)) throw error;
      markFailed(course);
    }
  }
}

/** A rollback script may do whatever brings the boundary's tables back; what it did is judged by the state. */
export function rollbackBoundary({ boundary: { tables } }: PlanForm): Boundary {
  return { insert: tables, update: tables, delete: tables, counters: true };
}
