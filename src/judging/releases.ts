import { digestOf, digestToBytes, parseDigest, type Digest } from '../objects/digest.ts';
import type { ObjectOf } from '../objects/kinds.ts';
import { BUILT_IN_NAME, builtInValidator, isBuiltIn } from './policy.ts';

/** A validator that a version of custody has brought. */
export interface Release {
  /** Of its file: its identity. */
  readonly sha256: Digest;
  readonly name: string;
  /** The first version with it; `unreleased` for one that no release has brought. */
  readonly version: string;
}

/**
 * What releases have brought, the first one first, each with what its selftest gave then. A release appends its line and edits
 * no other.
 */
const RELEASED: readonly (readonly [sha256: string, name: string, version: string, selftest: Tried])[] = [];

/** A digest of the list of vectors, and how many they are: whoever is released passes all. */
type Tried = readonly [vectors: string, of: number];

export type Selftest = ObjectOf<'verdict'>['selftest'];

/** Of the validator of this version. */
const OWN: Tried = ['6aa7d934483832c60ed482f1bd323df794fdf80005521537a33ff40f2022db10', 40];

/** What the selftest of a validator gave in the release that first brought it, or gives in this version; null of any other. */
export async function releasedSelftest(code: Uint8Array): Promise<Selftest> {
  const sha256 = digestOf(code);
  const [, , , released] = RELEASED.find(([known]) => known === sha256) ?? [];
  const tried = released ?? ((await isBuiltIn(code)) ? OWN : undefined);
  if (!tried) return null;
  const [vectors, of] = tried;
  return { vectors: digestToBytes(parseDigest(vectors)), passed: of, of };
}

/** All of them; the one that this version brings comes last where no release has brought it. @throws VALIDATOR_NOT_BUILT */
export async function listReleases(): Promise<Release[]> {
  const released = RELEASED.map(([sha256, name, version]) => ({
    sha256: parseDigest(sha256),
    name,
    version,
  }));
  const own = digestOf(await builtInValidator());
  if (released.some(({ sha256 }) => sha256 === own)) return released;
  return [...released, { sha256: own, name: BUILT_IN_NAME, version: 'unreleased' }];
}
