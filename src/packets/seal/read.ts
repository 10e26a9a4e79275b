/** Reading what a walk found: in pieces, never through a link, and only while it stays what the walk saw. */
import { constants, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { CustodyError, fromSystemError, hasCode, isCustodyError } from '../../errors.ts';
import { finding } from '../../finding.ts';
import type { Finding, FindingCode } from '../../finding.ts';
import type { Digest } from '../../objects/digest.ts';
import { sha256Hasher } from '../../objects/sha256.ts';
import { errorText, isOurShortage, stopIfAborted } from './walk.ts';
import type { FolderEntry, WalkOptions } from './walk.ts';

const CHUNK = 256 * 1024;
/** Files open at once: hides the latency of small files, keeps memory at READERS * CHUNK. */
const READERS = 4;
/** O_NONBLOCK: should a pipe have taken the file's place, opening it does not wait for a writer. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * The content of a file or symlink found by walkFolder, in pieces of at most 256 KiB, each a buffer of its own.
 *
 * @throws CustodyError PACKET_BROKEN with one finding: FILE_CHANGED when it is not, or no longer, what the walk saw
 * (device, inode, size, times), FILE_UNREADABLE when the system refuses; INTERRUPTED. A piece given out before the
 * throw is not to be trusted: keep nothing until the end is reached.
 */
export async function* readEntry(
  entry: FolderEntry,
  options: WalkOptions = {},
): AsyncGenerator<Buffer, void> {
  try {
    await using handle = await open(entry.location, FLAGS);
    await expectSame(handle, entry);
    let total = 0;
    while (true) {
      stopIfAborted(options.signal);
      // One byte more than expected, so that the end is seen without another read.
      const want = Math.min(CHUNK, Math.max(entry.size - total, 0) + 1);
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(want), 0, want, null);
      total += bytesRead;
      if (total > entry.size) throw broken('FILE_CHANGED', entry, 'it grew while it was read');
      if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
      if (bytesRead === 0 || total === entry.size) break;
    }
    if (total < entry.size) throw broken('FILE_CHANGED', entry, 'it shrank while it was read');
    await expectSame(handle, entry);
  } catch (error) {
    throw readFault(error, entry);
  }
}

async function expectSame(handle: FileHandle, entry: FolderEntry): Promise<void> {
  const now = await handle.stat({ bigint: true });
  if (!sameFile(now, entry.stats)) throw broken('FILE_CHANGED', entry, 'it changed while it was read');
}

/** ctime cannot be set back by whoever writes; a false alarm (a chmod at that moment) is the cheaper error. */
function sameFile(a: BigIntStats, b: BigIntStats): boolean {
  return (
    a.dev === b.dev &&
    a.ino === b.ino &&
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs
  );
}

function readFault(error: unknown, entry: FolderEntry): unknown {
  if (error instanceof CustodyError) return error;
  if (isOurShortage(error)) return fromSystemError(error, entry.path);
  // Gone, or a link or something else now, since the walk.
  if (hasCode(error, 'ENOENT', 'ELOOP', 'ENOTDIR', 'ENXIO'))
    return broken('FILE_CHANGED', entry, errorText(error));
  return broken('FILE_UNREADABLE', entry, errorText(error), error);
}

function broken(code: FindingCode, entry: FolderEntry, detail: string, cause?: unknown): CustodyError {
  return new CustodyError('PACKET_BROKEN', `${entry.path}: ${detail}`, {
    cause,
    path: entry.path,
    hint: 'Let nothing write to the folder, make its files readable, and run the command again.',
    findings: [finding(code, entry.path, detail)],
  });
}

/** All of a small file; undefined when it is longer than `limit` bytes. @throws as {@link readEntry}. */
export async function readSmall(
  entry: FolderEntry,
  limit: number,
  options: WalkOptions = {},
): Promise<Buffer | undefined> {
  if (entry.size > limit) return undefined;
  const pieces: Buffer[] = [];
  for await (const piece of readEntry(entry, options)) pieces.push(piece);
  return Buffer.concat(pieces);
}

export interface HashedFiles {
  /** The digest of each file that could be read whole. */
  readonly digests: ReadonlyMap<string, Digest>;
  readonly findings: readonly Finding[];
}

/** SHA-256 of each entry's content, four at a time. @throws CustodyError INTERRUPTED, IO_FAILED. */
export async function hashEntries(
  entries: readonly FolderEntry[],
  options: WalkOptions = {},
): Promise<HashedFiles> {
  const digests = new Map<string, Digest>();
  const findings: Finding[] = [];
  let next = 0;
  const reader = async (): Promise<void> => {
    for (let entry = entries[next++]; entry !== undefined; entry = entries[next++]) {
      try {
        digests.set(entry.path, await hashEntry(entry, options));
      } catch (error) {
        if (!isCustodyError(error, 'PACKET_BROKEN')) {
          next = entries.length; // the other readers stop after the file they are at
          throw error;
        }
        findings.push(...error.findings);
      }
    }
  };
  // Settled, not raced: no reader is left behind when another one throws.
  const ends = await Promise.allSettled(Array.from({ length: READERS }, reader));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return { digests, findings };
}

async function hashEntry(entry: FolderEntry, options: WalkOptions): Promise<Digest> {
  const hasher = sha256Hasher();
  for await (const piece of readEntry(entry, options)) hasher.update(piece);
  return hasher.hex() as Digest;
}
