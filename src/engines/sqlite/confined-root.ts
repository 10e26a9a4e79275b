import { lstatSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Programs of util-linux that make a root folder; without any of them there is none. */
export interface Tools {
  readonly sh: string;
  readonly setpriv: string;
  readonly umount: string;
}

/** How a child is started in a root folder of its own, and what the kernel must then say of its mounts. */
export interface ConfinedRoot {
  readonly command: readonly string[];
  /** Every mount that the child may see; only {@link writable} may be written. */
  readonly mounts: ReadonlySet<string>;
  readonly writable: ReadonlySet<string>;
}

/**
 * A root folder in the mount namespace of the child alone, gone with it. In it: the clone's folder, the system's
 * libraries, node, what node runs, and two devices; everything but the folder read-only. The old root is detached, not
 * only left (chroot), and all capabilities are dropped for good, so that nothing can be mounted again.
 * @param run what to start in it: node with its arguments. @param reads files and folders that it needs.
 */
export function confinedRoot(
  { sh, setpriv, umount }: Tools,
  folder: string,
  run: readonly string[],
  reads: readonly string[],
): ConfinedRoot | undefined {
  const libraries = LIBRARIES.filter(isFolder);
  const inLibraries = (path: string): boolean => libraries.some((library) => path.startsWith(`${library}/`));
  const devices = DEVICES.filter(exists);
  const others = [...devices, run[0]!, setpriv, ...reads].filter((path) => !inLibraries(path));
  const readOnly = [...new Set([...libraries, ...others])];
  const root = PLACES.find((place) => !isLink(place) && isFree(place, [...readOnly, folder]));
  if (root === undefined || [folder, ...readOnly].some((path) => path.includes('\n'))) return undefined;
  const table = [
    `/proc ${root}/proc none rbind`,
    ...readOnly.map((path) => `${escaped(path)} ${escaped(root + path)} none bind,ro`),
    `${escaped(folder)} ${escaped(root + folder)} none bind`,
  ];
  const files = readOnly.filter((path) => !isFolder(path));
  const folders = [
    '/.old',
    '/proc',
    folder,
    ...readOnly.filter(isFolder),
    ...files.map((path) => dirname(path)),
  ];
  const drop = ['--pdeathsig', 'KILL', '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'];
  const lines = (paths: readonly string[]): string => paths.map((path) => root + path).join('\n');
  const given = [root, folder, umount, table.join('\n'), lines(folders), lines(files)];
  return {
    command: [sh, '-c', SCRIPT, 'sh', ...given, setpriv, ...drop, ...run],
    mounts: new Set(['/', folder, ...readOnly]),
    writable: new Set([folder]),
  };
}

const LIBRARIES = [
  '/lib',
  '/lib32',
  '/lib64',
  '/usr/lib',
  '/usr/lib32',
  '/usr/lib64',
  '/usr/local/lib',
  '/nix/store',
];

/** SQLite seeds `random()` from it; without it, from the clock and the pid. */
const DEVICES = ['/dev/null', '/dev/urandom'];

/** Folders of every system (https://refspecs.linuxfoundation.org/fhs.shtml) over which the root is laid, in the namespace. */
const PLACES = ['/mnt', '/media', '/srv', '/opt', '/boot', '/home'];

function isFree(place: string, needed: readonly string[]): boolean {
  return isFolder(place) && !needed.some((path) => path === place || path.startsWith(`${place}/`));
}

/** Few programs, because each takes a millisecond or more: one `mount` for the whole table. */
const SCRIPT = `set -ef
PATH=/usr/sbin:/usr/bin:/sbin:/bin
IFS='
'
root=$1 folder=$2 umount=$3 table=$4 folders=$5 files=$6
shift 6
mount -t tmpfs -o mode=755,size=256k custody "$root"
mkdir -p $folders
for file in $files; do : > "$file"; done
printf '%s\\n' "$table" > "$root/.mounts"
mount -a -T "$root/.mounts"
mount -o remount,bind,ro "$root"
cd "$root"
pivot_root . .old
cd "$folder"
"/.old$umount" -n -c -l /.old /proc
exec "$@"`;

/** As fstab(5) and the kernel write a path. */
function escaped(path: string): string {
  return path.replace(
    /[ \t\\#]/g,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
}

/** Whether all that a process can reach is what {@link confinedRoot} put there, in the kernel's own words (proc(5)). */
export function isConfined(pid: number, { mounts, writable }: ConfinedRoot): boolean {
  let lines: string[];
  try {
    lines = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').trim().split('\n');
  } catch {
    return false;
  }
  return (
    lines.length > 1 &&
    lines.every((line) => {
      const fields = line.split(' ');
      const path = (fields[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(parseInt(octal, 8)),
      );
      const readOnly = (fields[5] ?? '').split(',').includes('ro');
      return mounts.has(path) && (readOnly || writable.has(path));
    })
  );
}

/** The `package.json` that says how the files of `entry`'s package are to be read. */
export function packageOf(entry: string): string[] {
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (exists(path)) return [path];
  }
  return [];
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}
