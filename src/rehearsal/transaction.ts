import type { Session } from '../engines/engine.ts';
import { isCustodyError } from '../errors.ts';
import type { Course, ScriptName } from './leg.ts';
import { failed, inScript, isUnknown } from './leg-failures.ts';

/**
 * Commits or rolls back what a script did. What the engine answers is not believed: the state is captured afterwards.
 * @returns whether it was acknowledged; otherwise it failed, which is noted, or nobody knows.
 */
export async function endTransaction(
  course: Course,
  session: Session,
  script: ScriptName,
  how: 'rolled-back' | 'committed',
): Promise<boolean> {
  course.unsettled = true;
  try {
    await inScript(script, () => (how === 'committed' ? session.commit() : session.rollback()));
    course.open ||= await session.inTransaction();
    return true;
  } catch (error) {
    if (isCustodyError(error, 'SQL_FAILED') && failed(course, error)) await endAfterFailure(course, session);
    else if (isUnknown(error)) course.unknown = `${how} was not acknowledged: ${error.code}`;
    else throw error;
    return false;
  }
}

/**
 * Rolls back after a failure. A session that was killed (at its time limit) has nothing open, and nothing of it is kept;
 * with any other, only what the engine acknowledges counts.
 */
export async function endAfterFailure(course: Course, session: Session): Promise<void> {
  if (session.ended) return;
  course.unsettled = true;
  try {
    await session.rollback();
    course.open ||= await session.inTransaction();
  } catch (error) {
    if (!isUnknown(error)) throw error;
    course.unknown = `rollback after a failure was not acknowledged: ${error.code}`;
  }
}
