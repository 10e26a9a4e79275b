import { spawnSync } from 'node:child_process';
import { existsSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { confinedRoot, LIBRARIES, program, type ConfinedRoot } from '../../../system/confined-root.ts';
import { workerEntry } from './worker-entry.ts';

export interface ChildCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Where the system grants one. */
  readonly root: ConfinedRoot | undefined;
}

/**
 * How the child is started: no network (a network namespace of its own) and a root folder of its own, where the system
 * grants them; killed with its parent (Linux); and node's permission model with nothing but the clone's folder.
 *
 * What the permission model does not do: it does not hold back files that SQLite itself opens (measured on node 24.21:
 * ATTACH and `new DatabaseSync` outside the folder work). The authorizer refuses ATTACH, nothing else opens files, and in
 * a root folder of its own there is nothing to open.
 */
export function childCommand(folder: string): ChildCommand {
  const entry = workerEntry();
  const sources = entry.endsWith('.ts') ? [sourceRoot(entry)] : [];
  const node = [
    '--permission',
    `--allow-fs-read=${folder}`,
    `--allow-fs-write=${folder}`,
    ...sources.map((path) => `--allow-fs-read=${path}`),
    '--no-warnings',
    ...COLLECTS_EARLY,
    entry,
  ];
  const reads = [...(sources.length > 0 ? sources : [entry]), ...packageOf(entry)];
  granted ??= candidates().find((candidate) => works(commandOf(candidate, folder, ['--version'], reads)));
  const made = commandOf(granted ?? NOTHING, folder, node, reads);
  return made ?? { command: process.execPath, args: node, root: undefined };
}

/**
 * MiB. What the child reads by parts is garbage soon: without these it is collected at 250 MiB, whatever the size of the
 * database; neither is a limit to what it may hold. (`node --v8-options`.)
 */
const COLLECTS_EARLY = ['--max-semi-space-size=2', '--initial-old-space-size=16'];

/** `src/`: what the child imports when run from source. */
function sourceRoot(entry: string): string {
  return join(dirname(entry), '..', '..', '..');
}

/** A way to start node. */
interface Candidate {
  readonly before: readonly string[];
  /** In a root folder of its own, which also sees to the child's death. */
  readonly root: boolean;
}

const NOTHING: Candidate = { before: [], root: false };

/** Tried once per process; the first that works. */
let granted: Candidate | undefined;

function commandOf(
  { before, root }: Candidate,
  folder: string,
  args: readonly string[],
  reads: readonly string[],
): ChildCommand | undefined {
  const run = [process.execPath, ...args];
  const made = root ? rootFor(folder, run, reads) : undefined;
  if (root && made === undefined) return undefined;
  const [command, ...rest] = [...before, ...(made?.command ?? run)];
  return command === undefined ? undefined : { command, args: rest, root: made };
}

/** In it: the clone's folder, the system's libraries, node, what node runs, and two devices. */
function rootFor(folder: string, run: readonly string[], reads: readonly string[]): ConfinedRoot | undefined {
  return confinedRoot({
    reads: [...LIBRARIES, ...DEVICES, ...reads],
    folder,
    cwd: folder,
    setpriv: ['--pdeathsig', 'KILL'],
    run,
  });
}

/** SQLite seeds `random()` from it; without it, from the clock and the pid. */
const DEVICES = ['/dev/null', '/dev/urandom'];

function candidates(): Candidate[] {
  if (process.platform !== 'linux') return [];
  const unshare = program('unshare');
  const setpriv = program('setpriv');
  const death = setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL'];
  const plain = (before: readonly string[]): Candidate => ({ before, root: false });
  const alone = death.length > 0 ? [plain(death)] : [];
  if (unshare === undefined) return alone;
  const namespaces = [
    [unshare, '--net'],
    [unshare, '--map-root-user', '--net'],
  ];
  return [
    ...namespaces.map((net) => ({ before: [...net, '--mount'], root: true })),
    ...namespaces.map((net) => plain([...net, ...death])),
    ...namespaces.map(plain),
    ...alone,
  ];
}

/** The probe is the real thing, up to a node that starts. */
function works(made: ChildCommand | undefined): boolean {
  if (made === undefined) return false;
  const { command, args } = made;
  return spawnSync(command, args, { stdio: 'ignore', env: {}, timeout: 5_000 }).status === 0;
}

/** The `package.json` that says how the files of `entry`'s package are to be read. */
function packageOf(entry: string): string[] {
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (existsSync(path)) return [path];
  }
  return [];
}

/** The network namespace of a process, as the kernel names it; undefined where it cannot be told. */
export function networkOf(pid: number | 'self'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}
