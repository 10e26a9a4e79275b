import { isCustodyError, isDamage } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { digestFromBytes, type Digest } from '../objects/digest.ts';
import { decodeKind } from '../objects/kinds.ts';
import { rehearsalOf } from '../packets/find-packet.ts';
import { verifyLog, type VerifiedLog } from './verify-log.ts';
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
  // The log is the same for every candidate.
  let log: VerifiedLog | undefined;
  for await (const { index, record } of ledger.records(head)) {
    options.signal?.throwIfAborted();
    const proven = await unlessDamaged(async () => {
      if ((await rollbackOf(ledger, record.entry.digest)) !== script) return false;
      log ??= await verifyLog(ledger, await ledger.head(), options);
      const { ok, levels } = await verifyRevision(ledger, `@${index}`, options, log);
      return ok && levels.semantics === 'done';
    });
    if (proven) return index;
  }
  return null;
}

/** What is damaged, or cannot be judged here, proves nothing, and is no reason to hide an older proof. */
async function unlessDamaged(proves: () => Promise<boolean>): Promise<boolean> {
  try {
    return await proves();
  } catch (error) {
    if (isDamage(error) || isCustodyError(error, 'VALIDATOR_UNCONFINED')) return false;
    throw error;
  }
}

/** The script that leg S of the rehearsal of an entry ran; undefined where it ran none. */
async function rollbackOf({ get }: Ledger, entry: Digest): Promise<Digest | undefined> {
  const link = (await rehearsalOf(get, decodeKind('entry', await get(entry), entry)))?.rehearsal.digest;
  if (!link) return undefined;
  const { legs, plan } = decodeKind('rehearsal', await get(link), link);
  if (!legs.some(({ leg }) => leg === 'S')) return undefined;
  const { digest } = plan;
  const { rollback } = decodeKind('plan', await get(digest), digest);
  return rollback ? digestFromBytes(rollback) : undefined;
}
