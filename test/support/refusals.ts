import { expect } from 'vitest';
import { type CustodyError, type ErrorCode, isCustodyError } from '../../src/errors.ts';

/** The error of ours that `work` ends in; any other passes. A promise may be given itself. */
async function refusalOf(work: Work): Promise<CustodyError | undefined> {
  try {
    await (typeof work === 'function' ? work() : work);
    return undefined;
  } catch (error) {
    if (isCustodyError(error)) return error;
    throw error;
  }
}

type Work = PromiseLike<unknown> | (() => unknown);

/** The code that `work` is refused with; 'none' where it is not. */
export async function codeOf(work: Work): Promise<ErrorCode | 'none'> {
  return (await refusalOf(work))?.code ?? 'none';
}

/** @returns the error, which has this code. */
export async function refuses(work: Work, code: ErrorCode): Promise<CustodyError> {
  const error = await refusalOf(work);
  expect(error?.code ?? 'none', error?.message).toBe(code);
  return error!;
}
