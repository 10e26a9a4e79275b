import { isCustodyError } from '../errors.ts';
import { compareFindings, finding, type Finding } from '../finding.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { EMPTY_HEAD, type Head } from '../ledger/log-state.ts';
import { scrub } from '../store/scrub.ts';
import { rootOfPrefix, verifyChain, verifyCheckpoint } from '../verify/chain.ts';
import { ObjectsCheck } from '../verify/objects.ts';

export interface FsckReport {
  readonly ok: boolean;
  readonly packs: number;
  readonly objects: number;
  readonly bytes: number;
  /** Records that were read and are good. */
  readonly records: number;
  /** Objects that some record reaches. */
  readonly reachable: number;
  readonly findings: readonly Finding[];
}

/**
 * Checks the whole ledger: every stored byte is hashed, every record is walked, everything that records reach is there.
 * It trusts no index and goes on after damage. @throws CustodyError only for I/O and misuse; damage is reported.
 */
export async function fsckLedger(
  ledger: Ledger,
  options: { signal?: AbortSignal; progress?: (phrase: string) => void } = {},
): Promise<FsckReport> {
  const { progress = () => undefined, signal } = options;
  progress('packs');
  const physical = await scrub(ledger.store.backend, signal ? { signal } : {});
  const findings: Finding[] = [...physical.findings];
  let head: Head = EMPTY_HEAD;
  try {
    head = await ledger.head();
  } catch (error) {
    if (!isCustodyError(error)) throw error;
    if (!findings.some(({ code }) => code === 'HEAD_DAMAGED'))
      findings.push(finding('HEAD_DAMAGED', 'heads/main', `${error.code}: ${error.message}`));
  }
  progress('records');
  const chain = await verifyChain(ledger, head, signal ? { signal } : {});
  findings.push(...chain.findings);
  const key = { origin: ledger.config.origin, verifierKey: ledger.config.verifierKey };
  findings.push(...(await verifyCheckpoint(head, key, (size) => rootOfPrefix(ledger, head, size))).findings);
  progress('objects');
  const objects = new ObjectsCheck(ledger.store, signal);
  for (const [index, entry] of chain.entries.entries()) await objects.reach([entry], `records/${index}`);
  findings.push(
    ...objects.findings.filter(
      (f) => !findings.some((known) => known.path === f.path && known.code === f.code),
    ),
  );
  findings.sort(compareFindings);
  const { packs, objects: stored, bytes } = physical;
  return {
    ok: findings.length === 0,
    packs,
    objects: stored,
    bytes,
    records: chain.records,
    reachable: objects.seen.size,
    findings,
  };
}
