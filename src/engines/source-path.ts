import { readlink, realpath, stat, type FileHandle } from 'node:fs/promises';
import { undo } from '../system/undo.ts';
import { CustodyError, fromSystemError, orAbsent } from '../errors.ts';
import type { SourceSpec } from './engine.ts';
import { openRegular } from '../system/regular-file.ts';

/**
 * Where a source lies, with links resolved.
 * @throws CustodyError SOURCE_CHANGED where it leads elsewhere than when the guard looked at it; PATH_NOT_FOUND, …
 */
export async function locateSource({ file, real }: SourceSpec): Promise<string> {
  const path = await realpath(file).catch((error: unknown) => {
    throw fromSystemError(error, file);
  });
  if (real !== undefined && path !== real) throw elsewhere(file);
  return path;
}

/**
 * Opens a located source for reading, and asks where what was opened lies: a folder on the way may have been swapped for
 * a link since. @throws CustodyError SOURCE_CHANGED where that is elsewhere; as {@link openRegular}.
 */
export async function openLocated(path: string): Promise<FileHandle> {
  const handle = await openRegular(path, { follow: false });
  try {
    if (await liesAt(handle, path)) return handle;
    throw elsewhere(path);
  } catch (error) {
    throw await undo(fromSystemError(error, path), () => handle.close());
  }
}

/** The kernel's own word (proc(5)); without /proc, the file that is at the path now. */
async function liesAt(handle: FileHandle, path: string): Promise<boolean> {
  const at = await readlink(`/proc/self/fd/${handle.fd}`).catch(orAbsent(undefined)); // no /proc
  if (at !== undefined) return at === path;
  const [opened, there] = [await handle.stat({ bigint: true }), await stat(path, { bigint: true })];
  return (await realpath(path)) === path && opened.dev === there.dev && opened.ino === there.ino;
}

function elsewhere(path: string): CustodyError {
  return new CustodyError('SOURCE_CHANGED', `${path} leads elsewhere than when it was looked at`, {
    path,
    hint: 'Find out who swapped a link; what it leads to now was not read.',
  });
}
