import { fileURLToPath } from 'node:url';
import type { ViteUserConfig } from 'vitest/config';

/** For npm test and npm run test:deep alike. */
export const shared = {
  globalSetup: ['test/global-setup.ts'],
  pool: 'forks',
  maxWorkers: 2,
  alias: [
    {
      find: /^\.\/worker-entry\.ts$/,
      replacement: fileURLToPath(new URL('test/built.ts', import.meta.url)),
    },
  ],
} satisfies ViteUserConfig['test'];
