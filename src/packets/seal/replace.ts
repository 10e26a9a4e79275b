/**
 * Writing the two files of a seal so that at any moment, a crash included, the folder holds the old pair, the new
 * pair, or no seal at all: never a seal beside a manifest it does not vouch for (SPEC.md, "Packets").
 */
import { constants, lstat, open, rename, unlink } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { CustodyError, fromSystemError, orAbsent } from '../../errors.ts';
import { identityOf, isRunning, type ProcessIdentity } from '../../system/process-identity.ts';
import { MANIFEST_NAME, SEAL_NAME } from './names.ts';
import type { FolderEntry } from './walk.ts';

/** The system calls that writing needs; tests make each of them fail. */
export interface SealIo {
  /** Creates a file that must not exist, writes it and brings it to the disk. */
  writeNew(path: string, bytes: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
}

export const nodeSealIo: SealIo = {
  async writeNew(path, bytes) {
    await using handle = await open(path, 'wx');
    await handle.writeFile(bytes);
    await handle.sync();
  },
  rename,
  unlink,
  async syncFolder(path) {
    await using handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    await handle.sync();
  },
};

/**
 * Reserved at the top of a packet: sealing never lists such a name, checking reports it as FILE_UNLISTED. It says who
 * writes it: process number, start, and in which world.
 */
const TEMPORARY = /^\.custody-seal-(\d{1,10})-(\d{1,20})-([0-9a-f]{16})-[0-9a-f]{16}\.tmp$/;
/** Whose writer cannot be looked for, because it lives or lived in another container or start of the host. */
const ABANDONED = 24 * 3_600_000;
/** Those this process is writing now. */
const ours = new Set<string>();

export function isTemporary(entry: FolderEntry): boolean {
  return TEMPORARY.test(entry.path) && (entry.mode === 'file' || entry.mode === 'exec');
}

/**
 * Removes what a killed sealer left behind.
 * @throws CustodyError LOCK_TIMEOUT while its sealer runs.
 */
export async function sweepTemporaries(
  folder: string,
  entries: readonly FolderEntry[],
  io: SealIo,
): Promise<void> {
  for (const { path } of entries) {
    const name = join(folder, path);
    if (await isAtWork(path, name)) {
      throw new CustodyError('LOCK_TIMEOUT', `another process is sealing ${folder}`, {
        path: name,
        hint: `Wait until it is done; if none is, remove ${path}.`,
      });
    }
    await unlinkIfThere(name, io).catch((error: unknown) => {
      throw fromSystemError(error, name);
    });
  }
}

/** Whether somebody writes it: what cannot be known is so until it has lain for a day. */
async function isAtWork(path: string, name: string): Promise<boolean> {
  const [, pid = '', start = '', world = ''] = TEMPORARY.exec(path) ?? [];
  if (ours.has(name)) return true;
  const us = self();
  if (Number(pid) === us.pid && start === us.start && world === us.world) return false;
  const running = isRunning({ world, pid: Number(pid), start });
  if (running !== undefined) return running;
  const age = await lstat(name).then(
    ({ mtimeMs }) => Math.abs(Date.now() - mtimeMs),
    () => 0, // gone, or not to be looked at: removing it says which
  );
  return age < ABANDONED;
}

/**
 * Replaces manifest and seal. Both are on the disk under temporary names before anything visible changes, so a full
 * disk changes nothing. Then: remove the old seal, move the manifest, move the seal, syncing the folder each time.
 *
 * @throws CustodyError DISK_FULL, READ_ONLY, PERMISSION_DENIED, IO_FAILED; the old seal remains, or none.
 */
export async function replaceSeal(
  folder: string,
  manifest: Uint8Array,
  seal: Uint8Array,
  io: SealIo,
): Promise<void> {
  const newManifest = temporaryName(folder);
  const newSeal = temporaryName(folder);
  ours.add(newManifest).add(newSeal);
  try {
    await io.writeNew(newManifest, manifest);
    await io.writeNew(newSeal, seal);
    await unlinkIfThere(join(folder, SEAL_NAME), io);
    await io.syncFolder(folder);
    await io.rename(newManifest, join(folder, MANIFEST_NAME));
    await io.syncFolder(folder);
    await io.rename(newSeal, join(folder, SEAL_NAME));
    await io.syncFolder(folder);
  } catch (error) {
    // The first error is the one to tell: these may not exist, or be as undeletable as they were unwritable.
    await io.unlink(newManifest).catch(() => undefined);
    await io.unlink(newSeal).catch(() => undefined);
    throw fromSystemError(error, folder);
  } finally {
    ours.delete(newManifest);
    ours.delete(newSeal);
  }
}

/** Where nobody can tell this process from others, it is one of nowhere. */
function self(): ProcessIdentity {
  return identityOf(process.pid) ?? { pid: process.pid, start: '0', world: '0'.repeat(16) };
}

function temporaryName(folder: string): string {
  const { pid, start, world } = self();
  return join(folder, `.custody-seal-${pid}-${start}-${world}-${randomBytes(8).toString('hex')}.tmp`);
}

async function unlinkIfThere(path: string, io: SealIo): Promise<void> {
  await io.unlink(path).catch(orAbsent(undefined));
}
