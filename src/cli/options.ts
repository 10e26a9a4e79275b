/** What yargs is told of an option or a word, by its sort: said once, so that all commands mean the same by it. */

import { CustodyError } from '../errors.ts';

/** An option that takes one value. */
export const value = (describe: string) => ({ type: 'string', requiresArg: true, describe }) as const;

/** An option that takes several values, or is given several times. */
export const values = (describe: string) =>
  ({ type: 'string', array: true, requiresArg: true, default: [] as string[], describe }) as const;

/** An option that is there or not. */
export const flag = (describe: string) => ({ type: 'boolean', default: false, describe }) as const;

/** A word that must be there. */
export const word = (describe: string) => ({ type: 'string', demandOption: true, describe }) as const;

/** For every command that runs a validator of somebody else's. */
export const UNSANDBOXED = flag('run foreign validators without a sandbox where none is granted');

/** For every command that hashes what a ledger holds. */
export const LIMIT = value(
  'bytes (or 512M, 64G, 2T) that files may say to have together before those are refused of which less is stored; default 64G',
);

/** @throws CustodyError USAGE */
export function parseSize(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, digits = '', unit = ''] = /^(\d{1,15})([KMGT]?)$/.exec(text) ?? [];
  const size = Number(digits) * 1024 ** ['', 'K', 'M', 'G', 'T'].indexOf(unit);
  if (digits !== '' && Number.isSafeInteger(size)) return size;
  throw new CustodyError('USAGE', `--limit-size is not a number of bytes: ${JSON.stringify(text)}`, {
    hint: 'Give digits, and K, M, G or T after them for powers of 1,024: --limit-size 200G.',
  });
}
