import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromSystemError } from '../errors.ts';
import { readRegular } from './regular-file.ts';

/** Written into a working folder: whose it is. */
export const OWNER_FILE = 'owner';
/** Its three lines are shorter. */
const NOTE_LIMIT = 4096;

/**
 * Notes in `folder` that it belongs to this process: host start, pid namespace, pid and the process's own start, so that
 * another process with that pid is not taken for it (proc(5)). Without /proc nothing is written.
 */
export function claimFolder(folder: string): void {
  const [world, start] = [thisWorld(), startOf(process.pid)];
  if (world === undefined || start === undefined) return;
  writeFileSync(join(folder, OWNER_FILE), `${world}\n${process.pid}\n${start}\n`, {
    mode: 0o600,
    flag: 'wx',
  });
}

/** Takes the owner's note away: what has none is never swept. */
export function disownFolder(folder: string): void {
  try {
    rmSync(join(folder, OWNER_FILE), { force: true });
  } catch (error) {
    throw fromSystemError(error, folder);
  }
}

/**
 * Removes folders `PREFIX*` in `parent` whose owner was killed. One that is not ours by its uid, that has no note, or whose
 * note comes from another host or pid namespace stays: its owner may live. Others' accounts are among `uids`, so a note is
 * read as a regular file and nothing else: a FIFO would hold us for ever.
 * @param uids accounts that our folders belong to.
 * @param release ends what still uses the folder; false: it is not free yet, and stays for the next time.
 */
export async function sweepStale(
  parent: string,
  prefix: string,
  uids: readonly (number | undefined)[],
  release: (folder: string) => boolean | Promise<boolean> = () => true,
): Promise<void> {
  const world = thisWorld();
  if (world === undefined) return;
  for (const name of namesIn(parent).filter((entry) => entry.startsWith(prefix))) {
    const folder = join(parent, name);
    try {
      const stat = lstatSync(folder);
      if (!stat.isDirectory() || !uids.includes(stat.uid)) continue;
      const [theirs, pid, start] = (await noteIn(folder)).split('\n');
      if (theirs !== world || !/^\d+$/.test(pid ?? '') || !/^\d+$/.test(start ?? '')) continue;
      if (startOf(Number(pid)) !== start && (await release(folder)))
        rmSync(folder, { recursive: true, force: true });
    } catch {
      // no note, not ours to read, or another process removes it just now: never a reason to fail
    }
  }
}

/** @throws CustodyError where there is none that is a regular file. */
async function noteIn(folder: string): Promise<string> {
  const note = await readRegular(join(folder, OWNER_FILE), NOTE_LIMIT, { follow: false });
  return Buffer.from(note ?? []).toString('utf8');
}

/** Where the folder may not be listed (a TMPDIR of mode 0733), nothing is swept. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** This start of this host, and this pid namespace: within it a pid means one process at a time. */
function thisWorld(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}

/** Clock ticks from the host's start to the process's; undefined: there is none, or it has ended (field 22, state Z). */
function startOf(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error; // not to know is not to be dead
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19];
}
