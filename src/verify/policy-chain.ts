import { isDamage, type ErrorCode } from '../errors.ts';
import { finding, type Finding } from '../finding.ts';
import type { Digest } from '../objects/digest.ts';
import { decodeKind, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import type { ObjectSource } from '../objects/sink.ts';
import type { Get } from '../objects/walk.ts';
import type { ChainReport } from './chain.ts';

export interface ChainedPolicy {
  readonly id: Digest;
  readonly policy: ObjectOf<'policy'>;
}

/** Of such a policy nobody knows what it says; any other fault makes it none. */
const UNREADABLE: ReadonlySet<ErrorCode> = new Set([
  'OBJECT_CORRUPT',
  'PACK_CORRUPT',
  'OBJECT_VERSION_UNKNOWN',
]);

/**
 * Follows the policies of a log, oldest first (spec/REHEARSAL.md, "The validator"). Everybody who appends may append a policy entry: one
 * that does not name the policy before it changes nothing, else one lane could end the ledger for all.
 */
export class PolicyChain {
  /** The policies that count, oldest first. */
  readonly policies: ChainedPolicy[];
  readonly #get: Get;

  /** @param known the policy that is in force where this goes on. */
  constructor(get: Get, known?: ChainedPolicy) {
    this.#get = get;
    this.policies = known ? [known] : [];
  }

  /**
   * @returns why this entry changes nothing; undefined where it is no policy entry or extends the chain.
   * @throws CustodyError for damage (OBJECT_CORRUPT, PACK_CORRUPT), a version that is not known, and I/O: then nobody knows
   *   what is in force.
   */
  async add(entry: ObjectOf<'entry'>): Promise<string | undefined> {
    if (entry.type !== 'policy') return undefined;
    const { policy: link } = entry;
    const policy = await this.#read(link);
    if (policy === undefined) return 'it links no policy that can be read';
    if (policy.previous?.digest !== this.policies.at(-1)?.id)
      return 'its policy does not name the one before it';
    this.policies.push({ id: link.digest, policy });
    return undefined;
  }

  async #read({ digest }: Link): Promise<ObjectOf<'policy'> | undefined> {
    try {
      return decodeKind('policy', await this.#get(digest), digest);
    } catch (error) {
      if (!isDamage(error) || UNREADABLE.has(error.code)) throw error;
      return undefined;
    }
  }
}

/** Record 0 must hold the first policy: the one that config.yaml names, or that an auditor was given. */
export async function checkGenesis(
  source: ObjectSource,
  entries: ChainReport['entries'],
  policy: Digest,
): Promise<Finding[]> {
  const wrong = (why: string): Finding[] => [finding('POLICY_MISMATCH', 'records/0', why)];
  const first = entries[0];
  if (first?.index !== 0) return wrong('record 0, which holds the first policy, cannot be read');
  let id = first.entry.digest;
  try {
    const entry = decodeKind('entry', await source.get(id), id);
    if (entry.type !== 'policy' || entry.policy.digest !== policy)
      return wrong(`it does not hold the first policy ${policy}`);
    id = policy;
    const { previous } = decodeKind('policy', await source.get(id), id);
    if (previous !== null) return wrong('the first policy names one before it');
  } catch (error) {
    if (!isDamage(error)) throw error;
    if (error.code === 'OBJECT_VERSION_UNKNOWN')
      return [finding('OBJECT_VERSION_UNKNOWN', id, error.message)];
    return wrong(`${error.code}: ${error.message}`);
  }
  return [];
}
