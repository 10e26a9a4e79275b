import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, lstat, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sweepTemporaries, syncFolder, temporaryName } from '../../system/temporary-file.ts';
import { undo } from '../../system/undo.ts';
import { QUARANTINE_NOTE } from '../engine.ts';
import { CustodyError, fromSystemError, hasCode } from '../../errors.ts';
import { isPrivateFolder } from './files.ts';

/**
 * Moves a clone's folder, with a note, into `folder` under a name of its own: `sqlite-<label>-<16 hex>`. It is there
 * whole or not at all, also where `folder` lies in another file system.
 * @returns where it is now. @throws CustodyError ENGINE_FAILED where `folder` cannot be made private, IO_FAILED,
 *   DISK_FULL; `path` says where the clone is then.
 */
export async function moveToQuarantine(
  clone: string,
  folder: string,
  label: string,
  reason: string,
): Promise<string> {
  const to = join(folder, `sqlite-${label}-${randomBytes(8).toString('hex')}`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (!(await lstat(folder)).isSymbolicLink()) await chmod(folder, 0o700);
    if (!(await isPrivateFolder(folder))) throw notPrivate(folder);
    const note = join(clone, QUARANTINE_NOTE);
    await writeFile(note, `${reason}\n`, { mode: 0o600, flag: 'wx' });
    await synced(note);
    await syncFolder(clone);
    sweepTemporaries(folder);
    await move(clone, to);
    await syncFolder(folder);
    await syncFolder(dirname(folder));
    return to;
  } catch (cause) {
    const known = fromSystemError(cause, to);
    const code = known instanceof CustodyError ? known.code : 'IO_FAILED';
    const path = existsSync(clone) ? clone : to;
    throw new CustodyError(code, `a clone could not be moved to quarantine in ${folder}: ${String(cause)}`, {
      cause,
      path,
      hint: `It is in ${path}: move it by hand.`,
    });
  }
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!hasCode(error, 'EXDEV')) throw error;
    const copy = temporaryName(dirname(to), 'folder');
    try {
      await cp(from, copy, { recursive: true, errorOnExist: true, force: false });
      await syncAll(copy);
      await rename(copy, to);
    } catch (failed) {
      throw await undo(failed, () => rm(copy, { recursive: true, force: true }));
    }
    await rm(from, { recursive: true, force: true });
  }
}

/** Files first, then their folders. */
async function syncAll(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncAll(path);
    else if (entry.isFile()) await synced(path);
  }
  await syncFolder(folder);
}

async function synced(path: string): Promise<void> {
  await using handle = await open(path);
  await handle.sync();
}

function notPrivate(folder: string): CustodyError {
  return new CustodyError('ENGINE_FAILED', `${folder} is not a folder of our own`, {
    path: folder,
    hint: 'Remove what is there, or give it to the account that runs this.',
  });
}
