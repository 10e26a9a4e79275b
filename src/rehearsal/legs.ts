import { isCustodyError, type CustodyError, type ErrorCode } from '../errors.ts';
import type { Boundary, Captured, Clone, Session, Workspace } from '../engines/engine.ts';
import { finding, type Finding, type FindingCode } from '../finding.ts';
import type { ObjectSink } from '../objects/sink.ts';

/** What one leg saw. `after` is missing where the executor failed. */
export interface LegResult {
  readonly leg: 'T' | 'R';
  readonly start: Captured;
  readonly after: Captured | undefined;
  readonly ended: 'rolled-back' | 'committed' | 'failed';
  /** Whether the engine still saw a transaction after the leg had ended it. */
  readonly open: boolean;
  readonly back: Captured;
  readonly identical: boolean | null;
  readonly observed: readonly Finding[];
}

export interface LegContext {
  readonly workspace: Workspace;
  readonly executor: Uint8Array;
  readonly boundary: Boundary;
  readonly sink: ObjectSink;
}

/** Errors of the executor that make evidence (a failed leg) instead of a refusal; everything else is thrown on. */
const EVIDENCE: Partial<Record<ErrorCode, FindingCode>> = {
  SQL_FAILED: 'SQL_FAILED',
  TRANSACTION_LOST: 'TRANSACTION_LOST',
  TIME_LIMIT: 'TIME_LIMIT',
};

/** Leg T: BEGIN, apply, capture inside, ROLLBACK, capture on a fresh connection. */
export async function legT(context: LegContext): Promise<LegResult> {
  await using clone = await context.workspace.restore('T');
  const start = await clone.capture(context.sink);
  const inside = await withSession(clone, context, async (session) => {
    const after = await session.capture(context.sink);
    await session.rollback();
    return { after, open: await session.inTransaction() };
  });
  const back = await clone.capture(context.sink);
  return {
    leg: 'T',
    start,
    ...inside,
    ended: inside.after ? 'rolled-back' : 'failed',
    back,
    identical: await clone.identical(),
  };
}

/** Leg R: apply, COMMIT, capture, put the restore image back, capture. */
export async function legR(context: LegContext): Promise<LegResult> {
  await using clone = await context.workspace.restore('R');
  const start = await clone.capture(context.sink);
  const inside = await withSession(clone, context, async (session) => {
    await session.commit();
    return { after: undefined, open: await session.inTransaction() };
  });
  const after = inside.observed.length === 0 ? await clone.capture(context.sink) : undefined;
  await clone.reset();
  const back = await clone.capture(context.sink);
  return {
    leg: 'R',
    start,
    ...inside,
    after,
    ended: after ? 'committed' : 'failed',
    back,
    identical: await clone.identical(),
  };
}

/** Opens the one session, applies the executor inside a transaction, and ends it whatever happens. */
async function withSession(
  clone: Clone,
  { executor, boundary }: LegContext,
  finish: (session: Session) => Promise<{ after: Captured | undefined; open: boolean }>,
): Promise<{ after: Captured | undefined; open: boolean; observed: Finding[] }> {
  await using session = await clone.open();
  await session.begin();
  try {
    await session.apply(executor, boundary);
    // Constraints that are deferred fail only now: that is the executor's failure, too.
    return { ...(await finish(session)), observed: [] };
  } catch (error) {
    const code = isCustodyError(error) ? EVIDENCE[error.code] : undefined;
    if (code === undefined) throw error;
    const failure = error as CustodyError;
    const open = await endAfterFailure(session);
    return { after: undefined, open, observed: [finding(code, failure.path ?? 'executor', failure.message)] };
  }
}

/** A session whose script failed may be gone (killed at its time limit): then nothing can be open on it. */
async function endAfterFailure(session: Session): Promise<boolean> {
  try {
    await session.rollback();
    return await session.inTransaction();
  } catch (error) {
    if (isCustodyError(error)) return false;
    throw error;
  }
}
