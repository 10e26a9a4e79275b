import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { QUARANTINE_NOTE } from '../../engine.ts';
import { CustodyError, fromSystemError, hasCode } from '../../../errors.ts';
import { sweepTemporaries, temporaryName } from '../../../system/temporary-file.ts';
import { undoNow } from '../../../system/undo.ts';

export interface Quarantined {
  readonly label: string;
  readonly reason: string;
  readonly database: string;
  /** Where the cluster's data is until the workspace is disposed of. */
  readonly dataFolder: string;
  readonly version: string;
  /** Folder of an earlier quarantine of the same cluster, which gets the data. */
  readonly kept: string | undefined;
}

/**
 * Makes `FOLDER/postgres-LABEL-16HEX` with the note in it, private. The note is there before anything else happens: it
 * says where the data is even if this process is killed before it moved it.
 * @throws CustodyError PERMISSION_DENIED, DISK_FULL, …
 */
export function reserveQuarantine(folder: string, what: Quarantined): string {
  const path = join(folder, `postgres-${what.label}-${randomBytes(8).toString('hex')}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    sweepTemporaries(folder);
    mkdirSync(path, { mode: 0o700 });
    chmodSync(path, 0o700);
    writeFileSync(join(path, QUARANTINE_NOTE), note(path, what), { mode: 0o600, flag: 'wx' });
    return path;
  } catch (error) {
    throw fromSystemError(error, path);
  }
}

function note(path: string, { label, reason, database, dataFolder, version, kept }: Quarantined): string {
  const data = join(kept ?? path, 'data');
  return [
    `Clone ${label} is in quarantine: its state is unknown. It is never used again.`,
    '',
    `reason:   ${reason}`,
    `database: ${database}`,
    `server:   PostgreSQL ${version}`,
    `data:     ${data}`,
    `          until the command has ended, or if it was killed: ${dataFolder}`,
    '',
    'To look at it, copy the data to a folder that an unprivileged account owns, and start a server on the copy as that',
    "account: postgres -D COPY -c listen_addresses='' -c unix_socket_directories=/tmp",
    `Then connect to database ${database} as custody_admin.`,
    '',
  ].join('\n');
}

/**
 * Moves a stopped cluster's data folder to `PATH/data`, owners and modes included; to another file system by a copy. Where
 * that fails the data is where it was. Synchronous: also for the last moments of a process.
 * @throws CustodyError IO_FAILED that names both folders, DISK_FULL, …
 */
export function moveData(dataFolder: string, path: string): void {
  const target = join(path, 'data');
  try {
    try {
      renameSync(dataFolder, target);
    } catch (error) {
      if (!hasCode(error, 'EXDEV')) throw error;
      copyData(dataFolder, target);
    }
  } catch (cause) {
    const known = fromSystemError(cause, target);
    throw new CustodyError(
      known instanceof CustodyError ? known.code : 'IO_FAILED',
      `the data in quarantine could not be moved to ${target}: ${String(cause)}`,
      { cause, path: dataFolder, hint: `It is still in ${dataFolder}: move it by hand.` },
    );
  }
}

export function copyData(from: string, to: string): void {
  // Half a copy would pass for the data.
  const copy = temporaryName(dirname(dirname(to)), 'folder');
  try {
    cpSync(from, copy, {
      recursive: true,
      errorOnExist: true,
      force: false,
      verbatimSymlinks: true,
      preserveTimestamps: true,
    });
    sameOwners(from, copy);
    renameSync(copy, to);
  } catch (error) {
    throw undoNow(error, () => rmSync(copy, { recursive: true, force: true }));
  }
  rmSync(from, { recursive: true, force: true });
}

/** PostgreSQL starts only on a folder of its own account with mode 0700. */
function sameOwners(from: string, to: string): void {
  const { uid, gid, mode } = lstatSync(from);
  lchownSync(to, uid, gid);
  if (lstatSync(from).isSymbolicLink()) return;
  chmodSync(to, mode & 0o7777);
  if (!lstatSync(from).isDirectory()) return;
  for (const name of readdirSync(from)) sameOwners(join(from, name), join(to, name));
}
