import { spawnSync } from 'node:child_process';
import { existsSync, readlinkSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * How the child is started: no network (a network namespace of its own, where the system grants one), killed with its
 * parent (Linux), and node's permission model with nothing but the clone's folder.
 *
 * What the permission model does not do: it does not hold back files that SQLite itself opens (measured on node 24.21:
 * ATTACH and `new DatabaseSync` outside the folder work). The authorizer refuses ATTACH; nothing else opens files.
 */
export function childCommand(folder: string): { command: string; args: string[] } {
  const entry = workerEntry();
  const node = [
    '--permission',
    `--allow-fs-read=${folder}`,
    `--allow-fs-write=${folder}`,
    ...(entry.endsWith('.ts') ? [`--allow-fs-read=${sourceRoot(entry)}`] : []),
    '--no-warnings',
    entry,
  ];
  const [command, ...args] = [...wrapper(), process.execPath, ...node];
  return { command: command ?? process.execPath, args };
}

/** `worker.ts` beside this file when run from source; `sqlite-worker.js` beside the bundle in the published package. */
function workerEntry(): string {
  const bundled = !import.meta.url.endsWith('.ts');
  return fileURLToPath(new URL(bundled ? './sqlite-worker.js' : './worker.ts', import.meta.url));
}

/** `src/`: what the child imports when run from source. */
function sourceRoot(entry: string): string {
  return join(dirname(entry), '..', '..');
}

let probed: readonly string[] | undefined;

/** Tried once per process; the first that works. */
function wrapper(): readonly string[] {
  probed ??= candidates().find(works) ?? [];
  return probed;
}

function candidates(): string[][] {
  if (process.platform !== 'linux') return [];
  const unshare = program('unshare');
  const setpriv = program('setpriv');
  const death = setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL'];
  const alone = death.length > 0 ? [death] : [];
  if (unshare === undefined) return alone;
  const namespaces = [
    [unshare, '--net'],
    [unshare, '--map-root-user', '--net'],
  ];
  return [...namespaces.map((net) => [...net, ...death]), ...namespaces, ...alone];
}

function works([command, ...args]: string[]): boolean {
  return (
    command !== undefined &&
    spawnSync(command, [...args, program('true') ?? 'true'], { stdio: 'ignore', timeout: 5_000 }).status === 0
  );
}

function program(name: string): string | undefined {
  return ['/usr/bin', '/bin', '/usr/sbin', '/sbin']
    .map((folder) => folder + sep + name)
    .find((path) => existsSync(path));
}

/** The network namespace of a process, as the kernel names it; undefined where it cannot be told. */
export function networkOf(pid: number | 'self'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}
