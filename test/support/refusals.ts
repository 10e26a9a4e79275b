import { expect } from 'vitest';
import { type CustodyError, type ErrorCode, isCustodyError } from '../../src/errors.ts';

type Work = PromiseLike<unknown> | (() => unknown);
type Later = PromiseLike<unknown> | (() => PromiseLike<unknown>);

/** The error of ours that `work` ends in, at once or later; any other passes. */
export function refusalOf(work: Later): Promise<CustodyError | undefined>;
export function refusalOf(work: () => unknown): CustodyError | undefined;
export function refusalOf(work: Work): unknown {
  try {
    const result = typeof work === 'function' ? work() : work;
    return isLater(result) ? result.then(() => undefined, ours) : undefined;
  } catch (error) {
    return ours(error);
  }
}

/** The code that `work` is refused with; 'none' where it is not. */
export function refusedWith(work: Later): Promise<ErrorCode | 'none'>;
export function refusedWith(work: () => unknown): ErrorCode | 'none';
export function refusedWith(work: Work): unknown {
  const refusal: unknown = refusalOf(work as () => unknown);
  return isLater(refusal) ? refusal.then(codeIn) : codeIn(refusal);
}

/** Asserts that `work` is refused with this code, and at this path where one is given. @returns the error. */
export function refuses(work: Later, code: ErrorCode, path?: string): Promise<CustodyError>;
export function refuses(work: () => unknown, code: ErrorCode, path?: string): CustodyError;
export function refuses(work: Work, code: ErrorCode, path?: string): unknown {
  const checked = (error: unknown): unknown => {
    expect(codeIn(error), error instanceof Error ? error.message : '').toBe(code);
    if (path !== undefined) expect((error as CustodyError).path).toBe(path);
    return error;
  };
  const refusal: unknown = refusalOf(work as () => unknown);
  return isLater(refusal) ? refusal.then(checked) : checked(refusal);
}

/** Cases under the code that each is refused with, for `it.each`: the name, the code, the rest. */
export function byCode<R extends readonly unknown[]>(cases: {
  readonly [code in ErrorCode]?: readonly (readonly [name: string, ...rest: R])[];
}): [name: string, code: ErrorCode, ...rest: R][] {
  const listed = Object.entries(cases) as [ErrorCode, readonly (readonly [string, ...R])[]][];
  return listed.flatMap(([code, all]) =>
    all.map(([name, ...rest]): [string, ErrorCode, ...R] => [name, code, ...rest]),
  );
}

function ours(error: unknown): CustodyError {
  if (isCustodyError(error)) return error;
  throw error;
}

function codeIn(refusal: unknown): ErrorCode | 'none' {
  return isCustodyError(refusal) ? refusal.code : 'none';
}

function isLater(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function';
}
