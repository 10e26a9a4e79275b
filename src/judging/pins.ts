import { CustodyError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Digest } from '../objects/digest.ts';
import { contentDigest } from '../objects/file.ts';
import { decodeKind, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import { resultOfAsync } from '../objects/walk.ts';
import { matchesIdentity, showIdentity, type Identity } from '../rules/abbreviated-digest.ts';

/** A validator that a policy pins. */
export interface Pin {
  readonly link: Link;
  readonly name: string;
  readonly sha256: Digest;
}

/** The validators of a policy, in its order. */
export async function pinnedOf(ledger: Ledger, { validators }: ObjectOf<'policy'>): Promise<Pin[]> {
  const pins: Pin[] = [];
  for (const link of validators) {
    const { name, file } = decodeKind('validator', await ledger.get(link.digest), link.digest);
    pins.push({ link, name, sha256: await resultOfAsync(contentDigest(file), ledger.get) });
  }
  return pins;
}

/** One file judges once, however many names it is given. @throws CustodyError VALIDATOR_REFUSED */
export function refuseTwice(pinned: readonly Pin[], sha256: Digest, name: string): void {
  const other = pinned.find((pin) => pin.sha256 === sha256 && pin.name !== name);
  if (other) throw pinnedAs(other);
}

function pinnedAs({ name, sha256 }: Pin): CustodyError {
  return new CustodyError(
    'VALIDATOR_REFUSED',
    `the file with SHA-256 ${sha256} is already pinned as ${name}`,
    {
      path: name,
      hint: 'It judges already, and once is enough: give another file, or nothing.',
    },
  );
}

/** Whether bytes that match are pinned under this name. @throws CustodyError VALIDATOR_REFUSED, VALIDATOR_MISMATCH */
export async function alreadyPinned(
  ledger: Ledger,
  policy: ObjectOf<'policy'>,
  name: string,
  wanted: Identity,
): Promise<boolean> {
  const pinned = await pinnedOf(ledger, policy);
  const meets = pinned.find(({ sha256 }) => matchesIdentity(sha256, wanted));
  if (meets && meets.name !== name) throw pinnedAs(meets);
  const named = pinned.find((pin) => pin.name === name);
  if (!named || named === meets) return meets !== undefined;
  throw new CustodyError(
    'VALIDATOR_MISMATCH',
    `${name} is pinned with SHA-256 ${named.sha256}, not ${showIdentity(wanted)}`,
    {
      path: name,
      hint: 'Expect it under another name; or, once you have the file, pin it under this name with --expect.',
    },
  );
}

/** In its place where one of that name is pinned, else at the end: the order in which they judge. */
export function withValidator(pinned: readonly Pin[], name: string, validator: Link): Link[] {
  const links: Link[] = [];
  let placed = false;
  for (const pin of pinned) {
    if (pin.name !== name) links.push(pin.link);
    else if (!placed) links.push(validator);
    placed ||= pin.name === name;
  }
  return placed ? links : [...links, validator];
}
