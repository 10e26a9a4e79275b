import { mkdir, open, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CustodyError, fromSystemError } from '../errors.ts';
import { requireOutside } from '../ledger/location.ts';
import type { Finding } from '../finding.ts';
import type { Digest } from '../objects/digest.ts';
import { readBytes, readContent } from '../objects/file.ts';
import type { Link } from '../objects/link.ts';
import { requireWithin } from '../objects/oversized.ts';
import { walkTree, type PathEntry, type TreeEntry } from '../objects/tree.ts';
import { driveAsync, type Get } from '../objects/walk.ts';
import { shellWord } from '../system/shell-word.ts';
import { checkFolder } from './seal/check.ts';
import { SEAL_NAME } from './seal/names.ts';
import { undo } from '../system/undo.ts';
import { isFree, WholeFolder } from '../system/whole-folder.ts';

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes that the packet's files may say to have together, unless so much is stored for them. */
  readonly limitSize?: number | undefined;
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

/** A packet that is written, under a temporary name; a killed process leaves nothing that is not swept. */
export interface PacketInMaking extends Written, AsyncDisposable {
  /** Gives it its place. @throws CustodyError USAGE where somebody else has it by now; IO_FAILED, … */
  readonly place: () => Promise<void>;
}

/**
 * Nothing may be in the folder for a packet, and it can be made where it is not there.
 * @throws CustodyError USAGE where it holds something; PATH_NOT_A_FOLDER, PERMISSION_DENIED, READ_ONLY, …
 */
export async function requirePlace(dir: string): Promise<void> {
  requireOutside(dir);
  const free = await isFree(dir).catch((error: unknown) => {
    throw fromSystemError(error, dir);
  });
  if (!free) throw notEmpty(dir);
}

function notEmpty(dir: string): CustodyError {
  return new CustodyError('USAGE', `${dir} is not empty`, {
    path: dir,
    hint: 'Give a folder that does not exist yet.',
  });
}

/** Writes a stored packet into a folder, whole or not at all. @throws CustodyError as {@link preparePacket}. */
export async function writePacket(...packet: Parameters<typeof preparePacket>): Promise<Written> {
  await using made = await preparePacket(...packet);
  await made.place();
  return { files: made.files, size: made.size };
}

/**
 * Writes a stored packet, and checks it against its seal before anything has its name. What is not placed is removed.
 * @throws CustodyError USAGE where the folder holds something, PACKET_BROKEN, OBJECT_MISSING, TREE_MALFORMED, DISK_FULL,
 *   PERMISSION_DENIED, INTERRUPTED, …
 */
export async function preparePacket(
  dir: string,
  { tree, seal }: { readonly tree: Link; readonly seal: Digest },
  get: Get,
  { signal, revision, limitSize, parents = false }: WriteOptions = {},
): Promise<PacketInMaking> {
  await requirePlace(dir);
  await requireWithin(await contentsOf(tree, get, signal), get, { signal, limitSize });
  const folder = await begin(dir, parents);
  try {
    const written = await writeTree(folder.work, tree, get, signal);
    const { findings } = await checkFolder(folder.work, { expect: seal, signal });
    if (findings.length > 0) throw broken(findings, revision);
    let placed = false;
    return {
      ...written,
      place: async () => {
        placed = await folder.place(SEAL_NAME).catch((error: unknown) => {
          throw fromSystemError(error, dir);
        });
        if (!placed) throw notEmpty(dir);
      },
      [Symbol.asyncDispose]: async () => {
        if (!placed) await folder.undo();
      },
    };
  } catch (error) {
    throw await undo(fromSystemError(error, dir), () => folder.undo());
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

/** @param parents whether the folders above are made where they are missing. */
async function begin(dir: string, parents: boolean): Promise<WholeFolder> {
  try {
    if (parents) await mkdir(dirname(dir), { recursive: true, mode: 0o700 });
    return await WholeFolder.begin(dir);
  } catch (error) {
    throw fromSystemError(error, dirname(dir));
  }
}

/** The content of each entry, as often as it is to be written. */
async function contentsOf(tree: Link, get: Get, signal: AbortSignal | undefined): Promise<Link[]> {
  const contents: Link[] = [];
  for await (const { entry } of driveAsync(walkTree(tree), get, signal ? { signal } : {}))
    if (entry.mode !== 'dir') contents.push(entry.link);
  return contents;
}

async function writeTree(
  root: string,
  tree: Link,
  get: Get,
  signal: AbortSignal | undefined,
): Promise<Written> {
  let [files, size] = [0, 0];
  for await (const entry of driveAsync(walkTree(tree), get, signal ? { signal } : {})) {
    size += await writeEntry(root, entry, get, signal);
    if (entry.entry.mode !== 'dir') files++;
  }
  return { files, size };
}

/** Rows of databases are for their owner: nobody else may read what is written. @returns bytes of content. */
async function writeEntry(
  root: string,
  { path, entry }: PathEntry,
  get: Get,
  signal: AbortSignal | undefined,
): Promise<number> {
  const place = join(root, path);
  if (entry.mode === 'dir') {
    await mkdir(place, { mode: 0o700 });
    return 0;
  }
  if (entry.mode !== 'symlink') return writeContent(place, entry, get, signal);
  const target = await readBytes(entry.link, get);
  await symlink(Buffer.from(target), place);
  return target.length;
}

async function writeContent(
  place: string,
  { mode, link }: TreeEntry,
  get: Get,
  signal: AbortSignal | undefined,
): Promise<number> {
  await using file = await open(place, 'wx', mode === 'exec' ? 0o700 : 0o600);
  let size = 0;
  for await (const piece of driveAsync(readContent(link), get, signal ? { signal } : {})) {
    await file.appendFile(piece);
    size += piece.length;
  }
  return size;
}
