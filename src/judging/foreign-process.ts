import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../system/temporary-folder.ts';
import { CustodyError, fromSystemError } from '../errors.ts';
import type { Digest } from '../objects/digest.ts';
import { interpreterOf } from './interpreter-line.ts';
import { FOREIGN_ANSWER, parseAnswer } from './judge-answer.ts';
import { runToVerdict, type JudgeCommand } from './judge-process.ts';
import { noJudgement, type Answers } from './questions.ts';
import {
  grantedSandbox,
  INSIDE,
  limited,
  SANDBOXES,
  type Confined,
  type Sandbox,
  type SandboxOptions,
} from './sandbox.ts';
import type { Judged } from './validator-process.ts';

/** What a foreign validator may see: system folders; nothing of /etc but this, no home, no /proc, no /sys. */
const SYSTEM = [
  ...['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/usr', '/nix/store'],
  ...['/etc/alternatives', '/etc/ld.so.cache'],
  ...['/dev/null', '/dev/zero', '/dev/urandom'],
];

/** The name of its file. */
const FILE = 'validator';

/** How many bytes each of its processes may write to, with a sandbox and without (RLIMIT_DATA, setrlimit(2)). */
const MEMORY = 2 * 2 ** 30;

/** All of its environment, with a sandbox and without. */
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8' };

/**
 * Runs a foreign validator, a file with an interpreter line (spec/REHEARSAL.md, "Foreign validators").
 * @param code the file, as the ledger holds it, re-hashed. @param get what it may ask for.
 * @throws CustodyError VALIDATOR_FAILED for whatever is no judgement, VALIDATOR_UNCONFINED, INTERRUPTED, DISK_FULL, …
 */
export async function runForeign(
  code: Uint8Array,
  subject: Digest,
  get: Answers,
  options: SandboxOptions = {},
): Promise<Judged> {
  const interpreter = interpreterOf(code);
  if (!interpreter) throw noJudgement('it has no interpreter line');
  const { path, argument } = interpreter;
  await using folder = await temporaryFolder('foreign');
  const sandbox = await granted(folder.path, options);
  if (!sandbox && !options.unsandboxed) throw unconfined();
  const own = join(folder.path, 'own');
  const files = await fill(own, code);
  const started = argument === undefined ? [path] : [path, argument];
  const command = sandbox ? sandbox.command(confined(started, files)) : unsandboxed(started, own);
  if (!command) throw unconfined();
  const answer = parseAnswer(await runToVerdict(command, subject, get, options), subject, FOREIGN_ANSWER);
  const name = sandbox?.name ?? 'none (--unsandboxed)';
  return { ...answer, networkRestricted: sandbox !== undefined, sandbox: name };
}

/** @throws CustodyError VALIDATOR_UNCONFINED where no foreign validator could run; what making a temporary folder throws. */
export async function requireSandbox(options: SandboxOptions = {}): Promise<void> {
  await using folder = await temporaryFolder('foreign');
  if (!(await granted(folder.path, options))) throw unconfined();
}

/** The sandbox that this system grants, tried with a shell. */
function granted(folder: string, { sandboxes = SANDBOXES }: SandboxOptions): Promise<Sandbox | undefined> {
  return grantedSandbox(sandboxes, 'interpreter', async () =>
    confined(['/bin/sh'], await fill(join(folder, 'probe'), 'exec test -s "$0"\n')),
  );
}

/** @param interpreter path and argument, if any. */
function confined(interpreter: readonly string[], files: Confined['files']): Confined {
  const run = [...interpreter, `${INSIDE}/${FILE}`];
  return { reads: SYSTEM, files, env: ENVIRONMENT, scratch: true, memory: MEMORY, run };
}

function unsandboxed(interpreter: readonly string[], folder: string): JudgeCommand {
  const run = [...interpreter, join(folder, FILE)];
  return limited(MEMORY, run, { cwd: folder, env: ENVIRONMENT });
}

function unconfined(): CustodyError {
  return new CustodyError('VALIDATOR_UNCONFINED', 'this system grants no sandbox for a foreign validator', {
    hint: 'Install util-linux (unshare) or bubblewrap, allow user namespaces, or trust it with --unsandboxed.',
  });
}

/** Its file in a folder of its own, by name. */
async function fill(folder: string, code: Uint8Array | string): Promise<Record<string, string>> {
  const file = join(folder, FILE);
  try {
    await mkdir(folder, { mode: 0o700 });
    await writeFile(file, code, { mode: 0o444 });
  } catch (error) {
    throw fromSystemError(error, folder);
  }
  return { [FILE]: file };
}
