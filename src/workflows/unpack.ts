import { isThere } from '../system/is-there.ts';
import { CustodyError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { resolveRevision } from '../ledger/revision.ts';
import { digestFromBytes, type Digest } from '../objects/digest.ts';
import { requirePacket } from '../packets/find-packet.ts';
import { writePacket, type Written } from '../packets/out-folder.ts';

/** What {@link unpack} wrote. */
export interface Unpacked extends Pick<Written, 'files' | 'size'> {
  readonly packet: Digest;
  readonly tree: Digest;
  readonly seal: Digest;
}

/**
 * Writes the packet that a revision names into a new folder, as `rehearse --out` would: whole, or not at all.
 * @param dir must not exist; its parent must.
 * @throws CustodyError USAGE, PATH_NOT_FOUND, REVISION_*, and what {@link writePacket} throws.
 */
export async function unpack(
  ledger: Ledger,
  revision: string,
  dir: string,
  { signal, limitSize }: { readonly signal: AbortSignal; readonly limitSize?: number | undefined },
): Promise<Unpacked> {
  const { id, packet } = await requirePacket(ledger, await resolveRevision(ledger, revision), { signal });
  if (isThere(dir)) throw taken(dir);
  const { tree } = packet;
  const seal = digestFromBytes(packet.seal);
  const options = { signal, revision, limitSize };
  const { files, size } = await writePacket(dir, { tree, seal }, ledger.get, options);
  return { packet: id, tree: tree.digest, seal, files, size };
}

function taken(dir: string): CustodyError {
  return new CustodyError('USAGE', `${dir} exists already`, {
    path: dir,
    hint: 'Name a folder that does not exist; nothing is ever overwritten.',
  });
}
