import { randomBytes } from 'node:crypto';
import { link, open, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CustodyError, fromSystemError, hasCode } from '../errors.ts';

/**
 * Writes a file that must not exist yet: whole under its name, or not at all. It is written and synced under a temporary
 * name beside it, and then linked: link(2) fails where the name is taken, whoever took it.
 * @throws CustodyError USAGE where there is such a path, PATH_NOT_FOUND for its folder, DISK_FULL, PERMISSION_DENIED, …
 */
export async function writeNewFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(
    dirname(path),
    `.${basename(path).slice(0, 100)}.${randomBytes(6).toString('hex')}.tmp`,
  );
  try {
    {
      await using handle = await open(temporary, 'wx');
      await handle.writeFile(bytes);
      await handle.sync();
    }
    await link(temporary, path);
  } catch (error) {
    if (hasCode(error, 'EEXIST'))
      throw new CustodyError('USAGE', `${path} exists already`, {
        cause: error,
        path,
        hint: 'Name a file that does not exist; nothing is ever overwritten.',
      });
    if (hasCode(error, 'ENOENT'))
      // The file itself is meant to be new: what is missing is where it is to lie.
      throw new CustodyError('PATH_NOT_FOUND', `the folder ${dirname(path)} does not exist`, {
        cause: error,
        path: dirname(path),
        hint: 'Make the folder first, or name a file in one that exists.',
      });
    if (hasCode(error, 'ENOTDIR')) throw fromSystemError(error, dirname(path));
    throw fromSystemError(error, path);
  } finally {
    await rm(temporary, { force: true }).catch((error: unknown) => {
      // Where the folder is none there is nothing to remove either, and what was thrown above says so.
      if (!hasCode(error, 'ENOTDIR')) throw fromSystemError(error, temporary);
    });
  }
}
