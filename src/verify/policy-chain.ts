import { isCustodyError, isDamage } from '../errors.ts';
import type { Digest } from '../objects/digest.ts';
import { decodeEither, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import type { Get } from '../objects/walk.ts';

export interface ChainedPolicy {
  readonly id: Digest;
  /** With the fields of version 2; see readPolicy. */
  readonly policy: ObjectOf<'policy'>;
}

/**
 * Follows the policies of a log, oldest first (SPEC.md, section 22). Everybody who appends may append a policy entry: one
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
   * @throws CustodyError for damage (OBJECT_CORRUPT, PACK_CORRUPT) and I/O: then nobody knows what is in force.
   */
  async add(entry: ObjectOf<'entry'>): Promise<string | undefined> {
    if (entry.type !== 'policy') return undefined;
    const link = entry.links.find(([name]) => name === 'policy')?.[1];
    if (link?.codec !== 'dag-cbor') return 'it links no policy';
    const policy = await this.#read(link);
    if (policy === undefined) return 'it links no policy that can be read';
    if (policy.previous?.digest !== this.policies.at(-1)?.id)
      return 'its policy does not name the one before it';
    this.policies.push({ id: link.digest, policy });
    return undefined;
  }

  async #read({ digest }: Link): Promise<ObjectOf<'policy'> | undefined> {
    try {
      return readPolicy(await this.#get(digest), digest);
    } catch (error) {
      const damage = isCustodyError(error, 'OBJECT_CORRUPT') || isCustodyError(error, 'PACK_CORRUPT');
      if (!isDamage(error) || damage) throw error;
      return undefined;
    }
  }
}

/**
 * A policy of either version, with the fields of version 2: version 1 expects no validator and requires no isolation of its
 * own. `v` still says which it is.
 * @throws CustodyError as decoding does.
 */
export function readPolicy(bytes: Uint8Array, id?: Digest): ObjectOf<'policy'> {
  const read = decodeEither('policy', bytes, id);
  if (read.v === 2) return read.object;
  return { ...read.first, expected: [], isolation: [] };
}
