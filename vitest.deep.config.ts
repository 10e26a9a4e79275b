import { defineConfig } from 'vitest/config';
import { shared } from './vitest.shared.ts';

export default defineConfig({
  test: {
    ...shared,
    include: ['test/**/*.deep.test.ts'],
    testTimeout: 1_200_000,
    hookTimeout: 600_000,
  },
});
