import { isDamage } from '../errors.ts';
import { compareFindings, finding, type Finding } from '../finding.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Digest } from '../objects/digest.ts';
import type { ObjectOf } from '../objects/kinds.ts';
import { checkStoredPacket } from '../packets/check-stored.ts';
import { scrub } from '../store/scrub.ts';
import { readSoundHead } from '../verify/head.ts';
import { ObjectsCheck } from '../verify/objects.ts';
import { verifyLog } from './verify-log.ts';

export interface FsckReport {
  readonly ok: boolean;
  readonly packs: number;
  readonly objects: number;
  readonly bytes: number;
  /** Records that were read and are good. */
  readonly records: number;
  /** Objects that some record reaches. */
  readonly reachable: number;
  /** Records that signed checkpoints cover, and records in all; null where the head cannot be read. */
  readonly signed: { readonly covered: number; readonly size: number } | null;
  /** Temporary files whose writer is not known to run: no damage, and a later writer removes them. */
  readonly leftovers: readonly string[];
  readonly findings: readonly Finding[];
  /** What is odd about single records and is no damage. */
  readonly notes: readonly Finding[];
}

/**
 * Checks the whole ledger: every stored byte is hashed, every record is walked, everything that records reach is there.
 * It trusts no index and goes on after damage. @throws CustodyError only for I/O and misuse; damage is reported.
 */
export async function fsckLedger(
  ledger: Ledger,
  options: { signal?: AbortSignal; limitSize?: number; progress?: (phrase: string) => void } = {},
): Promise<FsckReport> {
  const { progress = () => undefined, signal } = options;
  progress('packs');
  const physical = await scrub(ledger.store.backend, signal ? { signal } : {});
  const findings: Finding[] = [...physical.findings];
  const read = await readSoundHead(ledger);
  // The scrub has named a file that cannot be read; a head that contradicts itself is found here.
  if ('fault' in read && !findings.some(({ path }) => path === read.fault.path)) findings.push(read.fault);
  progress('records');
  let signed: FsckReport['signed'] = null;
  const log = 'head' in read ? await verifyLog(ledger, read.head, signal ? { signal } : {}) : undefined;
  if (log) {
    findings.push(...log.findings, ...log.signatures.findings);
    signed = { covered: log.signatures.covered, size: log.size };
  }
  progress('objects');
  const objects = new ObjectsCheck(ledger.store, options);
  for (const { index, ...links } of log?.records ?? []) await objects.record(links, `records/${index}`);
  await objects.hashFiles();
  findings.push(
    ...objects.findings.filter(
      (f) => !findings.some((known) => known.path === f.path && known.code === f.code),
    ),
  );
  progress('seals');
  for (const [id, packet] of objects.packets)
    findings.push(...(await sealFindings(ledger, id, packet, signal ? { signal } : {})));
  findings.sort(compareFindings);
  const { packs, objects: stored, bytes, leftovers } = physical;
  return {
    ok: findings.length === 0,
    packs,
    objects: stored,
    bytes,
    records: log?.good ?? 0,
    reachable: objects.visited,
    signed,
    leftovers,
    findings,
    notes: log?.notes ?? [],
  };
}

/** What cannot be read the objects have named. */
async function sealFindings(
  ledger: Ledger,
  id: Digest,
  packet: ObjectOf<'packet'>,
  options: { signal?: AbortSignal },
): Promise<Finding[]> {
  try {
    const { findings } = await checkStoredPacket(ledger.store, packet, options);
    return findings.map(({ code, path, detail }) => finding(code, `packet/${id}/${path}`, detail));
  } catch (error) {
    if (isDamage(error)) return [];
    throw error;
  }
}
