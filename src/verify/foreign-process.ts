import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../engines/temporary-folder.ts';
import { CustodyError, fromSystemError } from '../errors.ts';
import type { Finding } from '../finding.ts';
import type { Digest } from '../objects/digest.ts';
import { EVIDENCE, FILE, grantedSandbox, SANDBOXES, UNSANDBOXED, type Sandbox } from './foreign-sandbox.ts';
import { interpreterOf } from './interpreter-line.ts';
import { FOREIGN_ANSWER, parseAnswer } from './judge-answer.ts';
import { failed, runToEnd, type ProcessOptions } from './judge-process.ts';

export interface ForeignOptions extends ProcessOptions {
  /** The user asked for it: no sandbox at all. It is recorded. */
  readonly unsandboxed?: boolean;
  /** What may be used to shut it in; the first that the system grants is. */
  readonly sandboxes?: readonly Sandbox[];
}

export interface ForeignJudged {
  readonly accepted: boolean;
  readonly findings: readonly Finding[];
  readonly networkRestricted: boolean;
  readonly sandbox: string;
}

/**
 * Runs a foreign validator, a file with an interpreter line, on one evidence document (SPEC.md, "Foreign validators").
 * @param code the file, as the ledger holds it, re-hashed. @param subject the rehearsal that the evidence is about.
 * @throws CustodyError VALIDATOR_FAILED for whatever is no judgement, VALIDATOR_UNCONFINED, INTERRUPTED, DISK_FULL, …
 */
export async function runForeign(
  code: Uint8Array,
  subject: Digest,
  evidence: string,
  options: ForeignOptions = {},
): Promise<ForeignJudged> {
  const interpreter = interpreterOf(code);
  if (!interpreter) throw failed('it has no interpreter line');
  const { path, argument } = interpreter;
  await using folder = await temporaryFolder('foreign');
  const sandbox = options.unsandboxed ? UNSANDBOXED : await find(folder.path, options.sandboxes ?? SANDBOXES);
  const own = join(folder.path, 'own');
  await fill(own, { [FILE]: code, [EVIDENCE]: evidence });
  const command = sandbox.command(own, argument === undefined ? [path] : [path, argument]);
  const ended = await runToEnd(command, [Buffer.from(evidence)], options);
  if (ended.code !== 0) throw failed(`it exited with ${ended.code}: ${ended.errors}`);
  const networkRestricted = sandbox !== UNSANDBOXED;
  return { ...parseAnswer(ended.output, subject, FOREIGN_ANSWER), networkRestricted, sandbox: sandbox.name };
}

async function find(folder: string, sandboxes: readonly Sandbox[]): Promise<Sandbox> {
  const probe = join(folder, 'probe');
  await fill(probe, { [FILE]: 'exec test -s "$1"\n', [EVIDENCE]: '{}\n' });
  const sandbox = grantedSandbox(sandboxes, probe);
  if (sandbox) return sandbox;
  throw new CustodyError('VALIDATOR_UNCONFINED', 'this system grants no sandbox for a foreign validator', {
    hint: 'Install util-linux (unshare) or bubblewrap, allow user namespaces, or trust it with --unsandboxed.',
  });
}

async function fill(folder: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
    for (const [name, content] of Object.entries(files))
      await writeFile(join(folder, name), content, { mode: 0o444 });
  } catch (error) {
    throw fromSystemError(error, folder);
  }
}
