import type { BigIntStats } from 'node:fs';
import { lstat, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CustodyError, fromSystemError, orAbsent } from '../../errors.ts';
import type { Digest } from '../../objects/digest.ts';
import { ContentBuilder, type StoredContent } from '../../objects/file.ts';
import { sha256Hasher } from '../../objects/sha256.ts';
import type { ObjectSink } from '../../objects/sink.ts';
import { openRegular } from '../../system/regular-file.ts';
import { syncFolder } from '../../system/temporary-file.ts';

/** First 16 bytes of every SQLite database: https://www.sqlite.org/fileformat2.html#the_database_header */
const MAGIC = Buffer.from('SQLite format 3\0', 'latin1');
const CHUNK = 1 << 20;

/** Files that SQLite keeps beside a database: https://www.sqlite.org/tempfiles.html */
export const SIDECARS = ['-wal', '-journal', '-shm'] as const;

/** Whether the file begins like an unencrypted SQLite database. @throws PATH_NOT_FOUND, PATH_NOT_A_FILE, … */
export async function hasMagic(path: string): Promise<boolean> {
  await using file = await openRegular(path, { follow: false });
  const head = Buffer.alloc(MAGIC.length);
  const { bytesRead } = await file.read(head, 0, head.length, 0);
  return bytesRead === head.length && head.equals(MAGIC);
}

/**
 * Copies what `from` holds into a new file (mode 0600, synced), or only reads where `to` is undefined.
 * @returns the SHA-256 of the bytes read. @throws DISK_FULL, IO_FAILED, …
 */
export async function copyHashed(from: FileHandle, to: string | undefined): Promise<Digest> {
  const hasher = sha256Hasher();
  const buffer = Buffer.allocUnsafe(CHUNK);
  const out = to === undefined ? undefined : await wrapped(to, open(to, 'wx', 0o600));
  try {
    for (let at = 0; ;) {
      const { bytesRead } = await from.read(buffer, 0, CHUNK, at);
      if (bytesRead === 0) break;
      const bytes = buffer.subarray(0, bytesRead);
      hasher.update(bytes);
      if (out !== undefined) await wrapped(to ?? '', out.writeFile(bytes));
      at += bytesRead;
    }
    if (out !== undefined) await wrapped(to ?? '', out.sync());
  } finally {
    await out?.close();
  }
  return hasher.hex() as Digest;
}

/** Stores what `from` holds as content, read piece by piece. @throws CustodyError IO_FAILED, and what the sink throws. */
export async function storeHandle(from: FileHandle, path: string, sink: ObjectSink): Promise<StoredContent> {
  const content = new ContentBuilder(sink);
  const buffer = Buffer.allocUnsafe(CHUNK);
  for (let at = 0; ;) {
    const { bytesRead } = await wrapped(path, from.read(buffer, 0, CHUNK, at));
    if (bytesRead === 0) return content.finish();
    content.add(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** SHA-256 of a file's bytes. */
export async function hashFile(path: string): Promise<Digest> {
  await using file = await openRegular(path, { follow: false });
  return await copyHashed(file, undefined);
}

export async function copyFileHashed(from: string, to: string): Promise<Digest> {
  await using file = await openRegular(from);
  return await copyHashed(file, to);
}

/**
 * Puts a copy of `from` in the place of the database `to`: sidecars go first (a journal left beside other bytes would be
 * rolled back into them), then a new file, synced, is renamed over it.
 */
export async function replaceDatabase(from: string, to: string): Promise<void> {
  await removeSidecars(to);
  const next = `${to}.next`;
  await rm(next, { force: true });
  await copyFileHashed(from, next);
  await wrapped(to, rename(next, to));
  await wrapped(to, syncFolder(dirname(to)));
}

export async function removeSidecars(path: string): Promise<void> {
  for (const suffix of SIDECARS) await wrapped(path + suffix, rm(path + suffix, { force: true }));
}

/** The sidecars of a database that exist and hold something. */
export async function sidecars(path: string): Promise<(typeof SIDECARS)[number][]> {
  const found: (typeof SIDECARS)[number][] = [];
  for (const suffix of SIDECARS) if ((await statOf(path + suffix))?.size) found.push(suffix);
  return found;
}

/** `lstat`, or undefined where there is nothing. */
export async function statOf(path: string): Promise<BigIntStats | undefined> {
  return wrapped(path, lstat(path, { bigint: true })).catch(orAbsent(undefined));
}

/** Whether a folder is ours alone: owned by this user, mode 0700, not a link. */
export async function isPrivateFolder(path: string): Promise<boolean> {
  const stat = await statOf(path);
  const uid = process.getuid?.();
  return (
    stat !== undefined && stat.isDirectory() && (stat.mode & 0o777n) === 0o700n && Number(stat.uid) === uid
  );
}

export function imageChanged(): CustodyError {
  return new CustodyError('ENGINE_FAILED', 'the restore image changed', { hint: 'Run the command again.' });
}

async function wrapped<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw fromSystemError(error, path);
  }
}
