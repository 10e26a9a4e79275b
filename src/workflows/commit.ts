import type { AppendOptions, AppendResult, Ledger } from '../ledger/ledger.ts';
import { type Digest } from '../objects/digest.ts';
import { requireSealed, storePacket } from '../packets/store-packet.ts';

export interface CommitOptions extends AppendOptions {
  readonly author: string;
  readonly lane: string;
  readonly message: string;
  /** The seal that the packet must have. */
  readonly expect?: Digest;
}

export interface CommitResult extends AppendResult {
  readonly packet: Digest;
  readonly tree: Digest;
  readonly seal: Digest;
}

/**
 * Commits a sealed folder: checks its seal, stores its tree, appends an entry and a record. The same folder again adds
 * only an entry and a record.
 * @throws CustodyError PACKET_NOT_SEALED, PACKET_BROKEN (each with all findings; nothing was changed), LOCK_TIMEOUT, …
 */
export async function commitFolder(
  ledger: Ledger,
  dir: string,
  options: CommitOptions,
): Promise<CommitResult> {
  // Before anything is opened for writing: a folder that is refused changes nothing, not even a cache.
  const sealed = await requireSealed(dir, options);
  await using session = await ledger.session();
  const { packet, tree, seal } = await storePacket(session.writer, dir, sealed, {
    ...(options.signal && { signal: options.signal }),
    macro: undefined,
    links: [],
  });
  const { author, lane, message } = options;
  const appended = await session.append({ type: 'packet', packet, author, lane, message }, options);
  return { ...appended, packet: packet.digest, tree: tree.digest, seal };
}
