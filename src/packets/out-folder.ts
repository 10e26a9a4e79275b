import { chmod, cp, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isThere } from '../system/is-there.ts';
import { CustodyError, fromSystemError } from '../errors.ts';
import { MANIFEST_NAME, SEAL_NAME } from './seal/names.ts';

/** @throws CustodyError USAGE where the folder for a packet holds something; PERMISSION_DENIED, PATH_NOT_A_FOLDER, … */
export async function requireEmpty(dir: string): Promise<void> {
  if (!isThere(dir)) return;
  const names = await readdir(dir).catch((error: unknown) => {
    throw fromSystemError(error, dir);
  });
  if (names.length > 0)
    throw new CustodyError('USAGE', `${dir} is not empty`, {
      path: dir,
      hint: 'Give a folder that does not exist yet.',
    });
}

/** Copies a sealed packet out of its working folder. */
export async function copyOut(work: string, dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    // Rows of databases are for their owner: the other files were written so, and a copy has the modes of its original.
    for (const name of [MANIFEST_NAME, SEAL_NAME]) await chmod(join(work, name), 0o600);
    await cp(work, dir, { recursive: true });
  } catch (error) {
    throw fromSystemError(error, dir);
  }
}
