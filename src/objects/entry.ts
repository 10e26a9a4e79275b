import { CustodyError } from '../errors.ts';
import { decodeKind, type Kind, type ObjectOf } from './kinds.ts';
import { Link } from './link.ts';
import { need, type Walk } from './walk.ts';

/**
 * Everything that an entry claims of what it links (SPEC.md, "The log"): each object is of the kind that its field is called
 * after, and the run of a rehearsal is a run of the rehearsal that the packet holds.
 * @throws CustodyError OBJECT_KIND_UNEXPECTED, OBJECT_FIELD_INVALID; OBJECT_MISSING, … as reading them does.
 */
export function* checkEntry(entry: ObjectOf<'entry'>): Walk<never> {
  for (const [kind, link] of Object.entries(entry))
    if (link instanceof Link) decodeKind(kind as Kind, yield* need<never>(link.digest), link.digest);
  if (entry.type !== 'rehearsal') return;
  const { links } = decodeKind('packet', yield* need<never>(entry.packet.digest));
  const { rehearsal } = decodeKind('run', yield* need<never>(entry.run.digest));
  if (links.some(([name, link]) => name === 'rehearsal' && link.equals(rehearsal))) return;
  throw new CustodyError('OBJECT_FIELD_INVALID', 'the run is not of the rehearsal that the packet holds', {
    path: entry.run.digest,
    hint: 'Rehearse anew: custody rehearse records what belongs together.',
  });
}

/** @throws CustodyError OBJECT_KIND_UNEXPECTED, …: what a record links as its entry is one. */
export function* checkRecordEntry({ digest }: Link): Walk<never> {
  decodeKind('entry', yield* need<never>(digest), digest);
}
