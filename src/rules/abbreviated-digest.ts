import { CustodyError } from '../errors.ts';
import type { Digest } from '../objects/digest.ts';
import type { ObjectOf } from '../objects/kinds.ts';

/** What is known of a SHA-256: its first and its last digits. */
export type Identity = Pick<ObjectOf<'policy'>['expected'][number], 'prefix' | 'suffix'>;

/** Digits that must be known at least: fewer are found by chance. */
const LEAST = 12;

/** Reads `e6547e69…956c47`, also with three full stops, or a whole SHA-256. @throws CustodyError USAGE */
export function parseIdentity(text: string): Identity {
  const [, prefix = '', suffix = ''] = /^([0-9a-f]{4,64})(?:(?:…|\.\.\.)([0-9a-f]{4,60}))?$/.exec(text) ?? [];
  const known = prefix.length + suffix.length;
  if (known < LEAST || known > 64 || (suffix === '' && known !== 64)) {
    throw new CustodyError('USAGE', `${JSON.stringify(text.slice(0, 100))} is no abbreviated SHA-256`, {
      hint: `Give its first and last digits, at least ${LEAST} in all, such as e6547e69…956c47.`,
    });
  }
  return { prefix, suffix };
}

export function showIdentity({ prefix, suffix }: Identity): string {
  return prefix.length === 64 ? prefix : `${prefix}…${suffix}`;
}

/** A policy is written by anybody who appends: too little to go by matches nothing. */
export function matchesIdentity(sha256: Digest, { prefix, suffix }: Identity): boolean {
  if (prefix.length + suffix.length < LEAST) return false;
  return sha256.startsWith(prefix) && sha256.endsWith(suffix);
}
