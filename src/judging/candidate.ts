import { lstat } from 'node:fs/promises';
import { basename } from 'node:path';
import { readRegular } from '../system/regular-file.ts';
import { CustodyError, fromSystemError, isCustodyError } from '../errors.ts';
import { digestOf, type Digest } from '../objects/digest.ts';
import { hasInterpreterLine, interpreterOf } from './interpreter-line.ts';
import { tryControls } from './controls.ts';
import type { JudgeOptions } from './judge.ts';
import { BUILT_IN_NAME, isBuiltIn, type Runner } from './policy.ts';

/** A file that may become a validator. */
export interface Candidate {
  readonly code: Uint8Array;
  readonly sha256: Digest;
  readonly runner: Runner;
  /** What it is called unless the user says otherwise: ours, or the file's; undefined where that is no validator's name. */
  readonly name: string | undefined;
}

const MAX_VALIDATOR = 16 * 2 ** 20;
const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** A validator's name is a file's name in packets, on every system. @throws CustodyError USAGE */
export function checkValidatorName(name: string): string {
  if (NAME.test(name)) return name;
  throw new CustodyError('USAGE', `${JSON.stringify(name.slice(0, 100))} cannot name a validator`, {
    hint: 'Give --name: 1 to 63 of a to z, 0 to 9, full stop, underscore and hyphen.',
  });
}

/**
 * Reads a file that shall be pinned: a regular file of at most 16 MiB, with an interpreter line or for node.
 * @throws CustodyError PATH_NOT_FOUND, PATH_NOT_A_FILE, VALIDATOR_REFUSED, …
 */
export async function readCandidate(path: string): Promise<Candidate> {
  const stat = await lstat(path).catch((error: unknown) => {
    throw fromSystemError(error, path);
  });
  if (stat.isSymbolicLink())
    throw new CustodyError('PATH_NOT_A_FILE', `${path} is a symlink`, {
      path,
      hint: 'Give the file itself: what a link leads to may change.',
    });
  const code = await readRegular(path, MAX_VALIDATOR, { follow: false });
  if (!code) throw refused(path, 'it has more than 16 MiB', 'Give a smaller file.');
  if (code.length === 0) throw refused(path, 'it is empty', 'Give the file that the validator is.');
  const foreign = hasInterpreterLine(code);
  if (foreign && !interpreterOf(code))
    throw refused(
      path,
      'its interpreter line is none that the kernel runs',
      'Begin it with a line such as #!/usr/bin/env python3, ended by a line feed alone.',
    );
  const own = basename(path).toLowerCase();
  const name = !foreign && (await isBuiltIn(code)) ? BUILT_IN_NAME : NAME.test(own) ? own : undefined;
  return { code, sha256: digestOf(code), runner: foreign ? 'interpreter' : 'node-permission', name };
}

/** @throws CustodyError VALIDATOR_REFUSED, VALIDATOR_UNCONFINED, INTERRUPTED. */
export async function requireJudging(
  path: string,
  candidate: Candidate,
  options: JudgeOptions,
): Promise<void> {
  const tried = await tryControls(candidate, options).catch((error: unknown) => {
    if (!isCustodyError(error, 'VALIDATOR_FAILED')) throw error;
    if (candidate.runner === 'node-permission')
      throw refused(
        path,
        'it has no interpreter line (#!…), and as a module for node it gives no judgement',
        'Give a validator of custody, or a file that begins with its interpreter.',
        error,
      );
    throw refused(
      path,
      `tried on a planted control, ${error.message}`,
      'It must ask for what it needs, say one verdict and exit with 0 (spec/REHEARSAL.md, "The protocol of validators").',
      error,
    );
  });
  if (tried.ok) return;
  throw new CustodyError('VALIDATOR_REFUSED', `${path} does not judge as a validator must`, {
    path,
    findings: tried.findings,
    hint: 'It must accept what is in order and reject each planted fault (spec/REHEARSAL.md, "Pinning").',
  });
}

function refused(path: string, why: string, hint: string, cause?: unknown): CustodyError {
  return new CustodyError('VALIDATOR_REFUSED', `${path} cannot be pinned: ${why}`, { path, hint, cause });
}
