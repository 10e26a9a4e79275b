import type { Ledger } from '../../ledger/ledger.ts';
import { resolveRevision } from '../../ledger/revision.ts';
import { decodeKind, type ObjectOf } from '../../objects/kinds.ts';
import { putObject } from '../../objects/sink.ts';
import type { Probe } from '../../rules/profile-schema.ts';
import { rehearsalOf } from '../../packets/find-packet.ts';
import { makePacket } from '../../packets/make-packet.ts';

type Evidence = NonNullable<Probe['evidence']>;
type Rehearsal = ObjectOf<'rehearsal'>;

/** A rehearsal's evidence as a liar would change it: whole, linked, in the form of its kind, and false. */
export function fabricated(rehearsal: Rehearsal, { edit, leg: name }: Evidence): Rehearsal {
  switch (edit) {
    case 'drop-leg':
      return { ...rehearsal, legs: rehearsal.legs.filter(({ leg }) => leg !== name) };
    case 'not-compared':
      return { ...rehearsal, legs: rehearsal.legs.map((leg) => ({ ...leg, back: null })) };
    case 'after-is-entry':
      return {
        ...rehearsal,
        legs: rehearsal.legs.map((leg) => ({ ...leg, after: rehearsal.entry })),
        delta: [],
      };
    case 'drop-isolation':
      return { ...rehearsal, isolation: [] };
    default:
      return edit satisfies never;
  }
}

/**
 * Commits a fabrication of the rehearsal that was recorded last, with an accepted verdict of every validator, as a lane may that writes with this library: the
 * packet is sealed, its files are what the objects give, the log is whole. Only judging it again shows the lie.
 */
export async function commitFabrication(ledger: Ledger, evidence: Evidence): Promise<void> {
  const { get } = ledger;
  const control = await resolveRevision(ledger, 'HEAD');
  const entry = control.type === 'record' ? control.entry : undefined;
  const held = entry && (await rehearsalOf(get, entry));
  // Where the control was not allowed there is nothing to fabricate from, and `verify` says so.
  if (entry?.type !== 'rehearsal' || !held) return;
  const { digest: real } = held.rehearsal;
  await using session = await ledger.session();
  const { writer } = session;
  const rehearsal = putObject(writer, fabricated(decodeKind('rehearsal', await get(real), real), evidence));
  const run = decodeKind('run', await get(entry.run.digest), entry.run.digest);
  const verdicts = [];
  for (const { digest } of held.verdicts) {
    const said = decodeKind('verdict', await get(digest), digest);
    verdicts.push(putObject(writer, { ...said, subject: rehearsal, accepted: true, findings: [] }));
  }
  const { packet } = await makePacket(rehearsal, verdicts, writer);
  await session.append({
    type: 'rehearsal',
    packet,
    run: putObject(writer, { ...run, rehearsal }),
    author: 'probe',
    lane: 'probe',
    message: 'a fabrication',
  });
}
