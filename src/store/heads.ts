import { CustodyError, isCustodyError } from '../errors.ts';
import { equalBytes } from '../objects/codec.ts';
import { decodeKind, encodeObject, type ObjectOf } from '../objects/kinds.ts';
import { sha256Bytes } from '../objects/sha256.ts';
import { type Backend, headPath, type Lock } from './backend.ts';

/** A head as it was read or written. */
export interface StoredHead {
  readonly head: ObjectOf<'head'>;
  /** The file: what a compare-and-swap compares. */
  readonly bytes: Uint8Array;
}

/** The file `heads/<name>`: the 32-byte SHA-256 of the body, then the body, a `head` object (spec/FORMAT.md, "Heads"). */
export function encodeHead(head: ObjectOf<'head'>): StoredHead {
  const { bytes: body } = encodeObject(head);
  const bytes = new Uint8Array(32 + body.length);
  bytes.set(sha256Bytes(body));
  bytes.set(body, 32);
  return { head, bytes };
}

/**
 * @throws OBJECT_VERSION_UNKNOWN for a head of another version, HEAD_CORRUPT for anything else but what {@link encodeHead}
 *   writes.
 */
export function decodeHead(bytes: Uint8Array, path: string): StoredHead {
  const options = { path, hint: 'Run custody fsck; restore the file from a copy of the ledger.' };
  const body = bytes.subarray(32);
  if (!equalBytes(sha256Bytes(body), bytes.subarray(0, 32))) {
    throw new CustodyError('HEAD_CORRUPT', `${path} does not have the SHA-256 that it begins with`, options);
  }
  try {
    return { head: decodeKind('head', body), bytes };
  } catch (cause) {
    if (isCustodyError(cause, 'OBJECT_VERSION_UNKNOWN'))
      throw new CustodyError(cause.code, `${path}: ${cause.message}`, { path, hint: cause.hint, cause });
    throw new CustodyError('HEAD_CORRUPT', `${path} does not hold a head`, { ...options, cause });
  }
}

/** Needs no lock. Null for a ledger without a record. @throws HEAD_CORRUPT, IO_FAILED, PERMISSION_DENIED. */
export async function readHead(backend: Backend, name = 'main'): Promise<StoredHead | null> {
  const bytes = await backend.readHead(name);
  return bytes === null ? null : decodeHead(bytes, headPath(name));
}

/**
 * Moves the head from `expected` (null: there is none yet) to `next`. Everything that `next` links to must have been
 * put before (ARCHITECTURE.md, invariant 4).
 * @throws HEAD_MOVED when another writer was first; DISK_FULL, READ_ONLY, PERMISSION_DENIED, IO_FAILED.
 */
export async function swapHead(
  backend: Backend,
  lock: Lock,
  expected: StoredHead | null,
  next: ObjectOf<'head'>,
): Promise<StoredHead> {
  const stored = encodeHead(next);
  await backend.swapHead(lock, 'main', expected?.bytes ?? null, stored.bytes);
  return stored;
}
