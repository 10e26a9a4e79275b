import { fileURLToPath } from 'node:url';

/** `worker.ts` beside this file when run from source; `sqlite-worker.js` beside the bundle in the published package. */
export function workerEntry(): string {
  return entry('worker');
}

/** `integrity-main.ts`, or `sqlite-integrity-main.js`. */
export function integrityEntry(): string {
  return entry('integrity-main');
}

/** `surrogate-main.ts`, or `sqlite-surrogate-main.js`. */
export function surrogateEntry(): string {
  return entry('surrogate-main');
}

function entry(name: string): string {
  const bundled = !import.meta.url.endsWith('.ts');
  return fileURLToPath(new URL(bundled ? `./sqlite-${name}.js` : `./${name}.ts`, import.meta.url));
}
