import { readdirSync, readFileSync, readlinkSync, statSync, type BigIntStats } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { codeOf, hasCode } from '../../errors.ts';

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
 * own account that hides (`ssh-agent`, one that changed its uid) is named, as is a system without /proc, or with that of
 * another pid namespace. Not seen: mappings whose descriptor was closed.
 * @param known processes that were found hiding before, to be kept between looks: they are not waited for again.
 */
export async function lookForHolders(
  file: FileId,
  known: Set<string> = new Set(),
  allowed: readonly number[] = [],
): Promise<Look> {
  let pids: string[];
  try {
    if (readlinkSync('/proc/self') !== String(process.pid))
      return { holders: [], hidden: ['/proc is that of another pid namespace'] };
    pids = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name));
  } catch (error) {
    return { holders: [], hidden: [`processes cannot be listed: ${codeOf(error) ?? 'no /proc'}`] };
  }
  const holders: string[] = [];
  const hidden: string[] = [];
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

function lookInto(pid: string, { dev, ino }: FileId): Answer {
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      const path = `/proc/${pid}/fd/${fd}`;
      const open = whileThere(() =>
        isFile(readlinkSync(path)) ? statSync(path, { bigint: true }) : undefined,
      );
      if (open?.dev === dev && open.ino === ino) return 'open';
    }
    return 'no';
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return 'no';
    const why = { hidden: `hides its open files (${codeOf(error) ?? String(error)})` };
    try {
      return hasNone(pid) || isAnothers(pid) || isAncestor(pid) ? 'no' : why;
    } catch {
      return why;
    }
  }
}

/** Sockets, pipes and the like have no path. */
function isFile(target: string): boolean {
  return target.startsWith('/');
}

/** A zombie without a living thread has nothing open: the kernel closes all before it becomes one. */
function hasNone(pid: string): boolean {
  const status = statusOf(pid);
  return /^State:\s+[ZX]/m.test(status) && /^Threads:\s+[01]$/m.test(status);
}

/** Whether none of a process's four user ids is ours (`Uid`); anybody may read them. */
function isAnothers(pid: string): boolean {
  const uids = /^Uid:\s+(.*)$/m.exec(statusOf(pid))?.[1]?.split(/\s+/);
  return uids === undefined || (uids.length === 4 && !uids.includes(String(process.getuid?.())));
}

/** Whether a process is our parent, its parent, and so on (`PPid`). */
function isAncestor(pid: string): boolean {
  let at = String(process.ppid);
  for (let depth = 0; depth < MAX_ANCESTORS && at !== '0'; depth++) {
    if (at === pid) return true;
    at = /^PPid:\s+(\d+)$/m.exec(statusOf(at))?.[1] ?? '0';
  }
  return false;
}

const MAX_ANCESTORS = 1_000;

/** `process 17 (sqlite3)`; its name is what the process calls itself. */
function named(pid: string): string {
  const name = /^Name:\s+(.*)$/m.exec(statusOf(pid))?.[1];
  return `process ${pid}${name === undefined ? '' : ` (${name})`}`;
}

/** Empty for a process that is gone. */
function statusOf(pid: string): string {
  return whileThere(() => readFileSync(`/proc/${pid}/status`, 'utf8')) ?? '';
}

/** A descriptor or a process that ends meanwhile has nothing open. */
function whileThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
}
