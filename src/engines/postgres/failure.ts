import { codeOf, CustodyError } from '../../errors.ts';

/** An error that the server reported, with its SQLSTATE (five characters, as `EPIPE` has: that is the system's). */
export interface ServerError extends Error {
  readonly code: string;
  readonly where?: string;
  readonly severity?: string;
}

export function isServerError(error: unknown): error is ServerError {
  return /^[0-9A-Z]{5}$/.test(codeOf(error) ?? '') && !('syscall' in (error as Error));
}

export function interrupted(cause?: unknown): CustodyError {
  return new CustodyError('INTERRUPTED', 'interrupted; the cluster was ended', {
    cause,
    hint: 'Run the command again.',
  });
}

/**
 * A server's error where no script of the user's was running is the engine's.
 * @throws CustodyError DISK_FULL, ENGINE_FAILED; what `work` throws otherwise.
 */
export async function translated<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!isServerError(cause)) throw cause;
    if (cause.code === '53100') {
      throw new CustodyError('DISK_FULL', `${what}: ${cause.message}`, {
        cause,
        hint: 'Free some space in the temporary folder (TMPDIR) and run the command again.',
      });
    }
    throw new CustodyError('ENGINE_FAILED', `${what}: ${cause.message} [${cause.code}]`, { cause });
  }
}

/** What an error of the server means when it comes while a script runs. */
export function scriptFailure(error: unknown, path: string): unknown {
  if (!isServerError(error))
    return error instanceof CustodyError && error.code === 'ENGINE_FAILED' ? lost(path, error) : error;
  const message = `${path}: ${error.message} [${error.code}]`;
  switch (error.code) {
    case '42501': // insufficient_privilege
    case '25006': // read_only_sql_transaction
      return new CustodyError('BOUNDARY_VIOLATED', message, {
        cause: error,
        path,
        hint: 'The boundary does not allow this.',
      });
    case '2D000': // invalid_transaction_termination: COMMIT in a procedure
      return new CustodyError('TRANSACTION_CONTROL', message, {
        cause: error,
        path,
        hint: 'The runner owns the transaction.',
      });
    case '25P03': // idle_in_transaction_session_timeout
    case '57P01': // admin_shutdown
    case '57P02':
    case '57P03':
      return lost(path, error);
    default:
      return new CustodyError('SQL_FAILED', message, {
        cause: error,
        path,
        hint: 'Correct the script or its data.',
      });
  }
}

export function lost(path: string, cause?: unknown): CustodyError {
  return new CustodyError('TRANSACTION_LOST', `${path}: the session or its transaction was lost`, {
    path,
    ...(cause === undefined ? {} : { cause }),
  });
}
