import { expect, it } from 'vitest';
import { selftest, VECTORS } from '../../src/vectors/selftest.ts';

it('the self-test passes, and says how many vectors it tried', () => {
  expect(selftest()).toEqual({ ok: true, vectors: VECTORS.length, failed: [] });
});
