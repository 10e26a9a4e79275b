import type { Finding } from '../finding.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Head } from '../ledger/log-state.ts';
import type { Digest } from '../objects/digest.ts';
import { verifyChain, type ChainReport } from '../verify/chain.ts';
import { checkGenesis } from '../verify/policy-chain.ts';
import { readEntries, type LogEntries } from '../verify/log-entries.ts';
import { compareCheckpoints, readCheckpoints, type SignatureReport } from '../verify/signatures.ts';

/** A log that was read from its first record to the head, once for all that is verified in it. */
export interface VerifiedLog {
  readonly size: number;
  /** Records that were read and are good. */
  readonly good: number;
  /** Of the chain, the first policy and those that follow. */
  readonly findings: readonly Finding[];
  /** What is odd about single records and changes no answer. */
  readonly notes: readonly Finding[];
  /** How far the signatures reach. */
  readonly signatures: SignatureReport;
  readonly records: ChainReport['entries'];
  readonly entries: LogEntries;
}

/** @param given the log's key and its first policy, where the auditor has them by another way. */
export async function verifyLog(
  ledger: Ledger,
  head: Head,
  given: { readonly key?: string; readonly policy?: Digest; readonly signal?: AbortSignal } = {},
): Promise<VerifiedLog> {
  const { origin, verifierKey, policy } = ledger.config;
  const key = { origin, verifierKey: given.key ?? verifierKey };
  const checkpoints = await readCheckpoints(ledger, head, key);
  const chain = await verifyChain(ledger, head, {
    sizes: new Set(checkpoints.opened.map(({ checkpoint }) => checkpoint.size)),
    ...(given.signal && { signal: given.signal }),
  });
  const genesis = await checkGenesis(ledger.store, chain.entries, given.policy ?? policy);
  const entries = await readEntries(ledger.store, chain.entries);
  return {
    size: head.size,
    good: chain.records,
    // After a first policy that is another one, what follows it says nothing.
    findings: [...chain.findings, ...(genesis.length > 0 ? genesis : entries.findings)],
    notes: chain.notes,
    signatures: compareCheckpoints(checkpoints, chain.roots),
    records: chain.entries,
    entries,
  };
}
