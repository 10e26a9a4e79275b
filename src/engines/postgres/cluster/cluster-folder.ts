import { chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromSystemError } from '../../../errors.ts';
import { readRegular } from '../../../system/regular-file.ts';
import { makeWorkFolder, removeFolder } from '../../../system/temporary-folder.ts';
import type { Account } from './account.ts';
import { reap } from './reaper.ts';
import { undoNow } from '../../../system/undo.ts';

/** A socket's path is limited to 107 bytes on Linux and 103 on macOS; this is what we add to the folder. */
const SOCKET_SUFFIX = '/s/.s.PGSQL.5432';
const MAX_SOCKET_PATH = 103;
const LOCK_FILE = 'data/postmaster.pid';
/** A server's lock file has a few short lines. */
const LOCK_FILE_LIMIT = 4096;

/**
 * A folder for a cluster, private to the server's account; folders that a killed process left are removed first, and
 * their servers ended where they still run.
 * @throws CustodyError IO_FAILED, …
 */
export async function makeFolder(account: Account | undefined): Promise<string> {
  const parent =
    Buffer.byteLength(join(tmpdir(), 'custody-pg-XXXXXX') + SOCKET_SUFFIX) <= MAX_SOCKET_PATH
      ? tmpdir()
      : '/tmp';
  const folder = await makeWorkFolder('pg', {
    parent,
    server: { lockFile: LOCK_FILE, end: endServer },
  });
  try {
    for (const path of [join(folder, 'data'), join(folder, 's')]) mkdirSync(path, { mode: 0o700 });
    if (account) {
      for (const path of [folder, join(folder, 'data'), join(folder, 's')])
        chownSync(path, account.uid, account.gid);
    }
    return folder;
  } catch (error) {
    throw undoNow(fromSystemError(error, parent), () => removeFolder(folder));
  }
}

/** Ends the server of a killed process, where setpriv did not: only a process that names this very folder. */
async function endServer(folder: string): Promise<void> {
  const lockFile = join(folder, LOCK_FILE);
  reap({ pid: await serverOf(lockFile, join(folder, 'data')), folder, lockFile });
}

/** @throws CustodyError where the lock file is no regular file: the folder is none that a server of ours left. */
async function serverOf(lockFile: string, data: string): Promise<number | undefined> {
  if (!existsSync(lockFile)) return undefined;
  const lines = await readRegular(lockFile, LOCK_FILE_LIMIT, { follow: false });
  const pid = /^[1-9]\d*(?=\n)/.exec(Buffer.from(lines ?? []).toString('utf8'))?.[0];
  const cmdline = `/proc/${pid ?? ''}/cmdline`;
  if (pid === undefined || !existsSync(cmdline)) return undefined;
  return readFileSync(cmdline, 'utf8').split('\0').includes(data) ? Number(pid) : undefined;
}
