import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CustodyError, fromSystemError, isCustodyError } from '../errors.ts';

/** A private folder for temporary files, gone at the end. @throws as {@link makeTemporaryFolder}. */
export async function temporaryFolder(what: string): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await makeTemporaryFolder(what);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/**
 * A private folder that outlives its maker. @param what it is for: part of its name.
 * @throws CustodyError IO_FAILED, PERMISSION_DENIED, DISK_FULL, …: never a wrong path, which would be the user's.
 */
export async function makeTemporaryFolder(what: string): Promise<string> {
  const parent = resolve(tmpdir());
  try {
    return await mkdtemp(join(parent, `custody-${what}-`));
  } catch (error) {
    const known = fromSystemError(error, parent);
    if (!isCustodyError(known, 'PATH_NOT_FOUND') && !isCustodyError(known, 'PATH_NOT_A_FOLDER')) throw known;
    throw new CustodyError('IO_FAILED', `no temporary folder can be made in ${parent}: ${known.message}`, {
      cause: known,
      path: parent,
      hint: 'Set TMPDIR to a folder that exists and can be written.',
    });
  }
}
