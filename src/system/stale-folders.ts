import { lstatSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromSystemError } from '../errors.ts';
import { identityOf, isRunning } from './process-identity.ts';
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
  const owner = identityOf(process.pid);
  if (owner === undefined) return;
  writeFileSync(join(folder, OWNER_FILE), `${owner.world}\n${owner.pid}\n${owner.start}\n`, {
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
  for (const name of namesIn(parent).filter((entry) => entry.startsWith(prefix))) {
    const folder = join(parent, name);
    try {
      const stat = lstatSync(folder);
      if (!stat.isDirectory() || !uids.includes(stat.uid)) continue;
      const [world = '', pid = '', start = ''] = (await noteIn(folder)).split('\n');
      if (!/^\d+$/.test(pid) || !/^\d+$/.test(start)) continue;
      if (isRunning({ world, pid: Number(pid), start }) === false && (await release(folder)))
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
