import type { Ledger } from '../../ledger/ledger.ts';
import type { Digest } from '../../objects/digest.ts';
import { decodeKind, type ObjectOf } from '../../objects/kinds.ts';
import { putObject } from '../../objects/sink.ts';
import type { Probe } from '../../rules/profile-schema.ts';
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
 * Commits a fabrication with an accepted verdict of every validator, as a lane may that writes with this library: the
 * packet is sealed, its files are what the objects give, the log is whole. Only judging it again shows the lie.
 */
export async function commitFabrication(
  ledger: Ledger,
  control: { readonly rehearsal: Digest },
  evidence: Evidence,
): Promise<void> {
  await using session = await ledger.session();
  const { writer } = session;
  const real = await ledger.get(control.rehearsal);
  const changed = fabricated(decodeKind('rehearsal', real, control.rehearsal), evidence);
  const rehearsal = putObject(writer, changed);
  const verdicts = changed.validators.map((validator) =>
    putObject(writer, {
      kind: 'verdict',
      v: 1,
      validator,
      subject: rehearsal,
      accepted: true,
      findings: [],
    }),
  );
  const { packet } = await makePacket(rehearsal, verdicts, writer);
  await session.append({
    type: 'rehearsal',
    links: [['packet', packet]],
    author: 'probe',
    lane: 'probe',
    message: 'a fabrication',
  });
}
