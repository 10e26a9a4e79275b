import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CustodyError } from '../errors.ts';
import { isThere } from '../system/is-there.ts';
import { CONFIG_NAME } from './config.ts';

export const LEDGER_FOLDER = '.custody';

/** The ledger's own folder: the one in `dir`, or `dir` itself, where that is one. */
export function ledgerFolder(dir: string): string {
  const path = resolve(dir);
  return isThere(join(path, LEDGER_FOLDER, CONFIG_NAME)) || !isThere(join(path, CONFIG_NAME))
    ? join(path, LEDGER_FOLDER)
    : path;
}

/**
 * What a command writes may not lie in a ledger, where it would be foreign, and swept or damage.
 * @param path may not exist yet. @throws CustodyError USAGE.
 */
export function requireOutside(path: string): void {
  let there = resolve(path);
  while (!isThere(there) && there !== dirname(there)) there = dirname(there);
  for (let folder = realpathSync(there); ; folder = dirname(folder)) {
    if (basename(folder) === LEDGER_FOLDER && isThere(join(folder, CONFIG_NAME)))
      throw new CustodyError('USAGE', `${path} lies in the ledger ${folder}`, {
        path,
        hint: 'Give a place outside of it.',
      });
    if (folder === dirname(folder)) return;
  }
}
