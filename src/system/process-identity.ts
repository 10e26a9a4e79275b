import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hasCode, orAbsent } from '../errors.ts';

/** One process of one start of one host: numbers come back, soon in a container, but not with the same start. */
export interface ProcessIdentity {
  /**
   * 16 hex digits for the start of the host and the namespaces of process numbers and of time: within all three a number
   * with its start means one process, for whoever asks.
   */
  readonly world: string;
  readonly pid: number;
  /** Clock ticks from the host's start to the process's (proc(5), stat, field 22). */
  readonly start: string;
}

/** What cannot be looked for, because it lives or lived in another container or start of the host, may work for so long. */
const ABANDONED = 24 * 3_600_000;

/** Whose is what this process makes. Where nothing can be known of it (no /proc), its world is one that nobody lives in. */
export function ownIdentity(): ProcessIdentity {
  return identityOf(process.pid) ?? { world: '0'.repeat(16), pid: process.pid, start: '0' };
}

/**
 * Whether what a process made, and would have removed, may be removed by others: it surely does not run, or it cannot be
 * looked for and has left its work alone for a day, whichever way the clock went.
 * @param maker undefined: nobody knows who it was.
 * @param touched when it was last seen at work, milliseconds since 1970.
 */
export function isAbandoned(maker: ProcessIdentity | undefined, touched: number): boolean {
  const running = maker && isRunning(maker);
  return running === undefined ? Math.abs(Date.now() - touched) > ABANDONED : !running;
}

/** Undefined where there is no such process, or no /proc of this pid namespace. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const [world, start] = [thisWorld(), startOf(pid)];
  return world === undefined || start === undefined ? undefined : { world, pid, start };
}

/** Whether a process still runs; undefined where that cannot be known from here: it may live in another world. */
export function isRunning({ world, pid, start }: ProcessIdentity): boolean | undefined {
  if (world !== thisWorld()) return undefined;
  try {
    return startOf(pid) === start;
  } catch {
    return undefined; // not to know is not to be dead
  }
}

let world: string | undefined;

function thisWorld(): string | undefined {
  try {
    // The numbers in a /proc of another pid namespace are not those of this one.
    if (readlinkSync('/proc/self') !== String(process.pid)) return undefined;
    const boot = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const namespaces = ['pid', 'time'].map(namespaceOf).join(' ');
    return (world ??= createHash('sha256').update(`${boot()} ${namespaces}`).digest('hex').slice(0, 16));
  } catch {
    return undefined;
  }
}

/** Linux has none of time before 5.6. */
function namespaceOf(kind: string): string {
  try {
    return readlinkSync(`/proc/self/ns/${kind}`);
  } catch (error) {
    return orAbsent('')(error);
  }
}

/** Undefined: there is no such process, or it has ended (state Z). */
function startOf(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    // Where /proc hides what others run (hidepid), only a signal says that there is something.
    if (hasCode(error, 'ENOENT', 'ESRCH') && !isSignalled(pid)) return undefined;
    throw error;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19];
}

function isSignalled(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !hasCode(error, 'ESRCH');
  }
}
