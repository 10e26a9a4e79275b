import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CustodyError, fromSystemError } from '../errors.ts';
import type { Finding } from '../finding.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { resolveRevision } from '../ledger/revision.ts';
import { digestFromBytes, type Digest } from '../objects/digest.ts';
import { readContent, readBytes } from '../objects/file.ts';
import { walkTree, type PathEntry, type TreeItem } from '../objects/tree.ts';
import { driveAsync, type Get } from '../objects/walk.ts';
import { checkFolder } from '../packets/seal/check.ts';
import { requirePacket } from '../packets/find-packet.ts';
import { shellWord } from '../system/shell-word.ts';
import { sweepTemporaries, temporaryName } from '../system/temporary-file.ts';

/** What {@link unpack} wrote. */
export interface Unpacked {
  readonly packet: Digest;
  readonly tree: Digest;
  readonly seal: Digest;
  /** Files and symlinks, with the two files of the seal. */
  readonly files: number;
  /** Bytes of their contents. */
  readonly size: number;
}

/**
 * Writes the packet that a revision names into a new folder, as `rehearse --out` would: whole, or not at all. It is made
 * beside that place, checked there against the seal that the ledger has, and gets its name then.
 * @param dir must not exist; its parent must.
 * @throws CustodyError USAGE, PATH_NOT_FOUND, REVISION_*, PACKET_BROKEN, OBJECT_MISSING, TREE_MALFORMED, DISK_FULL, …
 */
export async function unpack(
  ledger: Ledger,
  revision: string,
  dir: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<Unpacked> {
  const { id, packet } = await requirePacket(ledger, await resolveRevision(ledger, revision));
  if (existsSync(dir)) throw taken(dir);
  const get: Get = (object) => ledger.store.get(object);
  const work = await workFolder(dir);
  try {
    let [files, size] = [0, 0];
    for await (const entry of driveAsync(walkTree(packet.tree), get, { signal })) {
      await writeEntry(work, entry, get, signal);
      if (entry.entry.mode === 'dir') continue;
      files++;
      size += entry.entry.size;
    }
    const seal = digestFromBytes(packet.seal);
    const { findings } = await checkFolder(work, { expect: seal, signal });
    if (findings.length > 0) throw broken(revision, findings);
    await rename(work, dir);
    return { packet: id, tree: packet.tree.digest, seal, files, size };
  } catch (error) {
    throw fromSystemError(error, dir);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function taken(dir: string): CustodyError {
  return new CustodyError('USAGE', `${dir} exists already`, {
    path: dir,
    hint: 'Name a folder that does not exist; nothing is ever overwritten.',
  });
}

/** Whoever appends may have committed what no `commit` would take: a link that leads out, names that are one elsewhere. */
function broken(revision: string, findings: readonly Finding[]): CustodyError {
  return new CustodyError('PACKET_BROKEN', `the packet of ${revision} does not match its seal`, {
    findings,
    hint: `Run custody verify ${shellWord(revision)}; nothing was written.`,
  });
}

async function workFolder(dir: string): Promise<string> {
  sweepTemporaries(dirname(dir));
  const work = temporaryName(dirname(dir), 'folder');
  try {
    await mkdir(work, { mode: 0o700 });
    return work;
  } catch (error) {
    throw fromSystemError(error, dirname(dir));
  }
}

/** Rows of databases are for their owner: nobody else may read what is written. */
async function writeEntry(
  root: string,
  { path, entry }: PathEntry,
  get: Get,
  signal: AbortSignal,
): Promise<void> {
  const place = join(root, path);
  if (entry.mode === 'dir') await mkdir(place, { mode: 0o700 });
  else if (entry.mode === 'symlink') await symlink(Buffer.from(await readBytes(entry.link, get)), place);
  else await writeFile(place, entry, get, signal);
}

async function writeFile(
  place: string,
  { mode, link }: TreeItem,
  get: Get,
  signal: AbortSignal,
): Promise<void> {
  await using file = await open(place, 'wx', mode === 'exec' ? 0o700 : 0o600);
  for await (const piece of driveAsync(readContent(link), get, { signal })) await file.appendFile(piece);
}
