import { statSync } from 'node:fs';
import { fromSystemError, hasCode } from '../errors.ts';

/**
 * Whether a path leads to something. Unlike `existsSync`, which says no to whatever goes wrong, it says so only where
 * nothing is there or could be: what cannot be looked at may well be there.
 * @throws CustodyError PERMISSION_DENIED, IO_FAILED
 */
export function isThere(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    // Whatever a revision looks like, it may be asked for as a path first: longer than any, or with NUL.
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE')) return false;
    throw fromSystemError(error, path);
  }
}
