import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { CustodyError, fromSystemError } from '../errors.ts';

/** Opening a FIFO without this waits for a writer, who may never come. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

/** Bytes asked for beyond the size that the file says it has. */
const CHUNK = 4096;

/**
 * Opens a regular file for reading.
 * @param options.follow whether `path` may be a symlink.
 * @throws CustodyError PATH_NOT_FOUND, PATH_NOT_A_FILE, PERMISSION_DENIED, IO_FAILED.
 */
export async function openRegular(
  path: string,
  { follow = true }: { follow?: boolean } = {},
): Promise<FileHandle> {
  let file: FileHandle;
  try {
    file = await open(path, follow ? READ : READ | constants.O_NOFOLLOW);
  } catch (error) {
    throw fromSystemError(error, path);
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new CustodyError('PATH_NOT_A_FILE', `${path} is not a regular file`, {
    path,
    hint: 'Give a file: not a folder, a pipe or a device.',
  });
}

/**
 * The whole content of a regular file, for which no more than `limit` bytes are read.
 * @returns undefined where it is larger, also when it grows while it is read (files of /proc claim to be empty).
 * @throws CustodyError as {@link openRegular}.
 */
export async function readRegular(
  path: string,
  limit: number,
  options: { follow?: boolean } = {},
): Promise<Uint8Array | undefined> {
  await using file = await openRegular(path, options);
  try {
    const { size } = await file.stat();
    if (size > limit) return undefined;
    const pieces: Uint8Array[] = [];
    for (let length = 0; ;) {
      const piece = new Uint8Array(Math.min(limit - length, Math.max(size - length, CHUNK)) + 1);
      const { bytesRead } = await file.read(piece, 0, piece.length, length);
      if (bytesRead === 0) return joined(pieces, length);
      length += bytesRead;
      if (length > limit) return undefined;
      pieces.push(piece.subarray(0, bytesRead));
    }
  } catch (error) {
    throw fromSystemError(error, path);
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
