import { fileURLToPath } from 'node:url';

/** What test/global-setup.ts builds from today's sources. It starts in a third of the time that they take. */
export const BUILT = fileURLToPath(new URL('../dist/test', import.meta.url));

/** The command. */
export const CUSTODY = `${BUILT}/custody.js`;

/** In the place of src/engines/sqlite/process/worker-entry.ts (vitest.shared.ts): tests start thousands of these. */
export const workerEntry = (): string => `${BUILT}/sqlite-worker.js`;
export const integrityEntry = (): string => `${BUILT}/sqlite-integrity-main.js`;
export const surrogateEntry = (): string => `${BUILT}/sqlite-surrogate-main.js`;
