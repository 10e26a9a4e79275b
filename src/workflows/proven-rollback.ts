import { isCustodyError, isDamage } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { digestFromBytes, type Digest } from '../objects/digest.ts';
import { decodeEither, decodeKind, type ObjectOf } from '../objects/kinds.ts';
import { linkOf } from '../packets/find-packet.ts';
import { verifyRevision, type VerifyOptions } from './verify.ts';

/**
 * The newest record of a rehearsal that proves a rollback script of these bytes: leg S ran it, and the record verifies now,
 * its validators judging again, with no finding. A recorded verdict alone proves nothing.
 * @returns its number, or null where there is none.
 */
export async function provenRollback(
  ledger: Ledger,
  script: Digest,
  options: VerifyOptions = {},
): Promise<number | null> {
  const head = await ledger.head();
  for await (const { index, record } of ledger.records(head, head.size - 1)) {
    options.signal?.throwIfAborted();
    if (await proves(ledger, { index, entry: record.entry.digest }, script, options)) return index;
  }
  return null;
}

/** What is damaged, or cannot be judged here, proves nothing, and is no reason to hide an older proof. */
async function proves(
  ledger: Ledger,
  { index, entry: id }: { index: number; entry: Digest },
  script: Digest,
  options: VerifyOptions,
): Promise<boolean> {
  try {
    const entry = decodeKind('entry', await ledger.store.get(id), id);
    if (entry.type !== 'rehearsal' || (await rollbackOf(ledger, entry)) !== script) return false;
    const { ok, levels } = await verifyRevision(ledger, `@${index}`, options);
    return ok && levels.semantics === 'done';
  } catch (error) {
    if (isDamage(error) || isCustodyError(error, 'VALIDATOR_UNCONFINED')) return false;
    throw error;
  }
}

/** The script that leg S of a rehearsal ran; undefined where it ran none. */
async function rollbackOf(ledger: Ledger, entry: ObjectOf<'entry'>): Promise<Digest | undefined> {
  const get = (id: Digest): Promise<Uint8Array> => ledger.store.get(id);
  const packet = linkOf(entry.links, 'packet')?.digest;
  if (!packet) return undefined;
  const link = linkOf(decodeKind('packet', await get(packet), packet).links, 'rehearsal')?.digest;
  if (!link) return undefined;
  const read = decodeEither('rehearsal', await get(link), link);
  if (read.v === 1 || !read.object.legs.some(({ leg }) => leg === 'S')) return undefined;
  const { digest } = read.object.plan;
  const { rollback } = decodeKind('plan', await get(digest), digest);
  return rollback ? digestFromBytes(rollback) : undefined;
}
