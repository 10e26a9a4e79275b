/**
 * Symlinks in a packet: where one really leads, decided lexically first (so that a packet means the same wherever it
 * lies) and then by the kernel (so that no folder on the way deceives). spec/FORMAT.md, "Packets".
 */
import { lstat, readlink, realpath } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { codeOf } from '../../errors.ts';
import type { FindingCode } from '../../finding.ts';
import { decodeName, isControlPath } from './names.ts';

export interface ResolvedLink {
  /** The link's own text. */
  readonly target: string;
  /** Absolute path, free of links, of the regular file it leads to. */
  readonly location: Buffer;
  readonly stats: BigIntStats;
}

export interface RefusedLink {
  readonly code: FindingCode;
  readonly detail: string;
}

/**
 * Follows the symlink at `location` (absolute) inside `root` (absolute, real), `depth` folders below it.
 * Reads link texts and file attributes only; opens nothing.
 */
export async function resolveLink(
  root: Buffer,
  location: Buffer,
  depth: number,
): Promise<ResolvedLink | RefusedLink> {
  try {
    const text = await readlink(location, { encoding: 'buffer' });
    const target = decodeName(text);
    if (target === undefined) return refuse('NAME_NOT_UTF8', 'the link leads to a name that is not UTF-8');
    if (target.startsWith('/'))
      return refuse('SYMLINK_ESCAPES', `leads to an absolute path, ${JSON.stringify(target)}`);
    if (climbsOut(target, depth))
      return refuse('SYMLINK_ESCAPES', `climbs out of the packet, ${JSON.stringify(target)}`);

    const real = await realpath(location, { encoding: 'buffer' });
    const inside = relativeTo(root, real);
    if (inside === undefined)
      return refuse('SYMLINK_ESCAPES', `really leads out of the packet, ${JSON.stringify(target)}`);
    const stats = await lstat(real, { bigint: true });
    if (stats.isDirectory())
      return refuse('SYMLINK_TO_FOLDER', `leads to a folder, ${JSON.stringify(target)}`);
    if (!stats.isFile())
      return refuse('SPECIAL_FILE', `leads to a device, a socket or a pipe, ${JSON.stringify(target)}`);
    // The manifest cannot hold the hash of itself or of its seal.
    if (isSealItself(inside))
      return refuse('SYMLINK_ESCAPES', 'leads to the seal, which is not part of what is sealed');
    return { target, location: real, stats };
  } catch (error) {
    return refusalOf(error);
  }
}

function refuse(code: FindingCode, detail: string): RefusedLink {
  return { code, detail };
}

/** Whether any prefix of the relative path `target` leaves the top, starting `depth` folders below it. */
function climbsOut(target: string, depth: number): boolean {
  let level = depth;
  for (const segment of target.split('/')) {
    if (segment === '..') level--;
    else if (segment !== '' && segment !== '.') level++;
    if (level < 0) return true;
  }
  return false;
}

/** `real` relative to `root`; undefined when it is not inside ('' for the root itself). */
function relativeTo(root: Buffer, real: Buffer): Buffer | undefined {
  if (real.equals(root)) return Buffer.alloc(0);
  const prefix = root.at(-1) === 0x2f ? root : Buffer.concat([root, Buffer.from('/')]);
  return real.subarray(0, prefix.length).equals(prefix) ? real.subarray(prefix.length) : undefined;
}

function isSealItself(inside: Buffer): boolean {
  const path = decodeName(inside);
  return path !== undefined && isControlPath(path);
}

function refusalOf(error: unknown): RefusedLink {
  const code = codeOf(error);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return refuse('SYMLINK_ESCAPES', 'leads nowhere');
    case 'ELOOP':
      return refuse('SYMLINK_ESCAPES', 'leads in a circle');
    case 'EACCES':
    case 'EPERM':
    case 'EIO':
    case 'ENAMETOOLONG':
      return refuse('FILE_UNREADABLE', `cannot be followed: ${code}`);
    default:
      throw error;
  }
}
