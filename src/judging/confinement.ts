import { dirname } from 'node:path';
import { LIBRARIES, program } from '../system/confined-root.ts';
import type { JudgeCommand } from './judge-process.ts';
import {
  endsWell,
  grantedSandbox,
  INSIDE,
  SANDBOXES,
  type Confined,
  type SandboxOptions,
} from './sandbox.ts';

/** How `node` is started on one file, and how far it is shut in. */
export interface Confinement {
  readonly command: JudgeCommand;
  /** Whether it has no network, sees no other process, and no socket file of this system. */
  readonly restricted: boolean;
  /** What the run's record calls it. */
  readonly sandbox: string;
}

const NAME = 'validator.mjs';

/**
 * Shuts a validator in as far as the system grants: always `node --permission` (read one file; no writing, processes,
 * workers, addons) without node:sqlite, which that model does not hold back; where a sandbox is granted (sandbox.ts), in
 * that, with the system's libraries, node and its file and nothing else. `--permission` alone lets through signals and sockets.
 * @param file the validator.
 */
export async function confine(
  file: string,
  { sandboxes = SANDBOXES }: SandboxOptions = {},
): Promise<Confinement> {
  const probe = (): Promise<Confined> => Promise.resolve(confined({}, ['--version']));
  const sandbox = await grantedSandbox(sandboxes, 'node', probe);
  const command = sandbox?.command(confined({ [NAME]: file }, nodeArgs(`${INSIDE}/${NAME}`)));
  if (sandbox && command) return { command, restricted: true, sandbox: sandbox.name };
  const [start, ...rest] = [...withoutNetwork(), process.execPath, ...nodeArgs(file)];
  const alone = { command: start!, args: rest, cwd: dirname(file), env: {} };
  return { command: alone, restricted: false, sandbox: 'node --permission only' };
}

function confined(files: Confined['files'], args: readonly string[]): Confined {
  const run = [process.execPath, ...args];
  return { reads: [...LIBRARIES, process.execPath], files, env: {}, scratch: false, run };
}

function nodeArgs(file: string): string[] {
  return ['--permission', `--allow-fs-read=${file}`, '--no-experimental-sqlite', file];
}

let network: readonly string[] | undefined;

/** Where nothing else is granted a network namespace may be: asked once. */
function withoutNetwork(): readonly string[] {
  const [unshare, yes] = [program('unshare'), program('true')];
  if (unshare === undefined || yes === undefined) return [];
  const ways = [['-n'], ['-r', '-n']].map((flags) => [unshare, ...flags, '--']);
  network ??=
    ways.find(([command, ...flags]) =>
      endsWell({ command: command!, args: [...flags, yes], cwd: '/', env: {} }),
    ) ?? [];
  return network;
}
