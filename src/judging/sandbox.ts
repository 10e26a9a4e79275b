import { spawnSync } from 'node:child_process';
import { confinedRoot, program } from '../system/confined-root.ts';
import type { JudgeCommand, ProcessOptions } from './judge-process.ts';

/** What a validator's process runs, and all that it may see. */
export interface Confined {
  /** Files and folders of the system, at their own places. */
  readonly reads: readonly string[];
  /** Names in {@link INSIDE}, and the files that they are. */
  readonly files: Readonly<Record<string, string>>;
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether it has an empty `/tmp`. */
  readonly scratch: boolean;
  /** How many bytes a process of it may write to, where the system has `prlimit`. */
  readonly memory?: number;
  readonly run: readonly string[];
}

/** The folder of a validator inside its sandbox: where it starts. */
export const INSIDE = '/work';

export interface Sandbox {
  /** What the run's record calls it. */
  readonly name: string;
  /** Undefined where the system lacks what it needs. */
  readonly command: (what: Confined) => JudgeCommand | undefined;
}

export interface SandboxOptions extends ProcessOptions {
  /** What may be used to shut a validator in; the first that the system grants is. */
  readonly sandboxes?: readonly Sandbox[];
  /** The user allows a foreign validator to run without, where none is granted. It is recorded. */
  readonly unsandboxed?: boolean;
}

const SCRATCH = 16 * 2 ** 20;
const NOBODY = '65534';
/** How many processes nobody may have. */
const PROCESSES = 512;

/**
 * A root folder of its own (confined-root.ts) and no network, other process, System V object, or host name of ours.
 * The process that is killed with us stays root and waits (a process that gives up its rights loses that tie, prctl(2)); the
 * validator is its child, and the kernel ends everything in a PID namespace with its first process.
 * @param user for a user namespace. @param rights how the validator loses what its account may do.
 */
function unshare(user: readonly string[], rights: readonly string[]): Sandbox {
  return {
    name: 'unshare',
    command: ({ reads, files, env, scratch, memory, run }) => {
      const [command, clear, limit] = [program('unshare'), program('env'), program('prlimit')];
      if (command === undefined || clear === undefined || limit === undefined) return undefined;
      const root = confinedRoot({
        reads: [...reads, clear, limit],
        files: Object.fromEntries(Object.entries(files).map(([name, path]) => [`${INSIDE}/${name}`, path])),
        ...(scratch && { scratch: ['/tmp', SCRATCH] }),
        cwd: INSIDE,
        setpriv: rights,
        first: true,
        run: [
          limit,
          // In a user namespace the account is the user's own, with all that runs under it.
          ...(user.length === 0 ? [`--nproc=${PROCESSES}`] : []),
          ...(memory === undefined ? [] : [`--data=${memory}`]),
          ...[clear, '-i', ...Object.entries(env).map(([name, value]) => `${name}=${value}`), ...run],
        ],
      });
      const flags = [...user, '-n', '-i', '-u', '-p', '-f', '--kill-child', '-m', '--'];
      return root && { command, args: [...flags, ...root.command], cwd: '/', env: {} };
    },
  };
}

/** Where user namespaces are granted to bubblewrap alone (AppArmor's default on Ubuntu). */
const BUBBLEWRAP: Sandbox = {
  name: 'bwrap',
  command: ({ reads, files, env, scratch, memory, run }) =>
    limited(memory, [
      'bwrap',
      ...['--unshare-all', '--unshare-user', '--uid', NOBODY, '--gid', NOBODY, '--cap-drop', 'ALL'],
      ...['--die-with-parent', '--new-session', '--clearenv'],
      ...Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]),
      ...reads.flatMap((path) => [path.startsWith('/dev/') ? '--dev-bind' : '--ro-bind-try', path, path]),
      ...(scratch ? ['--size', String(SCRATCH), '--perms', '1777', '--tmpfs', '/tmp'] : []),
      ...Object.entries(files).flatMap(([name, path]) => ['--ro-bind', path, `${INSIDE}/${name}`]),
      ...['--dir', INSIDE, '--remount-ro', '/', '--chdir', INSIDE, '--', ...run],
    ]),
};

/** @param memory bytes, as in {@link Confined}: not limited where the system has no `prlimit`. */
export function limited(
  memory: number | undefined,
  run: readonly string[],
  at: Partial<JudgeCommand> = {},
): JudgeCommand {
  const limit = program('prlimit');
  const words = memory === undefined || limit === undefined ? run : [limit, `--data=${memory}`, ...run];
  const [command, ...args] = words;
  return { cwd: '/', env: {}, ...at, command: command!, args };
}

/** In the order in which they are tried. */
export const SANDBOXES: readonly Sandbox[] = [
  unshare([], [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']),
  // One account only, which is root by name: that name gives no rights back.
  unshare(['-r'], ['--securebits=+noroot,+noroot_locked']),
  BUBBLEWRAP,
];

const known = new WeakMap<Sandbox, Map<string, boolean>>();

/**
 * The first sandbox that the system grants. Each is tried once for each kind of validator, with the real thing.
 * @param probe ends with 0 where it works; asked for only where that is not known.
 */
export async function grantedSandbox(
  candidates: readonly Sandbox[],
  kind: 'node' | 'interpreter',
  probe: () => Promise<Confined>,
): Promise<Sandbox | undefined> {
  let what: Confined | undefined;
  for (const sandbox of candidates) {
    const answers = known.get(sandbox) ?? new Map<string, boolean>();
    known.set(sandbox, answers);
    const works = answers.get(kind) ?? endsWell(sandbox.command((what ??= await probe())));
    answers.set(kind, works);
    if (works) return sandbox;
  }
  return undefined;
}

/** Milliseconds. */
const PROBE_LIMIT = 20_000;

/** Whether a command ends with 0, soon. */
export function endsWell(made: JudgeCommand | undefined): boolean {
  if (made === undefined) return false;
  const { command, args, cwd, env } = made;
  const options = { stdio: 'ignore', cwd, env, timeout: PROBE_LIMIT, killSignal: 'SIGKILL' } as const;
  return spawnSync(command, args, options).status === 0;
}
