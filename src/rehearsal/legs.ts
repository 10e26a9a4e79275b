import { CustodyError, isAbout, isCustodyError } from '../errors.ts';
import type { Captured, Clone } from '../engines/engine.ts';
import { finding } from '../finding.ts';
import { attemptChange } from './change.ts';
import { markFailed, newCourse, type LegContext, type LegName, type LegResult } from './leg.ts';
import { isUnreadable } from './leg-failures.ts';
import { askBack, captureBack, goBack } from './way-back.ts';

/**
 * One leg on a fresh clone (spec/REHEARSAL.md, "Rehearsal"). T: BEGIN, apply, capture inside, ROLLBACK. R: apply, COMMIT, capture, put
 * the restore image back. S: apply, COMMIT, capture, rollback script. Then each captures on a fresh connection. Where a
 * trigger fires, the transaction is rolled back at once, and the state after that is captured and compared all the same.
 * @throws CustodyError what makes no evidence. A clone whose state is unknown is kept then too, and the error says where.
 */
export async function runLeg(leg: LegName, context: LegContext): Promise<LegResult> {
  await using clone = await context.workspace.restore(leg);
  const start = await clone.capture(context.objects);
  const course = newCourse(context.plan);
  const keep = (why: string): Promise<string> => clone.quarantine(context.quarantine, `leg ${leg}: ${why}`);
  let back: Captured | undefined;
  let identical: boolean | null = null;
  try {
    await attemptChange(leg, clone, start, course, context);
    if (course.unknown === undefined) await goBack(leg, clone, course, context);
    if (course.unknown === undefined) back = await captureBack(clone, course, context);
    if (back) await askBack(clone, course, context);
    if (back && leg !== 'S') identical = await compareBytes(clone, course);
  } catch (error) {
    // A script that the boundary refuses leaves nothing unknown: its transaction is not committed.
    const refused = isAbout(error, 'refused');
    throw course.unsettled && !refused ? await keptWith(error, keep) : error;
  }
  const { unknown } = course;
  const kept = unknown === undefined ? undefined : await keep(unknown);
  if (unknown !== undefined) {
    markFailed(course);
    course.observed.push(finding('CLONE_QUARANTINED', 'clone', unknown));
  }
  const { preflight, after, ended, trigger, open, postconditions, observed } = course;
  return {
    ...{
      leg,
      start,
      preflight,
      after,
      ended,
      trigger,
      open,
      back,
      postconditions,
      identical,
      observed,
      kept,
    },
    quarantined: kept !== undefined,
  };
}

async function compareBytes(clone: Clone, course: { unknown: string | undefined }): Promise<boolean | null> {
  try {
    return await clone.identical();
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    course.unknown = `the bytes after the way back cannot be compared: ${error.code}`;
    return null;
  }
}

/** The error, which says nothing of the clone, with where the clone is kept whose state it leaves unknown. */
async function keptWith(error: unknown, keep: (why: string) => Promise<string>): Promise<CustodyError> {
  const code = isCustodyError(error) ? error.code : 'INTERNAL';
  const message = error instanceof Error ? error.message : String(error);
  try {
    const path = await keep(`${code}: ${message}`);
    const hint = 'Its state is unknown. Look at it, or remove it, by hand.';
    return new CustodyError(code, `${message}; the clone is kept in ${path}`, { cause: error, path, hint });
  } catch (failure) {
    const cause = new SuppressedError(failure, error);
    if (!isCustodyError(failure)) throw cause;
    const { path, hint } = failure;
    return new CustodyError(code, `${message}; ${failure.message}`, {
      cause,
      hint,
      ...(path !== undefined && { path }),
    });
  }
}
