/**
 * Files that are there whole or not at all: written and synced under a temporary name beside their own, and moved or
 * linked to it. The temporary name says who writes it, so that whoever comes next can remove what a killed process left.
 */
import { randomBytes } from 'node:crypto';
import { constants, lstatSync, readdirSync, rmSync } from 'node:fs';
import { link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CustodyError, fromSystemError, hasCode } from '../errors.ts';
import { isAbandoned, ownIdentity, type ProcessIdentity } from './process-identity.ts';

type Kind = 'file' | 'folder' | 'seal';

const NAME = /^\.custody-(file|folder|seal)-(\d{1,10})-(\d{1,20})-([0-9a-f]{16})-[0-9a-f]{16}\.tmp$/;

/** A new name in `folder`, with who makes what lies there: `.custody-KIND-PID-START-WORLD-RANDOM.tmp`. */
export function temporaryName(folder: string, kind: Kind = 'file'): string {
  const { pid, start, world } = ownIdentity();
  return join(folder, `.custody-${kind}-${pid}-${start}-${world}-${randomBytes(8).toString('hex')}.tmp`);
}

/** Who makes what has this name; undefined for a name that is not one of {@link temporaryName}. */
export function makerOf(name: string): ProcessIdentity | undefined {
  const [, , pid, start, world] = NAME.exec(name) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), start: start!, world: world! };
}

/**
 * Removes from `folder` what makers that are gone left there under temporary names: files of the user's own, and folders
 * that were to be folders; never anything else that has such a name. A folder that cannot be listed or written is left.
 */
export function sweepTemporaries(folder: string): void {
  for (const name of namesIn(folder)) {
    const maker = makerOf(name);
    const path = join(folder, name);
    try {
      if (maker && isLeftover(path, maker)) rmSync(path, { recursive: true, force: true });
    } catch {
      // Gone, or not ours to remove: never a reason to fail.
    }
  }
}

function isLeftover(path: string, maker: ProcessIdentity): boolean {
  const stat = lstatSync(path);
  const right = NAME.exec(basename(path))?.[1] === 'folder' ? stat.isDirectory() : stat.isFile();
  return right && stat.uid === process.getuid?.() && isAbandoned(maker, stat.mtimeMs);
}

/** Where a folder may not be listed (a TMPDIR of mode 0733), nothing is swept. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/**
 * Gives the file this content, for its owner alone (0600), whether or not it was there.
 * @throws CustodyError PATH_NOT_FOUND for its folder, DISK_FULL, READ_ONLY, PERMISSION_DENIED, IO_FAILED.
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  await place(path, content, rename);
}

/**
 * Makes a file that must not exist yet, for its owner alone (0600): link(2) fails where the name is taken, whoever took it.
 * @returns whether it did not exist. @throws as {@link replaceFile}.
 */
export async function makeFile(path: string, content: string | Uint8Array): Promise<boolean> {
  try {
    await place(path, content, link);
    return true;
  } catch (error) {
    if (error instanceof CustodyError && hasCode(error.cause, 'EEXIST')) return false;
    throw error;
  }
}

async function place(path: string, content: string | Uint8Array, move: typeof rename): Promise<void> {
  const folder = dirname(path);
  sweepTemporaries(folder);
  const temporary = temporaryName(folder);
  try {
    await writeNew(temporary, content);
    await move(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    // The file itself is made: what is missing, or is no folder, is where it is to lie.
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) throw fromSystemError(error, folder);
    throw fromSystemError(error, path);
  } finally {
    // What was thrown above is the thing to tell; what cannot be removed now is swept later.
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** Creates a file that must not exist, for its owner alone unless `mode` says otherwise, and brings its content to the disk. */
export async function writeNew(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  await using handle = await open(path, 'wx', mode);
  await handle.writeFile(content);
  await handle.sync();
}

/**
 * Brings the names in a folder to the disk. A file system that cannot do that says EINVAL, and a folder that may be written
 * and not read cannot be opened for it: there is no more to be done.
 */
export async function syncFolder(path: string): Promise<void> {
  try {
    await using handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    await handle.sync();
  } catch (error) {
    if (!hasCode(error, 'EINVAL', 'EACCES')) throw error;
  }
}
