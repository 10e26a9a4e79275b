import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/deep/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 1_200_000,
    hookTimeout: 120_000,
  },
});
