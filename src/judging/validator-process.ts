import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../system/temporary-folder.ts';
import { fromSystemError } from '../errors.ts';
import type { Finding } from '../finding.ts';
import type { Digest } from '../objects/digest.ts';
import { confine } from './confinement.ts';
import { OWN_ANSWER, parseAnswer } from './judge-answer.ts';
import { runToVerdict } from './judge-process.ts';
import type { Answers } from './questions.ts';
import type { SandboxOptions } from './sandbox.ts';

export interface Judged {
  readonly accepted: boolean;
  readonly findings: readonly Finding[];
  /** Whether the process had no network, socket files or sight of other processes: where the system grants that. */
  readonly networkRestricted: boolean;
  /** What the process was shut in by. */
  readonly sandbox: string;
}

/**
 * Runs a validator's bytes in a process of its own, shut in as far as the system grants (confinement.ts), in a file of its own
 * in a folder of its own that is gone with it.
 * Whatever it answers but a well-formed judgement of this subject is a failure, never a yes.
 * @param code the validator's file, as the ledger holds it, re-hashed. @param get what it may ask for.
 * @throws CustodyError VALIDATOR_FAILED, INTERRUPTED, DISK_FULL, …
 */
export async function runValidator(
  code: Uint8Array,
  subject: Digest,
  get: Answers,
  options: SandboxOptions = {},
): Promise<Judged> {
  await using folder = await temporaryFolder('validator');
  const file = join(folder.path, 'validator.mjs');
  await writeFile(file, code, { mode: 0o444 }).catch((error: unknown) => {
    throw fromSystemError(error, file);
  });
  const { command, restricted, sandbox } = await confine(file, options);
  const verdict = await runToVerdict(command, subject, get, options);
  return { ...parseAnswer(verdict, subject, OWN_ANSWER), networkRestricted: restricted, sandbox };
}
