import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../system/temporary-folder.ts';
import { fromSystemError } from '../errors.ts';
import type { Finding } from '../finding.ts';
import type { Digest } from '../objects/digest.ts';
import type { Link } from '../objects/link.ts';
import { frameHeader, frameSubject } from '../validator/frames.ts';
import { confine } from './confinement.ts';
import { OWN_ANSWER, parseAnswer } from './judge-answer.ts';
import { noJudgement, runToEnd, type Ended, type Input } from './judge-process.ts';
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
 * Runs a validator's bytes in a process of its own, shut in as far as the system grants (confinement.ts); evidence goes
 * in as frames.
 * Whatever it answers but a well-formed judgement of this subject is a failure, never a yes.
 * @param code the validator's file, as the ledger holds it, re-hashed.
 * @throws CustodyError VALIDATOR_FAILED, INTERRUPTED, DISK_FULL, …
 */
export async function runValidator(
  code: Uint8Array,
  subject: Digest,
  evidence: AsyncIterable<{ link: Link; bytes: Uint8Array }> | Iterable<{ link: Link; bytes: Uint8Array }>,
  options: SandboxOptions = {},
): Promise<Judged> {
  const ended = await run(code, framed(subject, evidence), options);
  if (ended.code !== 0) throw noJudgement(`it exited with ${ended.code}: ${ended.errors}`);
  // What did not take all of the evidence judged something else.
  if (!ended.taken) throw noJudgement('it did not read all of the evidence');
  const { networkRestricted, sandbox } = ended;
  return { ...parseAnswer(ended.output, subject, OWN_ANSWER), networkRestricted, sandbox };
}

async function* framed(
  subject: Digest,
  evidence: AsyncIterable<{ link: Link; bytes: Uint8Array }> | Iterable<{ link: Link; bytes: Uint8Array }>,
): AsyncGenerator<Uint8Array> {
  yield frameSubject(subject);
  for await (const { link, bytes } of evidence) {
    yield frameHeader(link.codec, bytes.length);
    yield bytes;
  }
}

/** Runs the validator's bytes, in a file of its own in a folder of its own that is gone with it. */
async function run(
  code: Uint8Array,
  input: Input,
  options: SandboxOptions,
): Promise<Ended & Pick<Judged, 'networkRestricted' | 'sandbox'>> {
  await using folder = await temporaryFolder('validator');
  const file = join(folder.path, 'validator.mjs');
  await writeFile(file, code, { mode: 0o444 }).catch((error: unknown) => {
    throw fromSystemError(error, file);
  });
  const { command, restricted, sandbox } = await confine(file, options);
  return { ...(await runToEnd(command, input, options)), networkRestricted: restricted, sandbox };
}
