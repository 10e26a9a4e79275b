import { CustodyError, type ErrorCode, isCustodyError, isOfInput } from '../errors.ts';
import { finding, type Finding, type FindingCode } from '../finding.ts';
import type { ScriptName } from './leg.ts';

/** Errors of a script that make evidence (a failed leg) instead of a refusal; everything else is thrown on. */
const EVIDENCE: Partial<Record<ErrorCode, FindingCode>> = {
  SQL_FAILED: 'SQL_FAILED',
  TRANSACTION_LOST: 'TRANSACTION_LOST',
  TIME_LIMIT: 'TIME_LIMIT',
};

/** Errors after which nobody can say what the clone's state is, where they come while a transaction is ended. */
const UNKNOWN: readonly ErrorCode[] = ['ENGINE_FAILED', 'TIME_LIMIT', 'TRANSACTION_LOST', 'DATABASE_CORRUPT'];

/** Runs one step of a script; its errors say whose they are: `executor/statement 2`. */
export async function inScript<T>(script: ScriptName, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw isCustodyError(error) ? ofScript(script, error) : error;
  }
}

/** @param file the script's own, where the reader of the error has only the plan before him. */
export function ofScript(script: ScriptName, error: CustodyError, file?: string): CustodyError {
  const path = error.path === undefined ? script : `${script}/${error.path}`;
  const message = file === undefined ? error.message : `${file}: ${error.message}`;
  return new CustodyError(error.code, message, { cause: error, hint: error.hint, path });
}

/** Whether the error is evidence; it is noted then. */
export function failed({ observed }: { observed: Finding[] }, error: unknown): boolean {
  return isCustodyError(error) && note(observed, error, EVIDENCE[error.code]);
}

/**
 * The same for a query that was answered on the before-state: whatever refuses it now says something of the state. What
 * the system refuses does not.
 */
export function queryFailed({ observed }: { observed: Finding[] }, error: unknown): boolean {
  if (!isOfInput(error)) return false;
  return note(observed, error, EVIDENCE[error.code] ?? 'SQL_FAILED');
}

function note(observed: Finding[], error: CustodyError, code: FindingCode | undefined): boolean {
  if (code === undefined) return false;
  observed.push(finding(code, error.path ?? 'session', error.message));
  return true;
}

export function isUnknown(error: unknown): error is CustodyError {
  return isCustodyError(error) && UNKNOWN.includes(error.code);
}

/** Whether a capture failed for what it read, and not because somebody interrupted it or the system was full. */
export function isUnreadable(error: unknown): error is CustodyError {
  return isCustodyError(error, 'ENGINE_FAILED') || isOfInput(error);
}
