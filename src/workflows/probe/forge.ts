import { temporaryFolder } from '../../system/temporary-folder.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { closure } from '../../objects/closure.ts';
import type { Digest } from '../../objects/digest.ts';
import { decodeKind, type ObjectOf } from '../../objects/kinds.ts';
import { nodeLink, type Link } from '../../objects/link.ts';
import { MemoryObjects } from '../../objects/memory-objects.ts';
import { putObject } from '../../objects/sink.ts';
import { driveAsync, driveSync } from '../../objects/walk.ts';
import type { Probe } from '../../rehearsal/plan/profile.ts';
import { sealFolder } from '../../packets/seal/seal.ts';
import { requireSealed, storePacket } from '../../packets/store-packet.ts';
import { packetFiles, writeFiles } from '../../packets/files/packet-files.ts';
import { verdictLinkName } from '../../packets/find-packet.ts';

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
  { signal }: { signal?: AbortSignal },
): Promise<void> {
  const objects = new MemoryObjects();
  const { get } = ledger;
  for await (const { link, bytes } of driveAsync(closure([nodeLink(control.rehearsal)]), get))
    objects.put(link.codec, link.digest, bytes);
  const changed = fabricated(decodeKind('rehearsal', objects.get(control.rehearsal)), evidence);
  const rehearsal = putObject(objects, changed);
  const verdicts = changed.validators.map((validator) =>
    putObject(objects, {
      kind: 'verdict',
      v: 1,
      validator,
      subject: rehearsal,
      accepted: true,
      findings: [],
    }),
  );
  const plan = decodeKind('plan', objects.get(changed.plan.digest));
  await using work = await temporaryFolder('packet');
  await writeFiles(work.path, await packetFiles(rehearsal, verdicts, objects), objects.get);
  await sealFolder(work.path);
  await using session = await ledger.session();
  for (const { link, bytes } of driveSync(closure(verdicts), objects.get))
    session.writer.put(link.codec, link.digest, bytes);
  const { packet } = await storePacket(session.writer, work.path, await requireSealed(work.path), {
    macro: plan.macro ?? undefined,
    links: [
      ['rehearsal', rehearsal],
      ...verdicts.map((link, i): [string, Link] => [verdictLinkName(i), link]),
    ],
    ...(signal && { signal }),
  });
  await session.append({
    type: 'rehearsal',
    links: [['packet', packet]],
    author: 'probe',
    lane: 'probe',
    message: 'a fabrication',
  });
}
