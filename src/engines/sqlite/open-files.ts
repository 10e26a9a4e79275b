import { readdirSync, readFileSync, readlinkSync, statSync, type BigIntStats } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

/** What was seen of who has a file open. */
export interface Look {
  /** Processes that have it open, as `process 17 (sqlite3)`. */
  readonly holders: readonly string[];
  /** What could not be looked into, and why: of it nothing is known. */
  readonly hidden: readonly string[];
}

type FileId = Pick<BigIntStats, 'dev' | 'ino'>;
/** `no` and `open` are known; anything else says why it is not. */
type Answer = 'no' | 'open' | { readonly hidden: string };

/** A process that changes its account while it starts hides its descriptors for less than this (milliseconds). */
const STARTING = 20;

/**
 * Who has a file open, by device and inode, under whatever name (Linux, proc(5)): every process of this pid namespace is
 * looked into. One that may not be looked into hides its descriptors. Nothing is missed by that where it belongs to
 * another account: the file lies in a folder that only its owner may enter (asserted on its own), and who may enter
 * nevertheless, root, could do anything here. So it is with the processes that started us, up to init. A process of our
 * own account that hides (`ssh-agent`, one that changed its uid) is named, as is a /proc that shows less than all: none,
 * that of another pid namespace, one mounted with `hidepid`. Not seen: mappings whose descriptor was closed, and
 * descriptors of a thread that keeps its own (unshare(2), CLONE_FILES).
 * @param known processes that were found hiding before, to be kept between looks: they are not waited for again.
 */
export async function lookForHolders(
  file: FileId,
  known: Set<string> = new Set(),
  allowed: readonly number[] = [],
): Promise<Look> {
  let pids: string[];
  const hidden: string[] = [];
  try {
    if (readlinkSync('/proc/self') !== String(process.pid))
      return { holders: [], hidden: ['/proc is that of another pid namespace'] };
    if (hidesProcesses()) hidden.push('/proc hides processes (hidepid)');
    pids = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name));
  } catch (error) {
    return { holders: [], hidden: [`processes cannot be listed: ${codeOf(error) ?? 'no /proc'}`] };
  }
  const holders: string[] = [];
  for (const pid of pids.filter((name) => !allowed.includes(Number(name)))) {
    let answer = lookInto(pid, file);
    if (typeof answer === 'object' && !known.has(pid)) {
      await setTimeout(STARTING);
      answer = lookInto(pid, file);
      if (typeof answer === 'object') known.add(pid);
    }
    if (answer === 'open') holders.push(named(pid));
    else if (answer !== 'no') hidden.push(`${named(pid)} ${answer.hidden}`);
  }
  return { holders, hidden };
}

/** Whether /proc shows a user less than root (proc(5), mount options); then not even all of the user's own. */
function hidesProcesses(): boolean {
  if (process.getuid?.() === 0) return false;
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return mounts.some((line) => / \/proc .*\bhidepid=(?!0|off)/.test(line));
}

function lookInto(pid: string, file: FileId): Answer {
  try {
    const own = readdirSync(`/proc/${pid}/fd`);
    if (own.some((fd) => isOpenAs(`/proc/${pid}/fd/${fd}`, file))) return 'open';
    // The first thread may have ended, and others go on: their files are no longer listed as those of the process.
    if (own.length > 0 || fieldOf(pid, 'Threads') === '1') return 'no';
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const folder = `/proc/${pid}/task/${thread}/fd`;
      const open = whileThere(() => readdirSync(folder)) ?? [];
      if (open.some((fd) => isOpenAs(`${folder}/${fd}`, file))) return 'open';
    }
    return 'no';
  } catch (error) {
    if (isGone(error)) return 'no';
    const why = { hidden: `hides its open files (${codeOf(error) ?? String(error)})` };
    try {
      return hasNone(pid) || isAnothers(pid) || isAncestor(pid) ? 'no' : why;
    } catch {
      return why;
    }
  }
}

function isOpenAs(path: string, { dev, ino }: FileId): boolean {
  // Sockets, pipes and the like have no path.
  const isFile = (): boolean => readlinkSync(path).startsWith('/');
  const open = whileThere(() => (isFile() ? statSync(path, { bigint: true }) : undefined));
  return open?.dev === dev && open.ino === ino;
}

/** A zombie without a living thread has nothing open: the kernel closes all before it becomes one. */
function hasNone(pid: string): boolean {
  return /^[ZX]/.test(fieldOf(pid, 'State')) && /^[01]$/.test(fieldOf(pid, 'Threads'));
}

/** Whether none of a process's four user ids is ours (`Uid`); anybody may read them. */
function isAnothers(pid: string): boolean {
  const uids = fieldOf(pid, 'Uid').split('\t');
  // None: it has gone since.
  return uids[0] === '' || (uids.length === 4 && !uids.includes(String(process.getuid?.())));
}

/** Whether a process is our parent, its parent, and so on (`PPid`). */
function isAncestor(pid: string): boolean {
  let at = String(process.ppid);
  for (let depth = 0; depth < MAX_ANCESTORS && at !== '0'; depth++) {
    if (at === pid) return true;
    at = fieldOf(at, 'PPid') || '0';
  }
  return false;
}

const MAX_ANCESTORS = 1_000;

/** `process 17 (sqlite3)`; its name is what the process calls itself. */
function named(pid: string): string {
  const [name = ''] = statusOf(pid);
  return name === '' ? `process ${pid}` : `process ${pid} (${name.slice('Name:\t'.length)})`;
}

/** A field of a process's status (proc(5)); empty for a process that is gone. */
function fieldOf(pid: string, name: 'State' | 'Threads' | 'Uid' | 'PPid'): string {
  // The first line is the name, which a process may choose: it is never read as another field.
  const [, ...lines] = statusOf(pid);
  return lines.find((line) => line.startsWith(`${name}:\t`))?.slice(name.length + 2) ?? '';
}

/** The kernel escapes line feeds in names, and no other character. */
function statusOf(pid: string): string[] {
  return (whileThere(() => readFileSync(`/proc/${pid}/status`, 'utf8')) ?? '').split('\n');
}

/** A descriptor or a process that ends meanwhile has nothing open. */
function whileThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes(codeOf(error) ?? '');
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
