import { CustodyError } from '../errors.ts';
import { cutPoint, MAX_BLOB, MAX_CHUNK } from './cutting/chunker.ts';
import { ByteWindow } from './cutting/byte-window.ts';
import { hash32 } from './cutting/cutter.ts';
import { digestFromBytes, digestToBytes, type Digest } from './digest.ts';
import { decodeKind, type ObjectOf } from './kinds.ts';
import type { Link } from './link.ts';
import { ListTreeBuilder } from './cutting/list-tree.ts';
import { sha256Hasher } from './sha256.ts';
import { putBlob, putObject, type ObjectSink } from './sink.ts';
import { openList } from './sound/list-walk.ts';
import { CHUNK_WEIGHT, childrenOf, type ListClaim } from './sound/lists.ts';
import { each, driveAsync, item, need, type Get, type Walk } from './walk.ts';

/** Longest content that is read. Lists of chunks may share: a few objects can claim petabytes. Bytes. */
export const MAX_CONTENT = 2 ** 44;

/** Longest content that {@link readWhole} puts into one array, bytes. */
export const MAX_WHOLE = 2 ** 30;

export interface StoredContent {
  /** A blob (raw) or a `file` (dag-cbor). */
  readonly link: Link;
  readonly size: number;
  /** SHA-256 of the whole content. */
  readonly sha256: Digest;
}

/**
 * Stores content of any length, given in pieces of any size, in bounded memory: a blob up to 1 MiB, else a `file` whose
 * chunks are cut by content. The same content gives the same link however it was split into pieces.
 */
export class ContentBuilder {
  readonly #sink: ObjectSink;
  readonly #hasher = sha256Hasher();
  readonly #pending = new ByteWindow();
  #size = 0;
  #chunks: ListTreeBuilder<number, [Link, number]> | undefined;

  constructor(sink: ObjectSink) {
    this.#sink = sink;
  }

  add(piece: Uint8Array): void {
    this.#hasher.update(piece);
    for (let at = 0; at < piece.length; at += MAX_CHUNK) {
      const part = piece.subarray(at, at + MAX_CHUNK);
      this.#pending.push(part);
      this.#size += part.length;
      // A cut needs MAX_CHUNK bytes in view, and whether this is a blob shows only above MAX_BLOB.
      while (this.#size > MAX_BLOB && this.#pending.length >= MAX_CHUNK) this.#cut();
    }
  }

  finish(): StoredContent {
    if (this.#chunks === undefined && this.#size <= MAX_BLOB) {
      const link = putBlob(this.#sink, this.#pending.take(this.#size));
      return { link, size: this.#size, sha256: link.digest };
    }
    while (this.#pending.length > 0) this.#cut();
    const sha256 = this.#hasher.hex() as Digest;
    const { root } = this.#tree().finish();
    const link = putObject(this.#sink, {
      kind: 'file',
      v: 1,
      size: this.#size,
      sha256: digestToBytes(sha256),
      chunks: root,
    });
    return { link, size: this.#size, sha256 };
  }

  #cut(): void {
    const chunk = this.#pending.take(cutPoint(this.#pending.view()));
    const link = putBlob(this.#sink, chunk);
    this.#tree().add(0, [link, chunk.length], chunk.length, CHUNK_WEIGHT, hash32(digestToBytes(link.digest)));
  }

  #tree(): ListTreeBuilder<number, [Link, number]> {
    return (this.#chunks ??= new ListTreeBuilder({
      leaf: (entries) => putObject(this.#sink, { kind: 'chunks', v: 1, level: 0, entries: [...entries] }),
      inner: (level, children) =>
        putObject(this.#sink, {
          kind: 'chunks',
          v: 1,
          level,
          entries: children.map((c) => [c.link, c.count]),
        }),
      weight: () => CHUNK_WEIGHT,
    }));
  }
}

/** {@link ContentBuilder} for content that is in memory. */
export function storeContent(sink: ObjectSink, bytes: Uint8Array): Link {
  const builder = new ContentBuilder(sink);
  builder.add(bytes);
  return builder.finish().link;
}

/** What content is called, without reading it: a blob's digest is its own, that of a longer one stands in its `file`. */
export function* contentDigest<T>(link: Link): Walk<T, Digest> {
  return link.codec === 'raw' ? link.digest : (yield* contentFacts<T>(link)).sha256;
}

/**
 * Size and SHA-256 of content as its `file` has them ({@link readContent} checks that they are so), or as a blob's bytes are.
 * @throws CustodyError OBJECT_KIND_UNEXPECTED, TREE_MALFORMED, OBJECT_TOO_LARGE above {@link MAX_CONTENT}, and what decoding throws.
 */
export function* contentFacts<T>(link: Link): Walk<T, StoredContent> {
  const bytes = yield* need<T>(link.digest);
  if (link.codec === 'raw') return { link, size: bytes.length, sha256: link.digest };
  const { size, sha256 } = readFile(link, bytes);
  return { link, size, sha256: digestFromBytes(sha256) };
}

function readFile(link: Link, bytes: Uint8Array): ObjectOf<'file'> {
  const file = decodeKind('file', bytes, link.digest);
  tooLarge(link, file.size, MAX_CONTENT);
  return file;
}

/**
 * The bytes behind a link to content, chunk by chunk; sizes, order and the whole SHA-256 are checked.
 * What a list claims is compared with the claim above it before anything below is read.
 * @throws CustodyError OBJECT_TOO_LARGE above {@link MAX_CONTENT}, TREE_MALFORMED, OBJECT_KIND_UNEXPECTED and what decoding throws.
 */
export function* readContent(link: Link): Walk<Uint8Array> {
  const bytes = yield* need<Uint8Array>(link.digest);
  if (link.codec === 'raw') return yield* item(bytes);
  const file = readFile(link, bytes);
  const hasher = sha256Hasher();
  yield* readChunks(file.chunks, undefined, file.size, hasher);
  if (hasher.hex() !== digestFromBytes(file.sha256)) {
    throw new CustodyError(
      'TREE_MALFORMED',
      `the chunks of ${link.digest} do not make up the file it describes`,
      { path: link.digest },
    );
  }
}

function tooLarge(link: Link, size: number, limit: number): void {
  if (size > limit) {
    const message = `content of ${size} bytes; at most ${limit} are read`;
    throw new CustodyError('OBJECT_TOO_LARGE', message, { path: link.digest });
  }
}

function* readChunks(
  link: Link,
  level: number | undefined,
  claimed: number,
  hasher: { update(b: Uint8Array): void },
): Walk<Uint8Array> {
  const claim = { level, count: claimed };
  const list = openList(['chunks'], link, yield* need<Uint8Array>(link.digest), claim);
  for (const [child, size] of list.entries) {
    if (list.level > 0) {
      yield* readChunks(child, list.level - 1, size, hasher);
      continue;
    }
    const bytes = yield* need<Uint8Array>(child.digest);
    if (bytes.length !== size)
      throw new CustodyError('TREE_MALFORMED', `a chunk has ${bytes.length} bytes, not ${size}`, {
        path: link.digest,
      });
    hasher.update(bytes);
    yield* item(bytes);
  }
}

/**
 * Checks the lists of a `file`, each once however often it is linked, and reads no chunk.
 * @param known lists that were checked, with their level and size; those of several files may share it.
 * @param onChunk is told of each chunk in each list that was not known.
 * @throws CustodyError as {@link readContent}.
 */
export function* listsOf<T>(
  link: Link,
  known: Map<Digest, ListClaim>,
  onChunk: (chunk: Link, size: number) => void = () => undefined,
): Walk<T> {
  const { chunks, size } = readFile(link, yield* need<T>(link.digest));
  const stack: { link: Link; claim: ListClaim }[] = [{ link: chunks, claim: { count: size } }];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { link: at, claim } = next;
    const met = known.get(at.digest);
    if (met && met.count === claim.count && (claim.level === undefined || claim.level === met.level))
      continue;
    const list = openList(['chunks'], at, yield* need<T>(at.digest), claim);
    known.set(at.digest, { level: list.level, count: claim.count });
    if (list.level === 0) for (const [child, length] of list.entries) onChunk(child, length);
    stack.push(...childrenOf(list));
  }
}

/** All of it in one array: for content that is known to be small. @throws CustodyError OBJECT_TOO_LARGE above `limit`. */
export function* readWhole(link: Link, limit = MAX_WHOLE): Walk<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  yield* each<Uint8Array, Uint8Array>(readContent(link), (piece) => {
    pieces.push(piece);
    tooLarge(link, (size += piece.length), limit);
  });
  yield* item(pieces.length === 1 ? pieces[0]! : new Uint8Array(Buffer.concat(pieces)));
}

/** The whole content behind a link. */
export async function readBytes(link: Link, get: Get): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const bytes of driveAsync(readWhole(link), get)) pieces.push(bytes);
  return pieces.length === 1 ? pieces[0]! : new Uint8Array(Buffer.concat(pieces));
}
