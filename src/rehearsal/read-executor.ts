import { readFile } from 'node:fs/promises';
import { CustodyError, fromSystemError } from '../errors.ts';
import { digestOf, type Digest } from '../objects/digest.ts';

/**
 * The executor's bytes as they are now.
 * @param pinned when given, the bytes must have this digest. @throws CustodyError EXECUTOR_CHANGED, PATH_NOT_FOUND, …
 */
export async function readExecutor(
  file: string,
  pinned?: Digest,
): Promise<{ bytes: Uint8Array; digest: Digest }> {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await readFile(file));
  } catch (error) {
    throw fromSystemError(error, file);
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
