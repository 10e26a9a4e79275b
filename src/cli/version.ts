import { readFileSync } from 'node:fs';

/** The version in package.json; the build puts it in as a constant. */
export function version(): string {
  const built = process.env['CUSTODY_VERSION'];
  if (built !== undefined) return built;
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
