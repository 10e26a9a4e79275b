import { isDamage } from '../errors.ts';
import { finding, type Finding } from '../finding.ts';
import { decodeKind } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import type { ObjectSource } from '../objects/sink.ts';
import type { ChainReport } from './chain.ts';
import { PolicyChain, type ChainedPolicy } from './policy-chain.ts';

/** What the entries of a log say that concerns more than themselves, read once. */
export interface LogEntries {
  /** Entries that would change the policy and do not: they change nothing, and are named. */
  readonly findings: readonly Finding[];
  /** The policies that count, oldest first, each from its record on. */
  readonly policies: readonly (ChainedPolicy & { readonly index: number })[];
  /** What claims to be a rerun; nothing of it is verified. */
  readonly reruns: readonly { readonly index: number; readonly rerun: Link }[];
  /** From this record on nobody knows what is in force: its entry, or the policy in it, cannot be read. */
  readonly known: number;
  /** Why, where that is of a version that is not known. */
  readonly unknown: Finding | undefined;
}

/** @param entries as the chain has them: what is not among them could not be read. */
export async function readEntries(
  source: ObjectSource,
  entries: ChainReport['entries'],
): Promise<LogEntries> {
  const findings: Finding[] = [];
  const policies: (ChainedPolicy & { index: number })[] = [];
  const reruns: { index: number; rerun: Link }[] = [];
  const chain = new PolicyChain(async (id) => source.get(id));
  let known = 0;
  let unknown: Finding | undefined;
  for (const { index, entry: link } of entries) {
    try {
      const entry = decodeKind('entry', await source.get(link.digest), link.digest);
      const why = await chain.add(entry);
      if (why !== undefined)
        findings.push(finding('POLICY_MISMATCH', `records/${index}`, `${why}: it changes nothing`));
      const newest = chain.policies.at(-1);
      if (newest && chain.policies.length > policies.length) policies.push({ ...newest, index });
      if (entry.type === 'rerun') reruns.push({ index, rerun: entry.rerun });
      if (known === index) known++;
    } catch (error) {
      // Damage is named by level objects, where that entry is looked at.
      if (!isDamage(error)) throw error;
      if (known === index && error.code === 'OBJECT_VERSION_UNKNOWN')
        unknown = finding('OBJECT_VERSION_UNKNOWN', `records/${index}`, error.message);
    }
  }
  return { findings, policies, reruns, known, unknown };
}

/** What was in force at a record; undefined where nobody knows. */
export function policyAt({ policies, known }: LogEntries, index: number): ChainedPolicy | undefined {
  return index < known ? policies.findLast((policy) => policy.index <= index) : undefined;
}
