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
