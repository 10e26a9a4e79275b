import { readFileSync, statSync } from 'node:fs';

/**
 * Who holds the kernel's lock on `path`, in words. The lock file is never written, so its holder is looked up in
 * /proc/locks (proc_locks(5)); elsewhere, or across containers, it stays unknown. Never throws.
 */
export function describeHolder(path: string): string {
  try {
    const pid = holderPid(path);
    if (pid === null) return 'it is held by a process that cannot be seen from here';
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 200);
    const stopped = /^State:\s+[Tt]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    const self = pid === process.pid ? ' (this very process)' : '';
    return `it is held by process ${pid}${self}${stopped ? ', which is stopped' : ''}: ${command}`;
  } catch {
    return 'it is held by a process that cannot be seen from here';
  }
}

function holderPid(path: string): number | null {
  const { ino } = statSync(path, { bigint: true });
  for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
    // 1: POSIX  ADVISORY  WRITE 6830 fe:00:2147246 1073741824 1073742335
    const match = /^\d+: POSIX +ADVISORY +WRITE +(\d+) +[0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line);
    if (match?.[2] === String(ino)) return Number(match[1]);
  }
  return null;
}
