import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from './judge-process.ts';

/** What a foreign validator may see: system folders, read-only; nothing of /etc but this, no home, no /proc, no /sys. */
const SYSTEM = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/usr', '/nix/store'];
const DETAILS = ['/etc/alternatives', '/etc/ld.so.cache'];
const DEVICES = ['null', 'zero', 'urandom'];

/** The names in a validator's own folder; the folder's name inside a sandbox. */
export const FILE = 'validator';
export const EVIDENCE = 'evidence.json';
const INSIDE = '/work';

/** All of its environment, with a sandbox and without. */
export const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8' } as const;

export interface Sandbox {
  /** What the run's record calls it. */
  readonly name: string;
  /** @param folder holds {@link FILE} and {@link EVIDENCE}. @param interpreter path and argument, if any. */
  readonly command: (folder: string, interpreter: readonly string[]) => Command;
}

/** No sandbox: only for whoever asked for that. */
export const UNSANDBOXED: Sandbox = {
  name: 'none (--unsandboxed)',
  command: (folder, [path, ...argument]) => ({
    command: path!,
    args: [...argument, join(folder, FILE), join(folder, EVIDENCE)],
    cwd: folder,
    env: ENVIRONMENT,
  }),
};

/**
 * A root folder of its own, which nobody else sees and which is gone with the process. The process that is killed with us
 * stays root and waits (a process that gives up its rights loses that tie, prctl(2)); the validator is its child, and the
 * kernel ends everything in a PID namespace with its first process. Once in, every right is given up: a root that could mount
 * could undo read-only. Copies, so that no file outside can be reached by writing.
 */
const ROOT = `set -e
umask 022
root=$1 folder=$2 rights=$3
shift 3
mount --make-rprivate / 2>/dev/null || true
mkdir -p "$root"
mount -t tmpfs -o size=64m,mode=755,nosuid,nodev tmpfs "$root"
for d in ${SYSTEM.join(' ')} ${DETAILS[0]}; do
  if [ -L "$d" ]; then cp -P "$d" "$root$d"
  elif [ -d "$d" ]; then mkdir -p "$root$d"; mount --rbind "$d" "$root$d"; fi
done
while read -r _ _ _ _ point _; do
  case $point in *\\\\*) point=$(printf '%b' "$point") ;; esac
  case $point in "$root"/*) mount -o remount,bind,ro,nosuid "$point" ;; esac
done < /proc/self/mountinfo
mkdir -p "$root/etc" "$root/dev" "$root/tmp" "$root${INSIDE}"
if [ -f ${DETAILS[1]} ]; then cp ${DETAILS[1]} "$root${DETAILS[1]}"; fi
for d in ${DEVICES.join(' ')}; do : > "$root/dev/$d"; mount --bind "/dev/$d" "$root/dev/$d"; done
mount -t tmpfs -o size=16m,mode=1777,nosuid,nodev tmpfs "$root/tmp"
cp "$folder/${FILE}" "$folder/${EVIDENCE}" "$root${INSIDE}"
mount -o remount,ro,size=64m,mode=755,nosuid,nodev tmpfs "$root"
cd "$root"
set +e
chroot "$root" /usr/bin/env -i PATH=${ENVIRONMENT.PATH} LANG=${ENVIRONMENT.LANG} \\
  /bin/sh -c 'cd ${INSIDE}; rights=$1; shift; exec setpriv $rights "$@"' sh "$rights" "$@"
exit $?`;

const NO_RIGHTS = '--bounding-set=-all --inh-caps=-all --ambient-caps=-all --no-new-privs';
/** As root: nobody's account as well, with a limit on how many processes it starts. */
const NOBODY = `--reuid=65534 --regid=65534 --clear-groups ${NO_RIGHTS} prlimit --nproc=512 --core=0`;
/** In a user namespace there is one account only, which is root by name: that name gives no rights back. */
const BY_NAME = `${NO_RIGHTS} --securebits=+noroot,+noroot_locked prlimit --core=0`;

function unshare(user: readonly string[], rights: string): Sandbox {
  return {
    name: 'unshare',
    command: (folder, interpreter) => ({
      command: 'unshare',
      args: [
        ...[...user, '-n', '-i', '-u', '-p', '-f', '--kill-child', '-m', '--', 'sh', '-c', ROOT, 'sh'],
        ...[join(folder, 'root'), folder, rights],
        ...[...interpreter, `${INSIDE}/${FILE}`, `${INSIDE}/${EVIDENCE}`],
      ],
      cwd: folder,
      env: {},
    }),
  };
}

/** Where user namespaces are granted to bubblewrap alone (AppArmor's default on Ubuntu). */
const BUBBLEWRAP: Sandbox = {
  name: 'bwrap',
  command: (folder, interpreter) => ({
    command: 'bwrap',
    args: [
      ...['--unshare-all', '--unshare-user', '--uid', '65534', '--gid', '65534', '--cap-drop', 'ALL'],
      ...['--die-with-parent', '--new-session', '--clearenv'],
      ...Object.entries(ENVIRONMENT).flatMap(([name, value]) => ['--setenv', name, value]),
      ...[...SYSTEM, ...DETAILS].flatMap((path) => ['--ro-bind-try', path, path]),
      ...DEVICES.flatMap((name) => ['--dev-bind', `/dev/${name}`, `/dev/${name}`]),
      ...['--size', String(16 * 2 ** 20), '--perms', '1777', '--tmpfs', '/tmp'],
      ...[FILE, EVIDENCE].flatMap((name) => ['--ro-bind', join(folder, name), `${INSIDE}/${name}`]),
      ...['--remount-ro', '/', '--chdir', INSIDE, '--'],
      ...[...interpreter, `${INSIDE}/${FILE}`, `${INSIDE}/${EVIDENCE}`],
    ],
    cwd: folder,
    env: {},
  }),
};

/** In the order in which they are tried. */
export const SANDBOXES: readonly Sandbox[] = [unshare([], NOBODY), unshare(['-r'], BY_NAME), BUBBLEWRAP];

const known = new Map<Sandbox, boolean>();

/**
 * The first sandbox that the system grants. Each is tried once, with the real thing, up to an interpreter that reads its file.
 * @param probe a folder that holds {@link FILE}, a shell script that exits with 0, and {@link EVIDENCE}.
 */
export function grantedSandbox(candidates: readonly Sandbox[], probe: string): Sandbox | undefined {
  return candidates.find((sandbox) => {
    const was = known.get(sandbox);
    if (was !== undefined) return was;
    const { command, args, cwd, env } = sandbox.command(probe, ['/bin/sh']);
    const options = { stdio: 'ignore', cwd, env, timeout: 20_000, killSignal: 'SIGKILL' } as const;
    const works = existsSync(probe) && spawnSync(command, args, options).status === 0;
    known.set(sandbox, works);
    return works;
  });
}
