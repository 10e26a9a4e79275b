import { digestFromBytes, type Digest } from '../../objects/digest.ts';
import { ContentBuilder, readWhole, type StoredContent } from '../../objects/file.ts';
import { decodeKind } from '../../objects/kinds.ts';
import { Link } from '../../objects/link.ts';
import type { ObjectSpool } from '../../objects/sink.ts';
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
  if (content instanceof Link && content.codec === 'raw') return { link: content, sha256: content.digest };
  return storedContent(content, { get, put: () => undefined });
}

/** Stores what is no link; of a link it says what the `file` says. @throws what decoding that throws; OBJECT_MISSING. */
export function storedContent(
  content: PacketContent,
  objects: Pick<ObjectSpool, 'get' | 'put'>,
): StoredContent {
  if (content instanceof Link) {
    const bytes = objects.get(content.digest);
    if (content.codec === 'raw') return { link: content, size: bytes.length, sha256: content.digest };
    const { size, sha256 } = decodeKind('file', bytes, content.digest);
    return { link: content, size, sha256: digestFromBytes(sha256) };
  }
  const builder = new ContentBuilder(objects);
  builder.add(typeof content === 'string' ? Buffer.from(content) : content);
  return builder.finish();
}

/** Small content, whole. @throws CustodyError OBJECT_TOO_LARGE, OBJECT_MISSING. */
export function contentBytes(link: Link, get: GetSync): Uint8Array {
  return [...driveSync(readWhole(link), get)][0]!;
}
