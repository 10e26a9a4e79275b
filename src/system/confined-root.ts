import { existsSync, lstatSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** What is put into a root folder of its own, and what is started there. */
export interface RootPlan {
  /** Files and folders that may be read, at their own places, with all that is mounted below; what is not there is left out. */
  readonly reads: readonly string[];
  /** Files that may be read elsewhere than where they lie: inside to outside. */
  readonly files?: Readonly<Record<string, string>>;
  /** A folder that may be written, at its own place. */
  readonly folder?: string;
  /** An empty folder that may be written and is gone with the process, and its size in bytes. */
  readonly scratch?: readonly [path: string, size: number];
  /** Where it starts. */
  readonly cwd: string;
  /** What setpriv does beside taking every capability away for good. */
  readonly setpriv: readonly string[];
  /** In a PID namespace of its own: the shell stays as its first process, which takes signals that its child sends itself. */
  readonly first?: boolean;
  readonly run: readonly string[];
}

/** How a child is started in a root folder of its own, and what the kernel must then say of its mounts. */
export interface ConfinedRoot {
  readonly command: readonly string[];
  /** Every mount that the child may see; only {@link writable} may be written. */
  readonly mounts: ReadonlySet<string>;
  readonly writable: ReadonlySet<string>;
}

/** What any program needs that is not linked statically. */
export const LIBRARIES = [
  '/lib',
  '/lib32',
  '/lib64',
  '/usr/lib',
  '/usr/lib32',
  '/usr/lib64',
  '/usr/local/lib',
  '/nix/store',
];

/** Folders of every system (https://refspecs.linuxfoundation.org/fhs.shtml) over which the root is laid, in the namespace. */
const PLACES = ['/mnt', '/media', '/srv', '/opt', '/boot', '/home'];

const NO_CAPABILITIES = ['--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all', '--no-new-privs'];

/**
 * A root folder in the mount namespace of the child alone, gone with it. Everything in it is read-only but what the plan
 * says. The old root is detached, not only left (chroot), and all capabilities are dropped for good, so that nothing can be
 * mounted again. Who runs it must be root, in a user namespace if need be, and have a mount namespace of its own.
 * @returns undefined where it cannot be made: without util-linux, or where a path has a line feed in it.
 */
export function confinedRoot(plan: RootPlan): ConfinedRoot | undefined {
  const [sh, setpriv, umount] = [program('sh'), program('setpriv'), program('umount')];
  if (sh === undefined || setpriv === undefined || umount === undefined) return undefined;
  const { folder, scratch, cwd, files = {} } = plan;
  const reads = withoutInner([...plan.reads, plan.run[0]!, setpriv].filter((path) => existsSync(path)));
  const outside = [...reads, ...Object.values(files), ...(folder === undefined ? [] : [folder])];
  const root = PLACES.find((place) => isFree(place, outside));
  if (root === undefined || [cwd, ...outside, ...Object.keys(files)].some((path) => path.includes('\n')))
    return undefined;
  const mounted = mountsOf('self').map(([point]) => point);
  const inner = reads.flatMap((path) => mountedBelow(path, mounted));
  const table = [
    `/proc ${root}/proc none rbind`,
    ...reads.map((path) => bind(root, path, path, optionsFor(path, inner))),
    ...Object.entries(files).map(([to, from]) => bind(root, from, to, 'bind,ro,nosuid,nodev,noexec')),
    ...(folder === undefined ? [] : [bind(root, folder, folder, 'bind')]),
    ...(scratch ? [`tmpfs ${root}${scratch[0]} tmpfs size=${scratch[1]},mode=1777,nosuid,nodev`] : []),
  ];
  const writable = [...(folder === undefined ? [] : [folder]), ...(scratch ? [scratch[0]] : [])];
  const targets = [...reads.filter((path) => !isFolder(path)), ...Object.keys(files)];
  const folders = ['/.old', '/proc', cwd, ...writable, ...reads.filter(isFolder), ...targets.map(dirname)];
  const lines = (paths: readonly string[]): string => paths.map((path) => root + path).join('\n');
  const given = [root, cwd, umount, table.join('\n'), lines(folders), lines(targets), inner.join('\n')];
  const start = [setpriv, ...plan.setpriv, ...NO_CAPABILITIES, ...plan.run];
  return {
    command: [sh, '-c', SCRIPT, 'sh', ...given, plan.first ? 'first' : '', ...start],
    mounts: new Set(['/', ...writable, ...reads, ...inner, ...Object.keys(files)]),
    writable: new Set(writable),
  };
}

/** Few programs, because each takes a millisecond or more: one `mount` for the whole table, one more for each mount below. */
const SCRIPT = `set -ef
umask 022
ulimit -c 0
PATH=/usr/sbin:/usr/bin:/sbin:/bin
IFS='
'
root=$1 cwd=$2 umount=$3 table=$4 folders=$5 files=$6 inner=$7 first=$8
shift 8
mount -t tmpfs -o mode=755,size=256k,nosuid,nodev custody "$root"
mkdir -p $folders
for file in $files; do : > "$file"; done
printf '%s\\n' "$table" > "$root/.mounts"
mount -a -T "$root/.mounts"
: > "$root/.mounts"
for point in $inner; do mount -o remount,bind,ro,nosuid,nodev "$root$point"; done
mount -o remount,bind,ro,nosuid,nodev "$root"
cd "$root"
pivot_root . .old
cd "$cwd"
"/.old$umount" -n -c -l /.old /proc
if [ -z "$first" ]; then exec "$@"; fi
set +e
"$@"
exit $?`;

/** In a user namespace the flags of a mount may not be taken away: these are at least as strict as a usual system's. */
function optionsFor(path: string, inner: readonly string[]): string {
  if (path.startsWith('/dev/')) return 'bind,ro,nosuid,noexec';
  return inner.some((point) => point.startsWith(`${path}/`))
    ? 'rbind,ro,nosuid,nodev'
    : 'bind,ro,nosuid,nodev';
}

function bind(root: string, from: string, to: string, options: string): string {
  return `${escaped(from)} ${escaped(root + to)} none ${options}`;
}

/** As fstab(5) and the kernel write a path. */
function escaped(path: string): string {
  return path.replace(
    /[ \t\\#]/g,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
}

function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

/** Without what is in another one of them, each once. */
function withoutInner(paths: readonly string[]): string[] {
  return [...new Set(paths)].filter((path) => !paths.some((other) => path.startsWith(`${other}/`)));
}

/** Mount points below a folder, where they will be seen: a bind mount alone would hide them, and with them it is not read-only. */
function mountedBelow(path: string, mounted: readonly string[]): string[] {
  const real = realpathSync(path);
  return mounted
    .filter((point) => point.startsWith(`${real}/`))
    .map((point) => path + point.slice(real.length));
}

/** Mount points of a process with their options (proc(5)); none where it is not there. */
function mountsOf(pid: number | 'self'): [point: string, options: readonly string[]][] {
  let lines: string[];
  try {
    lines = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').trim().split('\n');
  } catch {
    return [];
  }
  return lines.map((line) => {
    const fields = line.split(' ');
    return [unescaped(fields[4] ?? ''), (fields[5] ?? '').split(',')];
  });
}

/** Whether all that a process can reach is what {@link confinedRoot} put there, in the kernel's own words. */
export function isConfined(pid: number, { mounts, writable }: ConfinedRoot): boolean {
  const found = mountsOf(pid);
  return (
    found.length > 1 &&
    found.every(([point, options]) => mounts.has(point) && (options.includes('ro') || writable.has(point)))
  );
}

/** The path of a program of the system. */
export function program(name: string): string | undefined {
  return ['/usr/bin', '/bin', '/usr/sbin', '/sbin'].map((folder) => `${folder}/${name}`).find(existsSync);
}

function isFree(place: string, needed: readonly string[]): boolean {
  return (
    isFolder(place) &&
    lstatSync(place).isDirectory() &&
    !needed.some((path) => path === place || path.startsWith(`${place}/`))
  );
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
