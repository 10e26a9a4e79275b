import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** A command that runs `node` on one file, and how far it is shut in. */
export interface Confined {
  readonly command: string;
  readonly args: readonly string[];
  /** Whether it has no network, sees no other process, and no socket file of this system. */
  readonly restricted: boolean;
}

/**
 * Shuts a validator in as far as the system grants: always `node --permission` (read one file; no writing, processes,
 * workers, addons) without node:sqlite, which that model does not hold back; where namespaces are granted, to root or
 * through a user namespace, without network, without sight of other processes, and in a root folder of its own, so that
 * no Unix socket can be reached either. `--permission` alone lets through signals and sockets.
 * @param file the validator, in a folder of its own. @param args for the validator.
 */
export function confine(file: string, args: readonly string[]): Confined {
  granted ??= ask();
  if (granted.root) {
    const root = join(file, '..', 'root');
    const prefix = [...granted.flags, '--', 'sh', '-c', ROOT, 'sh', root, process.execPath, file];
    return {
      command: 'unshare',
      args: [...prefix, ...nodeArgs('/validator.mjs'), ...args],
      restricted: true,
    };
  }
  const all = [process.execPath, ...nodeArgs(file), ...args];
  const [command, ...rest] = granted.flags.length > 0 ? ['unshare', ...granted.flags, '--', ...all] : all;
  return { command: command!, args: rest, restricted: false };
}

function nodeArgs(file: string): string[] {
  return ['--permission', `--allow-fs-read=${file}`, '--no-experimental-sqlite', file];
}

/**
 * A root folder with the system's libraries, node and the validator, and nothing else. In the mount namespace of the
 * process alone: nobody else sees it, and it is gone with the process.
 */
const ROOT = `set -e
root=$1 node=$2 file=$3
shift 3
mkdir -p "$root"
mount -t tmpfs tmpfs "$root"
for d in /lib /lib32 /lib64 /usr/lib /usr/lib32 /usr/lib64 /usr/local/lib /nix/store; do
  if [ -L "$d" ]; then cp -P "$d" "$root$d"
  elif [ -d "$d" ]; then mkdir -p "$root$d"; mount --rbind "$d" "$root$d"; fi
done
: > "$root/node"
: > "$root/validator.mjs"
mount --bind "$node" "$root/node"
if [ -n "$file" ]; then mount --bind "$file" "$root/validator.mjs"; fi
cd "$root"
exec env -i "$(command -v chroot)" "$root" /node "$@"`;

interface Granted {
  readonly flags: readonly string[];
  readonly root: boolean;
}

let granted: Granted | undefined;

/** What the system grants: asked once. The probe is the real thing, up to a node that starts. */
function ask(): Granted {
  const grants = (args: readonly string[]): boolean =>
    spawnSync('unshare', args, { stdio: 'ignore', env: {} }).status === 0;
  for (const user of [[], ['-r']]) {
    const flags = [...user, '-n', '-p', '-f', '--kill-child', '-m'];
    // The probe's root lies over /mnt, in its own mount namespace only.
    if (grants([...flags, '--', 'sh', '-c', ROOT, 'sh', '/mnt', process.execPath, '', '--version']))
      return { flags, root: true };
  }
  for (const flags of [['-n'], ['-r', '-n']]) {
    if (grants([...flags, '--', 'true'])) return { flags, root: false };
  }
  return { flags: [], root: false };
}
