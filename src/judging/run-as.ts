import type { Digest } from '../objects/digest.ts';
import { runForeign } from './foreign-process.ts';
import type { Runner } from './policy.ts';
import type { Answers } from './questions.ts';
import type { SandboxOptions } from './sandbox.ts';
import { runValidator, type Judged } from './validator-process.ts';

const RUNNERS: Readonly<Record<Runner, typeof runValidator>> = {
  'node-permission': runValidator,
  interpreter: runForeign,
};

/** Runs a validator as its object says. @throws CustodyError VALIDATOR_FAILED, VALIDATOR_UNCONFINED, INTERRUPTED, … */
export function runAs(
  { code, runner }: { readonly code: Uint8Array; readonly runner: Runner },
  subject: Digest,
  get: Answers,
  options: SandboxOptions = {},
): Promise<Judged> {
  return RUNNERS[runner](code, subject, get, options);
}
