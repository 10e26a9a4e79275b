import { CustodyError, isDamage } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Revision } from '../ledger/revision.ts';
import type { Digest } from '../objects/digest.ts';
import { decodeObject, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';

/** The packet that a revision names: a packet object, or the one that an entry links. Undefined where there is none. */
export async function findPacket(
  ledger: Ledger,
  revision: Revision,
): Promise<{ id: Digest; packet: ObjectOf<'packet'> } | undefined> {
  const id = revision.type === 'record' ? linkOf(revision.entry.links, 'packet')?.digest : revision.id;
  if (id === undefined) return undefined;
  try {
    if ((await ledger.store.codecOf(id)) === 'raw') return undefined;
    const object = decodeObject(await ledger.store.get(id));
    return object.kind === 'packet' ? { id, packet: object } : undefined;
  } catch (error) {
    // Missing or damaged: the objects level of verify names it.
    if (isDamage(error)) return undefined;
    throw error;
  }
}

/** As {@link findPacket}. @throws CustodyError PATH_NOT_FOUND where there is none. */
export async function requirePacket(
  ledger: Ledger,
  revision: Revision,
): Promise<{ id: Digest; packet: ObjectOf<'packet'> }> {
  const found = await findPacket(ledger, revision);
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
