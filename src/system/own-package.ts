import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
// Bundled: what this program is does not depend on where it lies.
import own from '../../package.json' with { type: 'json' };
import { hasCode } from '../errors.ts';

/** Of this program. */
export const VERSION = own.version;

/** The packages that it imports, each with the version that is installed; `none` where none is: a bundle may hold it. */
export function importedPackages(): [name: string, version: string][] {
  return Object.keys(own.dependencies).map((name) => [name, installedVersion(name)]);
}

function installedVersion(name: string): string {
  try {
    const path = findPackageJSON(name, import.meta.url)!;
    return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  } catch (error) {
    if (!hasCode(error, 'ERR_MODULE_NOT_FOUND')) throw error;
    return 'none';
  }
}
