import type { Digest } from '../../objects/digest.ts';
import { readWhole, storeContent } from '../../objects/file.ts';
import { Link } from '../../objects/link.ts';
import type { ObjectSink } from '../../objects/sink.ts';
import { driveSync } from '../../objects/walk.ts';

/** A file of a packet: its text, its bytes, or a link to content, which may be too large for memory. */
export type PacketContent = string | Uint8Array | Link;
/** By path, `/` between names. */
export type PacketFiles = ReadonlyMap<string, PacketContent>;
export type GetSync = (id: Digest) => Uint8Array;

/** Stores what is no link yet. */
export function storedContent(content: PacketContent, sink: ObjectSink): Link {
  if (content instanceof Link) return content;
  return storeContent(sink, typeof content === 'string' ? Buffer.from(content) : content);
}

/** Small content, whole. @throws CustodyError OBJECT_TOO_LARGE, OBJECT_MISSING. */
export function contentBytes(link: Link, get: GetSync): Uint8Array {
  return [...driveSync(readWhole(link), get)][0]!;
}
