import { expect } from 'vitest';
import { type ErrorCode, isCustodyError } from '../../src/errors.ts';

/** What `work` throws, as a code; 'none' if it does not throw. Anything but a CustodyError fails the test. */
export async function codeOf(work: () => unknown): Promise<ErrorCode | 'none'> {
  try {
    await work();
    return 'none';
  } catch (error) {
    if (isCustodyError(error)) return error.code;
    throw error;
  }
}

export async function expectCode(code: ErrorCode, work: () => unknown): Promise<void> {
  expect(await codeOf(work)).toBe(code);
}
