import { randomBytes } from 'node:crypto';
import { link, open, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CustodyError, fromSystemError } from '../errors.ts';

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
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST')
      throw new CustodyError('USAGE', `${path} exists already`, {
        cause: error,
        path,
        hint: 'Name a file that does not exist; nothing is ever overwritten.',
      });
    throw fromSystemError(error, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
