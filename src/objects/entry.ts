import { CustodyError } from '../errors.ts';
import { decodeKind, type Kind, type ObjectOf } from './kinds.ts';
import { Link } from './link.ts';
import { need, type Walk } from './walk.ts';

/** What an entry links, each with the kind that it must be of: the name of the field. */
export function entryLinks(entry: ObjectOf<'entry'>): [Kind, Link][] {
  return Object.entries(entry).filter((field): field is [Kind, Link] => field[1] instanceof Link);
}

/** @throws CustodyError OBJECT_KIND_UNEXPECTED, and what reading and decoding the object throws. */
export function* checkKind(kind: Kind, { digest }: Link): Walk<never> {
  decodeKind(kind, yield* need<never>(digest), digest);
}

/**
 * Whether the run of an entry of type rehearsal is one of the rehearsal that its packet holds.
 * @throws CustodyError OBJECT_FIELD_INVALID, and what reading and decoding both throws.
 */
export function* checkRun({ packet, run }: ObjectOf<'entry'> & { type: 'rehearsal' }): Walk<never> {
  const { links } = decodeKind('packet', yield* need<never>(packet.digest), packet.digest);
  const { rehearsal } = decodeKind('run', yield* need<never>(run.digest), run.digest);
  if (links.find(([name]) => name === 'rehearsal')?.[1].equals(rehearsal)) return;
  throw new CustodyError('OBJECT_FIELD_INVALID', 'the run is not of the rehearsal that the packet holds', {
    path: run.digest,
    hint: 'Rehearse anew: custody rehearse records what belongs together.',
  });
}
