import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fromSystemError } from '../../errors.ts';
import { digestFromBytes, digestOf, type Digest } from '../../objects/digest.ts';
import { readContent, readWhole, storeContent } from '../../objects/file.ts';
import { decodeKind } from '../../objects/kinds.ts';
import { Link } from '../../objects/link.ts';
import { driveSync } from '../../objects/walk.ts';

/** A file of a packet: its text, its bytes, or a link to content, which may be too large for memory. */
export type PacketContent = string | Uint8Array | Link;
/** By path, `/` between names. */
export type PacketFiles = ReadonlyMap<string, PacketContent>;
export type GetSync = (id: Digest) => Uint8Array;

/** How a `tree` names a file's content. */
export interface ContentIdentity {
  readonly link: Link;
  readonly sha256: Digest;
}

/** What the content is called, without reading it where it is a link. @throws what decoding the linked `file` throws. */
export function contentIdentity(content: PacketContent, get: GetSync): ContentIdentity {
  if (content instanceof Link) {
    if (content.codec === 'raw') return { link: content, sha256: content.digest };
    const { sha256 } = decodeKind('file', get(content.digest), content.digest);
    return { link: content, sha256: digestFromBytes(sha256) };
  }
  const bytes = typeof content === 'string' ? new Uint8Array(Buffer.from(content)) : content;
  return { link: storeContent({ put: () => undefined }, bytes), sha256: digestOf(bytes) };
}

/** Small content, whole. @throws CustodyError OBJECT_TOO_LARGE, OBJECT_MISSING. */
export function contentBytes(link: Link, get: GetSync): Uint8Array {
  return [...driveSync(readWhole(link), get)][0]!;
}

/**
 * Writes the files into an existing, empty folder; linked content chunk by chunk.
 * @throws CustodyError DISK_FULL, READ_ONLY, PERMISSION_DENIED, IO_FAILED; OBJECT_MISSING, TREE_MALFORMED for links.
 */
export async function writeFiles(dir: string, files: PacketFiles, get: GetSync): Promise<void> {
  for (const [name, content] of files) {
    const path = join(dir, name);
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await using file = await open(path, 'wx', 0o600);
      for (const piece of piecesOf(content, get)) await file.appendFile(piece);
    } catch (error) {
      throw fromSystemError(error, path);
    }
  }
}

function piecesOf(content: PacketContent, get: GetSync): Iterable<string | Uint8Array> {
  return content instanceof Link ? driveSync(readContent(content), get) : [content];
}
