import type { Digest } from './digest.ts';
import type { AnyObject } from './kinds.ts';
import { encodeObject } from './kinds.ts';
import { digestOf } from './digest.ts';
import { rawLink, type Codec, type Link } from './link.ts';

/** Where builders put what they make. Synchronous: a writer fills its own pack, with no lock held. */
export interface ObjectSink {
  /** `digest` is the SHA-256 of `bytes`; implementations may rely on that only after the hashing decorator. */
  put(codec: Codec, digest: Digest, bytes: Uint8Array): void;
}

/**
 * Objects in the making, which can be read back before anything of them is published: a rehearsal's, a packet's.
 * `get` is no method: walks are driven with it.
 */
export interface ObjectSpool extends ObjectSink {
  /** Re-hashed where it comes from a disk. @throws OBJECT_MISSING, OBJECT_CORRUPT, PACK_CORRUPT, IO_FAILED. */
  readonly get: (digest: Digest) => Uint8Array;
  has(digest: Digest): boolean;
}

/** Where readers get bytes from; what comes back was re-hashed. @throws OBJECT_MISSING, OBJECT_CORRUPT. */
export interface ObjectSource {
  get(digest: Digest): Promise<Uint8Array>;
}

/** Encodes and stores a structured object. */
export function putObject(sink: ObjectSink, object: AnyObject): Link {
  const { link, bytes } = encodeObject(object);
  sink.put('dag-cbor', link.digest, bytes);
  return link;
}

/** Stores raw bytes (at most 1 MiB: longer content goes through file.ts). */
export function putBlob(sink: ObjectSink, bytes: Uint8Array): Link {
  const digest = digestOf(bytes);
  sink.put('raw', digest, bytes);
  return rawLink(digest);
}
