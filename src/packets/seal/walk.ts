/**
 * What is in a packet folder, with every fault of names and kinds that can be seen without opening a file
 * (spec/FORMAT.md, "Packets"). Shared by sealing, checking and the ledger's ingest.
 */
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { codeOf, CustodyError, fromSystemError, hasCode } from '../../errors.ts';
import { compareFindings, finding } from '../../finding.ts';
import type { Finding, FindingCode } from '../../finding.ts';
import { comparePaths, decodeName, findCollisions, isControlPath, nameFault, showName } from './names.ts';
import { resolveLink } from './link.ts';

export type EntryMode = 'file' | 'exec' | 'symlink' | 'dir';

export interface FolderEntry {
  /** Relative to the packet, `/` between names, exactly the bytes on disk (not normalised). */
  readonly path: string;
  /** `exec`: the owner may execute it, as git has it. The seal covers contents and names, not modes. */
  readonly mode: EntryMode;
  /** Bytes of content; of a symlink, those of the file it leads to; 0 for a folder. */
  readonly size: number;
  /** A symlink's own text. */
  readonly target?: string;
  /** Absolute path of the content, free of links below the packet's folder. */
  readonly location: Buffer;
  /** As found by the walk: what is read later must still be this. */
  readonly stats: BigIntStats;
}

export interface FolderWalk {
  /** Absolute real path of the folder. */
  readonly root: Buffer;
  /** What is acceptable, sorted by the bytes of the path; includes folders and the two files of the seal. */
  readonly entries: readonly FolderEntry[];
  /** Paths that are there but refused or unreadable, with all that lies below them: each has its finding. */
  readonly covered: ReadonlySet<string>;
  /** Sorted by compareFindings. */
  readonly findings: readonly Finding[];
}

export interface WalkOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lists a folder, recursively, following no symlink to a folder and opening no file (a device is never touched).
 * Names and kinds that a packet must not hold become findings and are left out of `entries`.
 *
 * @throws CustodyError PATH_NOT_FOUND, PATH_NOT_A_FOLDER, PERMISSION_DENIED (the folder itself), IO_FAILED, INTERRUPTED.
 */
export async function walkFolder(dir: string, options: WalkOptions = {}): Promise<FolderWalk> {
  const root = await openRoot(dir);
  const walk = new Walk(root);
  const pending: Place[] = [{ location: root, path: '', depth: 0, refused: false }];
  for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
    stopIfAborted(options.signal);
    for (const name of await walk.list(place)) pending.push(...(await walk.visit(place, name)));
  }
  return walk.finish();
}

/** @throws CustodyError INTERRUPTED when the signal has fired. */
export function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    throw new CustodyError('INTERRUPTED', 'stopped before it was done', {
      cause: signal.reason,
      hint: 'Run the command again; nothing was changed.',
    });
  }
}

async function openRoot(dir: string): Promise<Buffer> {
  try {
    if (!(await stat(dir)).isDirectory()) {
      throw new CustodyError('PATH_NOT_A_FOLDER', `${dir} is not a folder`, {
        path: dir,
        hint: 'Give a folder.',
      });
    }
    return await realpath(dir, { encoding: 'buffer' });
  } catch (error) {
    throw fromSystemError(error, dir);
  }
}

/** A folder still to be listed. */
interface Place {
  readonly location: Buffer;
  /** Printable relative path; '' for the top. The exact path unless `refused`. */
  readonly path: string;
  readonly depth: number;
  /** A name on the way here was refused: what is below is covered by that finding. */
  readonly refused: boolean;
}

class Walk {
  readonly #root: Buffer;
  readonly #entries: FolderEntry[] = [];
  readonly #names = new Set<string>();
  readonly #covered = new Set<string>();
  readonly #findings: Finding[] = [];

  constructor(root: Buffer) {
    this.#root = root;
  }

  /** The names in a folder; none, and a finding, when it cannot be read. Throws for the top itself. */
  async list(place: Place): Promise<Buffer[]> {
    try {
      return await readdir(place.location, { encoding: 'buffer' });
    } catch (error) {
      if (place.path === '') throw fromSystemError(error, place.location.toString());
      this.#unreadable(place.path, error);
      return [];
    }
  }

  /** Takes in one name; gives the folder it is, if it is one. */
  async visit(place: Place, name: Buffer): Promise<Place[]> {
    const location = Buffer.concat([place.location, SLASH, name]);
    const text = decodeName(name);
    const path = join(place.path, place.refused || text === undefined ? showName(name) : text);
    let stats: BigIntStats;
    try {
      stats = await lstat(location, { bigint: true });
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return []; // it went away since the folder was listed
      this.#unreadable(path, error);
      return [];
    }

    const fault = nameFault(text, path);
    const shown = fault === undefined ? path : join(place.path, showName(name));
    if (fault !== undefined) this.#report(fault[0], shown, fault[1]);
    if (text !== undefined && !place.refused) this.#names.add(path);
    const refused = place.refused || fault !== undefined;
    const entry = await this.#classify(location, shown, place.depth, stats);
    if (entry !== undefined && !refused) this.#entries.push(entry);
    return stats.isDirectory() ? [{ location, path: shown, depth: place.depth + 1, refused }] : [];
  }

  async #classify(
    location: Buffer,
    path: string,
    depth: number,
    stats: BigIntStats,
  ): Promise<FolderEntry | undefined> {
    if (isControlPath(path) && !stats.isFile()) {
      this.#report('SPECIAL_FILE', path, 'must be a regular file');
      return undefined;
    }
    if (stats.isDirectory()) return { path, mode: 'dir', size: 0, location, stats };
    if (stats.isFile()) {
      const mode = (stats.mode & 0o100n) === 0n ? 'file' : 'exec';
      return { path, mode, size: Number(stats.size), location, stats };
    }
    if (!stats.isSymbolicLink()) {
      this.#report('SPECIAL_FILE', path, 'a device, a socket or a pipe');
      return undefined;
    }
    const link = await resolveLink(this.#root, location, depth);
    if ('code' in link) {
      this.#report(link.code, path, link.detail);
      return undefined;
    }
    return { path, mode: 'symlink', size: Number(link.stats.size), ...link };
  }

  finish(): FolderWalk {
    for (const { path, with: other } of findCollisions(this.#names)) {
      // Not covered: both are there, and their contents are still compared with the manifest.
      this.#findings.push(
        finding('NAME_COLLISION', path, `the same name as ${JSON.stringify(other)} on other systems`),
      );
    }
    return {
      root: this.#root,
      entries: this.#entries.sort((a, b) => comparePaths(a.path, b.path)),
      covered: this.#covered,
      findings: this.#findings.sort(compareFindings),
    };
  }

  #unreadable(path: string, error: unknown): void {
    if (isOurShortage(error)) throw fromSystemError(error, path);
    this.#report('FILE_UNREADABLE', path, errorText(error));
  }

  #report(code: FindingCode, path: string, detail: string): void {
    this.#covered.add(path);
    this.#findings.push(finding(code, path, detail));
  }
}

const SLASH = Buffer.from('/');

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Too many open files, no memory: our trouble, which says nothing about the evidence. */
export function isOurShortage(error: unknown): boolean {
  return codeOf(error) === undefined || hasCode(error, 'EMFILE', 'ENFILE', 'ENOMEM');
}
