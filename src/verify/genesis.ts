import { isDamage } from '../errors.ts';
import { finding, type Finding } from '../finding.ts';
import type { Digest } from '../objects/digest.ts';
import { decodeKind } from '../objects/kinds.ts';
import type { ObjectSource } from '../objects/sink.ts';
import type { ChainReport } from './chain.ts';
import { readPolicy } from './policy-chain.ts';

/** Record 0 must hold the first policy: the one that config.yaml names, or that an auditor was given. */
export async function checkGenesis(
  source: ObjectSource,
  entries: ChainReport['entries'],
  policy: Digest,
): Promise<Finding[]> {
  const wrong = (why: string): Finding[] => [finding('POLICY_MISMATCH', 'records/0', why)];
  const first = entries[0];
  if (first?.index !== 0) return wrong('record 0, which holds the first policy, cannot be read');
  const id = first.entry.digest;
  try {
    const entry = decodeKind('entry', await source.get(id), id);
    const link = entry.links.find(([name]) => name === 'policy')?.[1];
    if (entry.type !== 'policy' || link?.digest !== policy)
      return wrong(`it does not hold the first policy ${policy}`);
    const { previous } = readPolicy(await source.get(policy), policy);
    if (previous !== null) return wrong('the first policy names one before it');
  } catch (error) {
    if (!isDamage(error)) throw error;
    return wrong(`${error.code}: ${error.message}`);
  }
  return [];
}
