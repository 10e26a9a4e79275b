import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CustodyError } from '../errors.ts';

/**
 * Path of a file that `npm run build` makes: beside the published command, or in dist/ where this runs from source.
 * @throws CustodyError VALIDATOR_NOT_BUILT
 */
export function builtInFile(name: string): string {
  for (const place of [`./${name}`, `../${name}`, `../../dist/${name}`]) {
    const path = fileURLToPath(new URL(place, import.meta.url));
    if (existsSync(path)) return path;
  }
  throw new CustodyError('VALIDATOR_NOT_BUILT', `dist/${name} is not there`, {
    hint: 'Run npm run build, then try again.',
  });
}
