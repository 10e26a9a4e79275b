import { digestOf, parseDigest, type Digest } from '../objects/digest.ts';
import { BUILT_IN_NAME, builtInValidator } from './policy.ts';

/** A validator that a version of custody has brought. */
export interface Release {
  /** Of its file: its identity. */
  readonly sha256: Digest;
  readonly name: string;
  /** The first version with it; `unreleased` for one that no release has brought. */
  readonly version: string;
}

/** What releases have brought, the first one first: SHA-256, name, version. A release appends its line and edits no other. */
const RELEASED: readonly (readonly [sha256: string, name: string, version: string])[] = [];

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
