import { CustodyError, isDamage } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isBlob, type Revision } from '../ledger/revision.ts';
import type { Digest } from '../objects/digest.ts';
import { decodeKind, decodeObject, type ObjectOf } from '../objects/kinds.ts';
import { nodeLink, type Link } from '../objects/link.ts';
import type { Get } from '../objects/walk.ts';
import { requireAsSealed } from './check-stored.ts';

/** A packet that a ledger holds. */
export interface FoundPacket {
  readonly id: Digest;
  readonly packet: ObjectOf<'packet'>;
}

/**
 * The packet that a revision names: a packet object, or the one that an entry links. Undefined where there is none.
 * Its files are those that its seal covers: whoever reads one of them never reads what `verify` would refuse.
 * @throws CustodyError PACKET_BROKEN; where it cannot be read OBJECT_MISSING, OBJECT_CORRUPT, what decoding throws, …
 */
export async function findPacket(
  ledger: Ledger,
  revision: Revision,
  options: { signal?: AbortSignal } = {},
): Promise<FoundPacket | undefined> {
  const found = await packetObject(ledger, revision);
  if (found) await requireAsSealed(ledger.store, found.packet, options);
  return found;
}

async function packetObject(ledger: Ledger, revision: Revision): Promise<FoundPacket | undefined> {
  const id = revision.type === 'record' ? packetIn(revision.entry)?.digest : revision.id;
  if (id === undefined || (await isBlob(ledger, id))) return undefined;
  const object = decodeObject(await ledger.get(id));
  return object.kind === 'packet' ? { id, packet: object } : undefined;
}

/** The packet of an entry whose type has one. */
export function packetIn(entry: ObjectOf<'entry'>): Link | undefined {
  return 'packet' in entry ? entry.packet : undefined;
}

/** What may be a rerun: the one that an entry links, or an object by its id. */
export function rerunIn(revision: Revision): Link | undefined {
  if (revision.type === 'object') return nodeLink(revision.id);
  return revision.entry.type === 'rerun' ? revision.entry.rerun : undefined;
}

/** For `verify`, which says itself what is wrong with it: what is missing or damaged is not to be had here. */
export async function findReadablePacket(
  ledger: Ledger,
  revision: Revision,
): Promise<FoundPacket | undefined> {
  try {
    return await packetObject(ledger, revision);
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}

/** What a packet holds of a rehearsal; undefined where it is of none. */
export function rehearsalIn({
  links,
}: ObjectOf<'packet'>): { readonly rehearsal: Link; readonly verdicts: readonly Link[] } | undefined {
  const rehearsal = linkOf(links, 'rehearsal');
  const verdicts = links.filter(([name]) => /^verdict(-\d+)?$/.test(name)).map(([, link]) => link);
  return rehearsal && { rehearsal, verdicts };
}

/**
 * From an entry to the rehearsal that it records; undefined where it records none.
 * @throws CustodyError as reading the packet does.
 */
export async function rehearsalOf(
  get: Get,
  entry: ObjectOf<'entry'>,
): Promise<
  ({ readonly packet: ObjectOf<'packet'> } & NonNullable<ReturnType<typeof rehearsalIn>>) | undefined
> {
  if (entry.type !== 'rehearsal') return undefined;
  const { digest } = entry.packet;
  const packet = decodeKind('packet', await get(digest), digest);
  const held = rehearsalIn(packet);
  return held && { packet, ...held };
}

/** Whether all validators accept a rehearsal; null for other entries, and where it cannot be read (fsck says why). */
export async function acceptedIn(get: Get, entry: ObjectOf<'entry'>): Promise<boolean | null> {
  try {
    const held = await rehearsalOf(get, entry);
    if (!held) return null;
    let accepted = held.verdicts.length > 0;
    for (const { digest } of held.verdicts)
      accepted &&= decodeKind('verdict', await get(digest), digest).accepted;
    return accepted;
  } catch (error) {
    if (isDamage(error)) return null;
    throw error;
  }
}

/** As {@link findPacket}. @throws CustodyError PATH_NOT_FOUND where there is none. */
export async function requirePacket(...revision: Parameters<typeof findPacket>): Promise<FoundPacket> {
  const found = await findPacket(...revision);
  if (found) return found;
  throw noPacket();
}

/** @param path what was looked for in it. */
export function noPacket(path?: string): CustodyError {
  return new CustodyError('PATH_NOT_FOUND', 'this revision holds no packet', {
    ...(path !== undefined && { path }),
    hint: 'custody log shows which records hold packets.',
  });
}

export function linkOf(links: readonly (readonly [string, Link])[], name: string): Link | undefined {
  return links.find(([key]) => key === name)?.[1];
}

/** The name under which a packet links the verdict of validator `index` of its rehearsal. */
export function verdictLinkName(index: number): string {
  return index === 0 ? 'verdict' : `verdict-${index + 1}`;
}
