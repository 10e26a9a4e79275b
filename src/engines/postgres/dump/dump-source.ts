import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip, gunzipSync, constants } from 'node:zlib';
import { CustodyError, fromSystemError } from '../../../errors.ts';
import { parseDigest, type Digest } from '../../../objects/digest.ts';
import { ContentBuilder, type StoredContent } from '../../../objects/file.ts';
import { sha256Hasher } from '../../../objects/sha256.ts';
import type { ObjectSink } from '../../../objects/sink.ts';
import { openRegular } from '../../../system/regular-file.ts';
import { openLocated } from '../../source-path.ts';

const HEADER = /^-- PostgreSQL database dump\r?$/m;
/** The last comment of every plain dump: without it the file was cut off. */
export const TRAILER = '-- PostgreSQL database dump complete';
/** How far into the file the header may be: tools write banners of their own above it. */
const HEAD_BYTES = 16_384;

/** Whether the file is a plain dump by pg_dump, gzipped or not. @throws CustodyError PATH_NOT_FOUND, PERMISSION_DENIED, … */
export async function isPlainDump(path: string): Promise<boolean> {
  return HEADER.test((await readHead(path)).toString('latin1'));
}

/** A dump's text in pieces, with the digest of the file's own bytes as they were read. */
export class DumpSource {
  readonly #path: string;
  readonly #hasher = sha256Hasher();

  /** @param path with links resolved: nothing that it leads to later is read. */
  constructor(path: string) {
    this.#path = path;
  }

  /** @throws CustodyError DUMP_MALFORMED for damaged or cut gzip data, SOURCE_CHANGED, PATH_NOT_FOUND, IO_FAILED, … */
  async *text(): AsyncGenerator<Buffer> {
    const zipped = isGzip(await readHead(this.#path, true));
    await using handle = await openLocated(this.#path);
    const file = handle.createReadStream({ highWaterMark: 262_144, autoClose: false });
    // The 'data' listener would make the stream flow by itself; a generator hashes what is really read.
    const hashed = hashing(file as AsyncIterable<Buffer>, (bytes) => this.#hasher.update(bytes));
    if (!zipped) {
      yield* mapErrors(hashed, (error) => fromSystemError(error, this.#path));
      return;
    }
    const gunzip = createGunzip({ chunkSize: 262_144 });
    const feeding = feed(hashed, gunzip);
    feeding.catch(() => undefined); // reported below, through the stream
    yield* mapErrors(gunzip as AsyncIterable<Buffer>, (error) => this.#damaged(error));
    await feeding;
  }

  /** SHA-256 of the file; only after {@link text} came to its end. */
  digest(): Digest {
    return parseDigest(this.#hasher.hex());
  }

  #damaged(cause: unknown): unknown {
    const code = (cause as { code?: unknown }).code;
    if (typeof code !== 'string' || !/^Z_|^ERR_/.test(code)) return fromSystemError(cause, this.#path);
    return new CustodyError('DUMP_MALFORMED', `${this.#path}: the gzip data is damaged or cut off`, {
      hint: 'Copy or make the dump again.',
      cause,
      path: this.#path,
    });
  }
}

/** SHA-256 of a file's bytes now. */
export async function fileDigest(path: string): Promise<Digest> {
  const hasher = sha256Hasher();
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hasher.update(chunk);
  } catch (error) {
    throw fromSystemError(error, path);
  }
  return parseDigest(hasher.hex());
}

/** Stores a file's bytes as content, in pieces. @throws CustodyError SOURCE_CHANGED unless they have the digest. */
export async function storeDump(sink: ObjectSink, path: string, digest: Digest): Promise<StoredContent> {
  const builder = new ContentBuilder(sink);
  await using file = await openRegular(path);
  try {
    for await (const chunk of file.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>)
      builder.add(chunk);
  } catch (error) {
    throw fromSystemError(error, path);
  }
  const stored = builder.finish();
  if (stored.sha256 === digest) return stored;
  throw new CustodyError('SOURCE_CHANGED', `${path} has other bytes than those that were loaded`, {
    hint: 'Leave the source alone while it is rehearsed, and run the command again.',
    path,
  });
}

async function* hashing(
  source: AsyncIterable<Buffer>,
  update: (bytes: Buffer) => void,
): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    update(chunk);
    yield chunk;
  }
}

async function* mapErrors(
  source: AsyncIterable<Buffer>,
  map: (error: unknown) => unknown,
): AsyncGenerator<Buffer> {
  try {
    yield* source;
  } catch (error) {
    throw map(error);
  }
}

async function feed(
  source: AsyncIterable<Buffer>,
  sink: NodeJS.WritableStream & { destroy(error?: Error): void },
): Promise<void> {
  try {
    for await (const chunk of source) {
      if (!sink.write(chunk))
        await new Promise<void>((resolve) => sink.once('drain', resolve).once('close', resolve));
    }
    sink.end();
  } catch (error) {
    sink.destroy(error as Error);
    throw error;
  }
}

async function readHead(path: string, raw = false): Promise<Buffer> {
  try {
    await using file = await open(path, 'r');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const head = buffer.subarray(0, bytesRead);
    if (raw || !isGzip(head)) return head;
    return unzipHead(head);
  } catch (error) {
    throw fromSystemError(error, path);
  }
}

/** What the start of gzip data holds; damage further on is not this function's to report. */
function unzipHead(head: Buffer): Buffer {
  for (let length = head.length; length >= 64; length >>= 1) {
    try {
      return gunzipSync(head.subarray(0, length), { finishFlush: constants.Z_SYNC_FLUSH });
    } catch {
      // try a shorter piece
    }
  }
  return Buffer.alloc(0); // gzip's magic number, but not gzip data
}

function isGzip(head: Buffer): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}
