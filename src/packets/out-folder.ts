import { mkdir, open, readdir, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isThere } from '../system/is-there.ts';
import { CustodyError, fromSystemError } from '../errors.ts';
import type { Finding } from '../finding.ts';
import type { Digest } from '../objects/digest.ts';
import { readBytes, readContent } from '../objects/file.ts';
import type { Link } from '../objects/link.ts';
import { walkTree, type PathEntry, type TreeItem } from '../objects/tree.ts';
import { driveAsync, type Get } from '../objects/walk.ts';
import { shellWord } from '../system/shell-word.ts';
import { checkFolder } from './seal/check.ts';
import { sweepTemporaries, temporaryName } from '../system/temporary-file.ts';

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
 * A new folder is made beside its place first; an empty one may be a mount point, which nothing can be renamed to, and is
 * filled, or emptied again.
 * @throws CustodyError PACKET_BROKEN, OBJECT_MISSING, TREE_MALFORMED, DISK_FULL, PERMISSION_DENIED, INTERRUPTED, …
 */
export async function writePacket(
  dir: string,
  { tree, seal }: { readonly tree: Link; readonly seal: Digest },
  get: Get,
  { signal, revision, parents = false }: WriteOptions = {},
): Promise<Written> {
  const filled = isThere(dir);
  const work = filled ? dir : await workFolder(dir, parents);
  let done = false;
  try {
    const written = await writeTree(work, tree, get, signal);
    const { findings } = await checkFolder(work, { expect: seal, signal });
    if (findings.length > 0) throw broken(findings, revision);
    if (!filled) await rename(work, dir);
    done = true;
    return written;
  } catch (error) {
    throw fromSystemError(error, dir);
  } finally {
    if (!done) await discard(work, { folder: !filled });
  }
}

/** Removes a folder that was written, or what is in it. */
async function discard(dir: string, { folder }: { readonly folder: boolean }): Promise<void> {
  const places = folder ? [dir] : (await readdir(dir)).map((name) => join(dir, name));
  for (const place of places) await rm(place, { recursive: true, force: true });
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

async function workFolder(dir: string, parents: boolean): Promise<string> {
  try {
    if (parents) await mkdir(dirname(dir), { recursive: true, mode: 0o700 });
    sweepTemporaries(dirname(dir));
    const work = temporaryName(dirname(dir), 'folder');
    await mkdir(work, { mode: 0o700 });
    return work;
  } catch (error) {
    throw fromSystemError(error, dirname(dir));
  }
}

async function writeTree(
  root: string,
  tree: Link,
  get: Get,
  signal: AbortSignal | undefined,
): Promise<Written> {
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
