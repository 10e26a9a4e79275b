import { randomInt } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { CustodyError, fromSystemError, isCustodyError } from '../errors.ts';
import { isAbandoned, ownIdentity } from './process-identity.ts';
import { readRegular } from './regular-file.ts';
import { namesIn, sweepTemporaries, temporaryName } from './temporary-file.ts';
import { undoNow } from './undo.ts';

/**
 * In a working folder: whose it is, a line each for world, number and start of the process, and, where a server works in
 * it, for the file that begins with the server's number. It is written first and removed last.
 */
export const OWNER_FILE = 'owner';
/** Bytes. Its lines, and those of a server's lock file, are shorter. */
const NOTE_LIMIT = 4096;
/** As mkdtemp(3) fills it up. */
const NAME = /^custody-[a-z]+-[A-Za-z0-9]{6}$/;

/** A server that works in a folder, and may outlive the process that made both. */
export interface FolderServer {
  /** In the folder: exists while the server runs; its first line is the server's process number. */
  readonly lockFile: string;
  /** Ends the server in a folder whose owner is gone. */
  readonly end: (folder: string) => Promise<void>;
}

/**
 * A private empty folder for temporary files, gone at the end. It lies beside the note of who owns it: what is in it may be
 * sealed, or shown to a child, as it is. @throws as {@link makeTemporaryFolder}.
 */
export async function temporaryFolder(what: string): Promise<{ readonly path: string } & AsyncDisposable> {
  const folder = await makeWorkFolder(what);
  const path = join(folder, 'files');
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    throw undoNow(fromSystemError(error, folder), () => removeFolder(folder));
  }
  return { path, [Symbol.asyncDispose]: async () => removeFolder(folder) };
}

/**
 * A private folder that notes who owns it: once this process is gone, the next that makes one removes it. Those that
 * killed processes left are removed first, whatever they were for; a server that still runs in one only by who can end it.
 * @throws as {@link makeTemporaryFolder}.
 */
export async function makeWorkFolder(
  what: string,
  { parent = tmpdir(), server }: { parent?: string; server?: FolderServer } = {},
): Promise<string> {
  // Where the path of TMPDIR is too long for a socket, servers work in /tmp.
  for (const place of new Set([resolve(parent), resolve(tmpdir()), '/tmp']))
    await sweepFolders(place, server?.end);
  // Under a name that says who makes it, until the note is in it.
  const making = temporaryName(resolve(parent), 'folder');
  const folder = join(
    resolve(parent),
    `custody-${what}-${randomInt(36 ** 6)
      .toString(36)
      .padStart(6, '0')}`,
  );
  makeIn(parent, () => mkdirSync(making, { mode: 0o700 }));
  try {
    writeNote(making, server);
    renameSync(making, folder);
  } catch (error) {
    throw undoNow(fromSystemError(error, folder), () => rmSync(making, { recursive: true, force: true }));
  }
  keepFresh(join(folder, OWNER_FILE));
  return folder;
}

/** Notes in a folder that it is this process's. @throws CustodyError DISK_FULL, IO_FAILED, … */
export function ownFolder(folder: string): void {
  try {
    writeNote(folder);
  } catch (error) {
    throw fromSystemError(error, folder);
  }
  keepFresh(join(folder, OWNER_FILE));
}

/** Whose the folder is, and what serves there. */
function writeNote(folder: string, server?: FolderServer): void {
  const { world, pid, start } = ownIdentity();
  const lines = [world, String(pid), start, ...(server ? [server.lockFile] : []), ''];
  writeFileSync(join(folder, OWNER_FILE), lines.join('\n'), { mode: 0o600, flag: 'wx' });
}

/** Milliseconds. Who lives in another container sees by the note's time alone that its owner is at work. */
const BEAT = 3_600_000;

/** Touches a note now and then, for as long as it is there and this process runs. */
function keepFresh(note: string): void {
  const beat = setInterval(() => {
    try {
      utimesSync(note, new Date(), new Date());
    } catch {
      clearInterval(beat); // the folder is gone, or disowned
    }
  }, BEAT).unref();
}

/**
 * A private folder that outlives its maker. @param what it is for, in small letters: part of its name.
 * @throws CustodyError IO_FAILED, PERMISSION_DENIED, DISK_FULL, …: never a wrong path, which would be the user's.
 */
export async function makeTemporaryFolder(what: string, parent = tmpdir()): Promise<string> {
  return makeIn(parent, () => mkdtempSync(join(resolve(parent), `custody-${what}-`)));
}

function makeIn<T>(parent: string, make: () => T): T {
  const place = resolve(parent);
  try {
    return make();
  } catch (error) {
    const known = fromSystemError(error, place);
    if (!isCustodyError(known, 'PATH_NOT_FOUND') && !isCustodyError(known, 'PATH_NOT_A_FOLDER')) throw known;
    throw new CustodyError('IO_FAILED', `no temporary folder can be made in ${place}: ${known.message}`, {
      cause: known,
      path: place,
      hint: 'Set TMPDIR to a folder that exists and can be written.',
    });
  }
}

/** Takes {@link ownFolder}'s note away: what has none is never swept. @throws CustodyError PERMISSION_DENIED, IO_FAILED. */
export function disownFolder(folder: string): void {
  try {
    rmSync(join(folder, OWNER_FILE), { force: true });
  } catch (error) {
    throw fromSystemError(error, folder);
  }
}

/**
 * Removes a folder, its note last: of what is left where that is cut short, it is still known whose it was; in the end its
 * name says who removes it.
 */
export function removeFolder(folder: string): void {
  const options = { recursive: true, force: true, maxRetries: 5, retryDelay: 50 };
  for (const name of namesIn(folder)) if (name !== OWNER_FILE) rmSync(join(folder, name), options);
  // One that a server's account has is swept by its note alone.
  const ours = lstatSync(folder, { throwIfNoEntry: false })?.uid === process.getuid?.();
  const last = ours ? temporaryName(dirname(folder), 'folder') : folder;
  if (ours) renameSync(folder, last);
  rmSync(last, options);
}

/**
 * Removes our folders in `parent` whose owner is gone (process-identity.ts). One without a note stays, unless it is empty
 * and a day old: its maker was killed before it could write one. So does one whose note another account wrote, or that is
 * no regular file: a FIFO would hold us for ever.
 */
export async function sweepFolders(parent: string, end?: FolderServer['end']): Promise<void> {
  sweepTemporaries(parent);
  for (const name of namesIn(parent).filter((entry) => NAME.test(entry))) {
    const folder = join(parent, name);
    try {
      const stat = lstatSync(folder);
      if (!stat.isDirectory()) continue;
      if (!existsSync(join(folder, OWNER_FILE))) {
        if (stat.uid === process.getuid?.() && isAbandoned(undefined, stat.mtimeMs)) rmdirSync(folder);
        continue;
      }
      if (await isLeft(folder, stat.mtimeMs, end)) removeFolder(folder);
    } catch {
      // Not empty, not ours to read, or another process removes it just now: never a reason to fail.
    }
  }
}

async function isLeft(
  folder: string,
  touched: number,
  end: FolderServer['end'] | undefined,
): Promise<boolean> {
  const note = lstatSync(join(folder, OWNER_FILE));
  // The server's account may have the folder, but it cannot write our note.
  if (note.uid !== process.getuid?.()) return false;
  const [world = '', pid = '', start = '', lockFile = ''] = await linesOf(join(folder, OWNER_FILE));
  const owner = /^\d+$/.test(pid) && /^\d+$/.test(start) ? { world, pid: Number(pid), start } : undefined;
  if (!isAbandoned(owner, Math.max(touched, note.mtimeMs))) return false;
  if (lockFile === '' || !existsSync(join(folder, lockFile))) return true;
  if (end) await end(folder);
  else if (existsSync(`/proc/${(await linesOf(join(folder, lockFile)))[0]!.trim()}`)) return false;
  return true;
}

/** @throws CustodyError where there is no regular file. */
async function linesOf(path: string): Promise<string[]> {
  const bytes = await readRegular(path, NOTE_LIMIT, { follow: false });
  return Buffer.from(bytes ?? [])
    .toString('utf8')
    .split('\n');
}
