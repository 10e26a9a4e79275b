import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What some tests need of the system, each with how to see whether it is there. */
const NEEDS = {
  Linux: () => process.platform === 'linux' && existsSync('/proc/self/stat'),
  root: () => process.getuid?.() === 0,
  'an ordinary user': () => process.getuid?.() !== 0,
  setpriv: () => runs('setpriv', '--version'),
  'a mount namespace': () => runs('unshare', '--mount', 'true'),
  'a pid namespace': () => pidNamespace() !== undefined,
  'mounting a file system': () => mountRefused() === null,
} as const;

export type Need = keyof typeof NEEDS;

/**
 * What this system lacks of what a test needs, for its title; empty where it lacks nothing:
 * `describe.skipIf(lack)(`a folder${lack}`, …)` is skipped with its reason.
 */
export function lacking(...needs: readonly Need[]): string {
  const missing = needs.filter((need) => !NEEDS[need]());
  return missing.length === 0 ? '' : ` (skipped: needs ${missing.join(', ')})`;
}

const SHARED = fileURLToPath(new URL('../../../shared/data/', import.meta.url));

/** Where a file of real data lies, beside the repository; it need not be there. */
export function data(name: string): string {
  // A source's place is given with its links followed.
  return join(existsSync(SHARED) ? realpathSync(SHARED) : SHARED, name);
}

/** The same as {@link lacking}, for files of real data. */
export function lackingData(...names: readonly string[]): string {
  const missing = names.filter((name) => !existsSync(data(name)));
  return missing.length === 0 ? '' : ` (skipped: needs ../shared/data: ${missing.join(', ')})`;
}

/** What `unshare` takes for a pid namespace with its own /proc; undefined where that is refused. */
export function pidNamespace(): readonly string[] | undefined {
  const own = ['--pid', '--fork', '--kill-child', '--mount-proc'];
  return [own, ['--map-root-user', ...own]].find((flags) => runs('unshare', ...flags, 'true'));
}

/** Why a tmpfs may not be mounted here, in mount's own words; null where it may. */
export function mountRefused(): string | null {
  const dir = mkdtempSync(join(tmpdir(), 'custody-mount-'));
  try {
    const { status, stderr, error } = spawnSync('mount', ['-t', 'tmpfs', 'none', dir], { encoding: 'utf8' });
    if (status !== 0) return error?.message ?? stderr.trim();
    spawnSync('umount', [dir]);
    return null;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function runs(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
