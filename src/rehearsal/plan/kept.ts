import { isCustodyError } from '../../errors.ts';
import type { Report } from './plan.ts';

/** Runs one step; what it refuses is reported. What the environment does is no refusal, and is thrown. */
export async function kept<T>(step: () => Promise<T>, report: Report): Promise<T | undefined> {
  try {
    return await step();
  } catch (error) {
    if (!isCustodyError(error) || error.exitCode === 4 || error.exitCode === 70) throw error;
    report(error);
    return undefined;
  }
}
