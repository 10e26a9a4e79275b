import { lstat, mkdir, open, readdir, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isThere } from '../system/is-there.ts';
import { CustodyError, fromSystemError, hasCode } from '../errors.ts';
import type { Finding } from '../finding.ts';
import type { Digest } from '../objects/digest.ts';
import { readBytes, readContent } from '../objects/file.ts';
import type { Link } from '../objects/link.ts';
import { walkTree, type PathEntry, type TreeItem } from '../objects/tree.ts';
import { driveAsync, type Get } from '../objects/walk.ts';
import { shellWord } from '../system/shell-word.ts';
import { checkFolder } from './seal/check.ts';
import { sweepTemporaries, temporaryName } from '../system/temporary-file.ts';
import { undo } from '../system/undo.ts';

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
  /** What the packet is called, for an error. */
  readonly revision?: string;
  /** Whether the folders above are made where they are missing. */
  readonly parents?: boolean;
}

/** What {@link writePacket} wrote. */
export interface Written {
  /** Files and symlinks, with the two files of the seal. */
  readonly files: number;
  /** Bytes of their contents. */
  readonly size: number;
  /** Takes away again what was written, and nothing else. */
  readonly undo: () => Promise<void>;
}

/** @throws CustodyError USAGE where the folder for a packet holds something; PERMISSION_DENIED, PATH_NOT_A_FOLDER, … */
export async function requireEmpty(dir: string): Promise<void> {
  if (!isThere(dir)) return;
  const names = await readdir(dir).catch((error: unknown) => {
    throw fromSystemError(error, dir);
  });
  if (names.length > 0)
    throw new CustodyError('USAGE', `${dir} is not empty`, {
      path: dir,
      hint: 'Give a folder that does not exist yet.',
    });
}

/**
 * Writes a stored packet into a folder, whole or not at all: it is checked against its seal before anything has its name.
 * A new folder is made beside its place first. An empty one may be a mount point, which nothing can be renamed to: it is
 * made inside, and moved up name by name. Nothing is ever removed that was not written here.
 * @throws CustodyError USAGE where the folder holds something, PACKET_BROKEN, OBJECT_MISSING, TREE_MALFORMED, DISK_FULL,
 *   PERMISSION_DENIED, INTERRUPTED, …
 */
export async function writePacket(
  dir: string,
  { tree, seal }: { readonly tree: Link; readonly seal: Digest },
  get: Get,
  { signal, revision, parents = false }: WriteOptions = {},
): Promise<Written> {
  const filled = isThere(dir);
  if (filled) await requireEmpty(dir);
  const work = await workFolder(filled ? dir : dirname(dir), parents);
  const placed: string[] = [];
  const undoPlaced = async (): Promise<void> => {
    for (const name of placed) await rm(join(dir, name), { recursive: true, force: true });
    // What somebody else has put there meanwhile stays, and so does the folder then.
    if (filled) return;
    await rmdir(dir).catch((error: unknown) => {
      if (!hasCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error;
    });
  };
  try {
    const written = await writeTree(work, tree, get, signal);
    const { findings } = await checkFolder(work, { expect: seal, signal });
    if (findings.length > 0) throw broken(findings, revision);
    const names = (await readdir(work)).sort();
    if (!filled) {
      await rename(work, dir);
      placed.push(...names);
    }
    for (const name of filled ? names : []) {
      await claim(join(dir, name), join(work, name));
      placed.push(name);
      await rename(join(work, name), join(dir, name));
    }
    if (filled) await rmdir(work);
    return { ...written, undo: undoPlaced };
  } catch (error) {
    throw await undo(fromSystemError(error, dir), async () => {
      await rm(work, { recursive: true, force: true });
      if (filled) await undoPlaced();
    });
  }
}

/**
 * Makes a name that nobody has yet, of the kind that is to be renamed to it: a rename replaces silently, and of two who
 * look first and rename then, both find the name free.
 * @throws CustodyError USAGE where somebody has it.
 */
async function claim(place: string, content: string): Promise<void> {
  try {
    if ((await lstat(content)).isDirectory()) await mkdir(place, { mode: 0o700 });
    else await (await open(place, 'wx', 0o600)).close();
  } catch (error) {
    if (hasCode(error, 'EEXIST')) await requireEmpty(dirname(place));
    throw error;
  }
}

/** Whoever appends may have committed what no `commit` would take: a link that leads out, names that are one elsewhere. */
function broken(findings: readonly Finding[], revision: string | undefined): CustodyError {
  const what = revision === undefined ? 'the packet' : `the packet of ${revision}`;
  const verify = revision === undefined ? '' : `Run custody verify ${shellWord(revision)}; `;
  return new CustodyError('PACKET_BROKEN', `${what} does not match its seal`, {
    findings,
    hint: `${verify}nothing was written.`,
  });
}

/** @param parents whether `place` is made where it is missing. */
async function workFolder(place: string, parents: boolean): Promise<string> {
  try {
    if (parents) await mkdir(place, { recursive: true, mode: 0o700 });
    sweepTemporaries(place);
    const work = temporaryName(place, 'folder');
    await mkdir(work, { mode: 0o700 });
    return work;
  } catch (error) {
    throw fromSystemError(error, place);
  }
}

async function writeTree(
  root: string,
  tree: Link,
  get: Get,
  signal: AbortSignal | undefined,
): Promise<Omit<Written, 'undo'>> {
  let [files, size] = [0, 0];
  for await (const entry of driveAsync(walkTree(tree), get, signal ? { signal } : {})) {
    await writeEntry(root, entry, get, signal);
    if (entry.entry.mode === 'dir') continue;
    files++;
    size += entry.entry.size;
  }
  return { files, size };
}

/** Rows of databases are for their owner: nobody else may read what is written. */
async function writeEntry(
  root: string,
  { path, entry }: PathEntry,
  get: Get,
  signal: AbortSignal | undefined,
): Promise<void> {
  const place = join(root, path);
  if (entry.mode === 'dir') await mkdir(place, { mode: 0o700 });
  else if (entry.mode === 'symlink') await symlink(Buffer.from(await readBytes(entry.link, get)), place);
  else await writeContent(place, entry, get, signal);
}

async function writeContent(
  place: string,
  { mode, link }: TreeItem,
  get: Get,
  signal: AbortSignal | undefined,
): Promise<void> {
  await using file = await open(place, 'wx', mode === 'exec' ? 0o700 : 0o600);
  for await (const piece of driveAsync(readContent(link), get, signal ? { signal } : {}))
    await file.appendFile(piece);
}
