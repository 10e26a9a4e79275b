import { readFileSync } from 'node:fs';

/** Put in by scripts/build.ts; not there when this runs from source. */
declare const CUSTODY_VERSION: string | undefined;

/** The version in package.json. */
export function version(): string {
  if (typeof CUSTODY_VERSION === 'string') return CUSTODY_VERSION;
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
