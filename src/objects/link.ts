import { CustodyError } from '../errors.ts';
import { digestFromBytes, digestToBytes, type Digest } from './digest.ts';

/** What an object's bytes are: raw bytes (a blob) or a DAG-CBOR document. */
export type Codec = 'raw' | 'dag-cbor';

/** Multicodec numbers: https://github.com/multiformats/multicodec (raw, dag-cbor, sha2-256). */
const RAW = 0x55;
const DAG_CBOR = 0x71;
const SHA2_256 = 0x12;

/** A link from one object to another: CIDv1, sha2-256, codec raw or dag-cbor. */
export class Link {
  readonly digest: Digest;
  readonly codec: Codec;

  constructor(digest: Digest, codec: Codec) {
    this.digest = digest;
    this.codec = codec;
  }

  equals(other: Link): boolean {
    return this.digest === other.digest && this.codec === other.codec;
  }
}

export const rawLink = (digest: Digest): Link => new Link(digest, 'raw');
export const nodeLink = (digest: Digest): Link => new Link(digest, 'dag-cbor');

/**
 * The 37 bytes inside tag 42: the identity multibase prefix 0x00, then the CID
 * (version 1, codec, sha2-256, length 32, digest). https://ipld.io/specs/codecs/dag-cbor/spec/#links
 */
export function linkToBytes(link: Link): Uint8Array {
  const out = new Uint8Array(37);
  out.set([0, 1, link.codec === 'raw' ? RAW : DAG_CBOR, SHA2_256, 32]);
  out.set(digestToBytes(link.digest), 5);
  return out;
}

/** @throws CustodyError OBJECT_NOT_CANONICAL unless the bytes are exactly what {@link linkToBytes} writes. */
export function linkFromBytes(bytes: unknown): Link {
  if (
    !(bytes instanceof Uint8Array) ||
    bytes.length !== 37 ||
    bytes[0] !== 0 ||
    bytes[1] !== 1 ||
    (bytes[2] !== RAW && bytes[2] !== DAG_CBOR) ||
    bytes[3] !== SHA2_256 ||
    bytes[4] !== 32
  ) {
    throw new CustodyError(
      'OBJECT_NOT_CANONICAL',
      'a link is not a CIDv1 with sha2-256 and codec raw or dag-cbor',
    );
  }
  return new Link(digestFromBytes(bytes.subarray(5)), bytes[2] === RAW ? 'raw' : 'dag-cbor');
}
