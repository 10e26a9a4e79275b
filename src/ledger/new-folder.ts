import { chmod, mkdir, readdir, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CustodyError, fromSystemError, hasCode } from '../errors.ts';
import { isThere } from '../system/is-there.ts';
import { sweepTemporaries, temporaryName } from '../system/temporary-file.ts';
import { CONFIG_NAME } from './config.ts';

/**
 * Where a new ledger is made: beside its place, so that it gets there whole; in an empty folder that is there, which may be
 * a place where something is mounted, it is made in place. What a killed `init` left beside it is removed.
 * @throws LEDGER_EXISTS where there is a ledger, or a folder that we did not make and must not touch.
 */
export async function makeLedgerFolder(dir: string, folder: string): Promise<string> {
  try {
    await makeParents(resolve(dir));
    sweepTemporaries(dirname(folder));
    // It holds rows of databases: nobody else may read them.
    if (!isThere(folder)) {
      const made = temporaryName(dirname(folder), 'folder');
      await mkdir(made, { mode: 0o700 });
      return made;
    }
    const held = await readdir(folder).catch((cause: unknown) => {
      if (hasCode(cause, 'ENOTDIR')) return [folder]; // a file of that name is no place either
      throw cause;
    });
    if (held.length === 0) {
      await chmod(folder, 0o700);
      return folder;
    }
  } catch (error) {
    throw fromSystemError(error, folder);
  }
  throw exists(folder);
}

/** Gives a ledger that was made its place. @throws LEDGER_EXISTS where somebody else made one meanwhile. */
export async function moveLedgerTo(folder: string, made: string): Promise<void> {
  await rename(made, folder).catch((error: unknown) => {
    throw isThere(folder) ? exists(folder, error) : error;
  });
}

function exists(folder: string, cause?: unknown): CustodyError {
  return new CustodyError('LEDGER_EXISTS', `${folder} is there already`, {
    path: folder,
    cause,
    hint: isThere(join(folder, CONFIG_NAME))
      ? 'Use that ledger, or give another folder.'
      : 'It is no ledger. If an interrupted init left it, delete it; else give another folder.',
  });
}

/** One level at a time: a recursive mkdir reports a read-only file system as ENOENT (Node.js 24). */
async function makeParents(dir: string): Promise<void> {
  if (isThere(dir)) return;
  await makeParents(dirname(dir));
  await mkdir(dir);
}
