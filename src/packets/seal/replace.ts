/**
 * Writing the two files of a seal so that at any moment, a crash included, the folder holds the old pair, the new
 * pair, or no seal at all: never a seal beside a manifest it does not vouch for (spec/FORMAT.md, "Packets").
 */
import { lstat, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isAbandoned, ownIdentity } from '../../system/process-identity.ts';
import { makerOf, syncFolder, temporaryName, writeNew } from '../../system/temporary-file.ts';
import { CustodyError, fromSystemError, orAbsent } from '../../errors.ts';
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

/** A seal may be read by whoever may read the folder. */
export const nodeSealIo: SealIo = {
  writeNew: (path, bytes) => writeNew(path, bytes, 0o666),
  rename,
  unlink,
  syncFolder,
};

/** Those this process is writing now. */
const ours = new Set<string>();

/**
 * The names of temporary files are reserved at the top of a packet: sealing never lists one, checking reports it as
 * FILE_UNLISTED.
 */
export function isTemporary(entry: FolderEntry): boolean {
  return makerOf(entry.path) !== undefined && (entry.mode === 'file' || entry.mode === 'exec');
}

/**
 * Removes what a killed sealer left behind.
 * @throws CustodyError LOCK_TIMEOUT while its sealer runs.
 */
export async function sweepSealers(
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

/** Whether somebody writes it; this very process knows which of its own it does. */
async function isAtWork(path: string, name: string): Promise<boolean> {
  if (ours.has(name)) return true;
  const [us, maker] = [ownIdentity(), makerOf(path)];
  if (maker?.pid === us.pid && maker.start === us.start && maker.world === us.world) return false;
  const touched = await lstat(name).then(
    ({ mtimeMs }) => mtimeMs,
    () => Date.now(), // gone, or not to be looked at: removing it says which
  );
  return !isAbandoned(maker, touched);
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
  const newManifest = temporaryName(folder, 'seal');
  const newSeal = temporaryName(folder, 'seal');
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

async function unlinkIfThere(path: string, io: SealIo): Promise<void> {
  await io.unlink(path).catch(orAbsent(undefined));
}
