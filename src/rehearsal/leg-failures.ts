import type { Session } from '../engines/engine.ts';
import { isCustodyError, type CustodyError, type ErrorCode } from '../errors.ts';
import { finding, type Finding, type FindingCode } from '../finding.ts';

/** Errors of a script that make evidence (a failed leg) instead of a refusal; everything else is thrown on. */
const EVIDENCE: Partial<Record<ErrorCode, FindingCode>> = {
  SQL_FAILED: 'SQL_FAILED',
  TRANSACTION_LOST: 'TRANSACTION_LOST',
  TIME_LIMIT: 'TIME_LIMIT',
};

/** Errors after which nobody can say what the clone's state is, where they come while a transaction is ended. */
const UNKNOWN: readonly ErrorCode[] = ['ENGINE_FAILED', 'TIME_LIMIT', 'TRANSACTION_LOST', 'DATABASE_CORRUPT'];

/** Whether the error is evidence; it is noted then. */
export function failed(change: { observed: Finding[] }, error: unknown, script: string): boolean {
  const code = isCustodyError(error) ? EVIDENCE[error.code] : undefined;
  if (code === undefined) return false;
  const failure = error as CustodyError;
  change.observed.push(finding(code, failure.path ?? script, failure.message));
  return true;
}

/** A session whose script failed may be gone (killed at its time limit): then nothing can be open on it. */
export async function endAfterFailure(session: Session): Promise<boolean> {
  try {
    await session.rollback();
    return await session.inTransaction();
  } catch (error) {
    if (isCustodyError(error)) return false;
    throw error;
  }
}

export function isUnknown(error: unknown): error is CustodyError {
  return isCustodyError(error) && UNKNOWN.includes(error.code);
}
