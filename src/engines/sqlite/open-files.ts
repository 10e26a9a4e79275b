import { readdirSync, readFileSync, readlinkSync, statSync, type BigIntStats } from 'node:fs';

/**
 * Whether nobody but `allowed` has a file open, by device and inode, under whatever name (Linux).
 *
 * What is claimed: no process of this pid namespace whose account could have opened the file has a descriptor of it at
 * this moment. Every process is looked into. Where that is not permitted, the process must belong to another account:
 * the file lies in a folder that only its owner may enter (asserted on its own), and who may enter nevertheless, root,
 * could do anything here. So it is with the processes that started us, up to init, which hides its descriptors on some
 * systems. Another process of our own account that hides its descriptors is a "no", and so is a system without
 * /proc, or with one that shows another pid namespace. Not seen: mappings whose descriptor was closed.
 */
export function isOpenNowhereElse(
  file: Pick<BigIntStats, 'dev' | 'ino'>,
  allowed: readonly number[] = [],
): boolean {
  try {
    if (readlinkSync('/proc/self') !== String(process.pid)) return false;
    return readdirSync('/proc')
      .filter((name) => /^[0-9]+$/.test(name) && !allowed.includes(Number(name)))
      .every((pid) => isWithout(pid, file));
  } catch {
    return false;
  }
}

function isWithout(pid: string, { dev, ino }: Pick<BigIntStats, 'dev' | 'ino'>): boolean {
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      const path = `/proc/${pid}/fd/${fd}`;
      const open = whileThere(() =>
        isFile(readlinkSync(path)) ? statSync(path, { bigint: true }) : undefined,
      );
      if (open?.dev === dev && open.ino === ino) return false;
    }
    return true;
  } catch (error) {
    if (isGone(error)) return true;
    return isRefused(error) && (isAnothers(pid) || isAncestor(pid));
  }
}

/** Sockets, pipes and the like have no path. */
function isFile(target: string): boolean {
  return target.startsWith('/');
}

/** Whether none of a process's four user ids is ours (proc(5), `Uid`); anybody may read them. */
function isAnothers(pid: string): boolean {
  try {
    const uids = /^Uid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]?.split(/\s+/);
    return uids?.length === 4 && !uids.includes(String(process.getuid?.()));
  } catch (error) {
    return isGone(error);
  }
}

/** Whether a process is our parent, its parent, and so on (proc(5), `PPid`). */
function isAncestor(pid: string): boolean {
  let at = String(process.ppid);
  for (let depth = 0; depth < MAX_ANCESTORS && at !== '0'; depth++) {
    if (at === pid) return true;
    at =
      /^PPid:\s+(\d+)$/m.exec(whileThere(() => readFileSync(`/proc/${at}/status`, 'utf8')) ?? '')?.[1] ?? '0';
  }
  return false;
}

const MAX_ANCESTORS = 1_000;

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
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH');
}

function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM');
}
