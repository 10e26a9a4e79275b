import { fileURLToPath } from 'node:url';

/** `worker.ts` beside this file when run from source; `sqlite-worker.js` beside the bundle in the published package. */
export function workerEntry(): string {
  const bundled = !import.meta.url.endsWith('.ts');
  return fileURLToPath(new URL(bundled ? './sqlite-worker.js' : './worker.ts', import.meta.url));
}
