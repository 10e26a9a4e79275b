import { readRegular } from './regular-file.ts';
import { CustodyError } from '../errors.ts';

/** Bytes: a configuration or a key has some hundred. */
const LIMIT = 65_536;

/**
 * The text of a small file of the ledger or of its user: never a pipe, which may wait for ever, or a device without end.
 * @throws CustodyError PATH_NOT_FOUND, PATH_NOT_A_FILE, PERMISSION_DENIED, IO_FAILED.
 */
export async function readSmallText(path: string): Promise<string> {
  const bytes = await readRegular(path, LIMIT);
  if (bytes) return Buffer.from(bytes).toString('utf8');
  throw new CustodyError('PATH_NOT_A_FILE', `${path} is larger than ${LIMIT} bytes`, {
    path,
    hint: 'Put the file itself there, as custody wrote it.',
  });
}
