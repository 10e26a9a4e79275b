import { CustodyError } from '../errors.ts';
import { digestOf, type Digest } from '../objects/digest.ts';
import { readRegular } from '../engines/regular-file.ts';

/** Bytes of an executor. */
const MAX_EXECUTOR = 64 * 1024 * 1024;

/**
 * The executor's bytes as they are now.
 * @param pinned when given, the bytes must have this digest. @throws CustodyError EXECUTOR_CHANGED, PATH_NOT_FOUND,
 *   PATH_NOT_A_FILE (also for more than 64 MiB), …
 */
export async function readExecutor(
  file: string,
  pinned?: Digest,
): Promise<{ bytes: Uint8Array; digest: Digest }> {
  const bytes = await readRegular(file, MAX_EXECUTOR);
  if (bytes === undefined) {
    throw new CustodyError('PATH_NOT_A_FILE', `the executor ${file} is larger than 64 MiB`, {
      path: file,
      hint: 'Give a script of SQL; split a larger change into several plans.',
    });
  }
  const digest = digestOf(bytes);
  if (pinned !== undefined && digest !== pinned) {
    throw new CustodyError('EXECUTOR_CHANGED', `the executor has digest ${digest}, the plan pins ${pinned}`, {
      path: file,
      hint: 'Review the script; pin its digest in the plan only when it is the one that was approved.',
    });
  }
  return { bytes, digest };
}
