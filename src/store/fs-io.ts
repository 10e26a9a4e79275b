import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { CustodyError, fromSystemError, hasCode } from '../errors.ts';

/** System errors as ours, with the path they are about. */
export function io<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fromSystemError(error, path);
  }
}

/** write(2) may write less than it was given. */
export function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
}

/**
 * Runs `work` on a regular file opened for reading. A FIFO or a device under our name must not block us, and a link would
 * lead out of the ledger. @throws PATH_NOT_FOUND, PATH_NOT_A_FILE, PERMISSION_DENIED, IO_FAILED.
 */
export function withFile<T>(path: string, work: (descriptor: number, size: number) => T): T {
  return io(path, () => {
    const descriptor = openNoFollow(path);
    try {
      const stat = fstatSync(descriptor);
      if (!stat.isFile()) throw notAFile(path);
      return work(descriptor, stat.size);
    } finally {
      closeSync(descriptor);
    }
  });
}

function openNoFollow(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    throw hasCode(error, 'ELOOP') ? notAFile(path) : error;
  }
}

function notAFile(path: string): CustodyError {
  return new CustodyError('PATH_NOT_A_FILE', `${path} is not a regular file`, {
    path,
    hint: 'Run custody fsck; put the file itself there, not a link to it.',
  });
}

/** Exactly `length` bytes. @throws PACK_CORRUPT when the file ends before; so nothing larger than the file is allocated. */
export function readExactly(
  path: string,
  descriptor: number,
  size: number,
  offset: number,
  length: number,
): Uint8Array {
  const short = (): CustodyError =>
    new CustodyError('PACK_CORRUPT', `${path} ends before byte ${offset + length}`, {
      path,
      hint: 'Run custody fsck.',
    });
  if (offset + length > size) throw short();
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const read = readSync(descriptor, bytes, at, length - at, offset + at);
    if (read === 0) throw short();
    at += read;
  }
  return bytes;
}

/**
 * Makes the names in a folder durable. A file system that cannot sync folders says EINVAL; there is nothing more one
 * could do there, and every other failure is an error.
 */
export function fsyncFolder(path: string): void {
  io(path, () => {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      fsyncSync(descriptor);
    } catch (error) {
      if (!hasCode(error, 'EINVAL')) throw error;
    } finally {
      closeSync(descriptor);
    }
  });
}
