import { chmod, mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CustodyError, fromSystemError, hasCode } from '../errors.ts';
import { isThere } from '../system/is-there.ts';
import { isFree, WholeFolder } from '../system/whole-folder.ts';
import { CONFIG_NAME } from './config.ts';

/**
 * Where a new ledger is made; what a killed `init` left is removed.
 * @throws LEDGER_EXISTS where there is a ledger, or a folder that we did not make and must not touch.
 */
export async function beginLedger(dir: string, folder: string): Promise<WholeFolder> {
  try {
    await makeParents(resolve(dir));
    // A file of that name is no place either.
    const free = await isFree(folder).catch((error: unknown) => {
      if (hasCode(error, 'ENOTDIR') && isThere(folder)) return false;
      throw error;
    });
    if (!free) throw exists(folder);
    // It holds rows of databases: nobody else may read them.
    if (isThere(folder)) await chmod(folder, 0o700);
    return await WholeFolder.begin(folder);
  } catch (error) {
    throw fromSystemError(error, folder);
  }
}

/** Gives a ledger that was made its place. @throws LEDGER_EXISTS where somebody else made one meanwhile. */
export async function placeLedger(folder: string, made: WholeFolder): Promise<void> {
  // Without its configuration a folder is no ledger.
  if (!(await made.place(CONFIG_NAME))) throw exists(folder);
}

function exists(folder: string): CustodyError {
  return new CustodyError('LEDGER_EXISTS', `${folder} is there already`, {
    path: folder,
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
