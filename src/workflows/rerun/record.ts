import type { AppendOptions, AppendResult, Ledger } from '../../ledger/ledger.ts';
import { signRerun } from '../../log/rerun-note.ts';
import { parseSignerKey, parseVerifierKey } from '../../log/note-key.ts';
import { CustodyError, isDamage } from '../../errors.ts';
import { closure } from '../../objects/closure.ts';
import { digestFromBytes, type Digest } from '../../objects/digest.ts';
import { decodeKind, type ObjectOf } from '../../objects/kinds.ts';
import { nodeLink } from '../../objects/link.ts';
import { putObject } from '../../objects/sink.ts';
import { driveSync } from '../../objects/walk.ts';
import { checkStoredPacket } from '../../packets/check-stored.ts';
import { rehearsalIn, rehearsalOf } from '../../packets/find-packet.ts';
import { comparePacketFiles } from '../../packets/files/compare.ts';
import type { PacketFiles } from '../../packets/files/content.ts';
import { packetFiles } from '../../packets/files/packet-files.ts';
import type { Templates } from '../../packets/files/templates.ts';
import type { Rehearsed } from '../run-plan.ts';
import { readClaims, readJudged } from '../../judging/verdict-claims.ts';
import type { Comparison } from './compare.ts';
import { describeDifference } from './describe.ts';
import type { RerunSubject } from './subject.ts';

/** So many lines go into the object, which must stay below 1 MiB. */
const MAX_LINES = 200;

/** Who signs, and what the log says of it. */
export interface RerunSigner {
  readonly skey: string;
  readonly author: string;
  readonly lane: string;
  readonly message?: string;
}

export interface RecordedRerun {
  readonly rerun: Digest;
  readonly record: number;
  readonly unsigned: AppendResult['unsigned'];
}

/** Who signs must be somebody else than who keeps the log. @throws CustodyError USAGE */
export function refuseLogKey(ledger: Ledger, skey: string): void {
  const signer = parseSignerKey(skey);
  const log = parseVerifierKey(ledger.config.verifierKey);
  if (signer.name !== log.name && !Buffer.from(signer.publicKey).equals(log.publicKey)) return;
  throw new CustodyError('USAGE', 'a rerun is not signed in the name of the log', {
    hint: 'Give a name of your own, such as alice.example.com/reruns.',
  });
}

/**
 * Signs what came out and appends it, with everything that the rerun made.
 * @returns undefined where nothing can be recorded: it differs, and this ledger does not hold what it differs from. Anybody
 *   can change a packet and seal it anew: to differ from that says nothing about the rehearsal that it names.
 * @throws CustodyError what appending throws.
 */
export async function recordRerun(
  ledger: Ledger,
  made: { subject: RerunSubject; rehearsed: Rehearsed; compared: Comparison },
  options: AppendOptions & { readonly signer: RerunSigner },
): Promise<RecordedRerun | undefined> {
  const { subject, rehearsed, compared } = made;
  const { objects, run, result, plan } = rehearsed;
  const { same } = compared;
  if (!same && !(await differsFromRecorded(ledger, subject, result.rehearsal.digest))) return undefined;
  const { skey, author, lane, message } = options.signer;
  const again = result.rehearsal;
  await using session = await ledger.session();
  for (const { link, bytes } of driveSync(closure([run]), objects.get))
    session.writer.put(link.codec, link.digest, bytes);
  const lines = compared.differences.slice(0, MAX_LINES).map(describeDifference);
  const left = compared.differences.length + compared.more - lines.length;
  const rerun = putObject(session.writer, {
    kind: 'rerun',
    v: 1,
    subject: nodeLink(subject.id),
    again,
    run,
    same,
    differences: left > 0 ? [...lines, `${left} more`] : lines,
    note: signRerun({ subject: subject.id, again: again.digest, same }, skey),
  });
  const draft = {
    type: 'rerun',
    rerun,
    author,
    lane,
    message: message ?? `${plan.form.name}: run again, ${same ? 'the same' : 'DIFFERENT'}`,
  } as const;
  const { index, unsigned } = await session.append(draft, options);
  return { rerun: rerun.digest, record: index, unsigned };
}

/**
 * Whether another rehearsal came out than this ledger holds with the very seal of what was run again. Whoever appends may
 * have put another folder behind the links of a rehearsal: one whose files its objects do not give does not count.
 */
async function differsFromRecorded(
  ledger: Ledger,
  { id, seal }: RerunSubject,
  again: Digest,
): Promise<boolean> {
  if (again === id) return false;
  const { get } = ledger;
  for await (const { record } of ledger.records(await ledger.head())) {
    const entry = decodeKind('entry', await get(record.entry.digest), record.entry.digest);
    const held = await rehearsalOf(get, entry);
    if (held?.rehearsal.digest !== id || digestFromBytes(held.packet.seal) !== seal) continue;
    if (await isItsOwnPacket(ledger, held.packet)) return true;
  }
  return false;
}

async function isItsOwnPacket(ledger: Ledger, packet: ObjectOf<'packet'>): Promise<boolean> {
  const { get } = ledger;
  const subject = rehearsalIn(packet)?.rehearsal;
  if (!subject) return false;
  try {
    const rehearsal = readJudged(subject, await get(subject.digest));
    const { claims, findings } = await readClaims(packet.links, rehearsal, get);
    const verdicts = claims.map(({ link }) => link);
    const objects = { get: await ledger.store.reader() };
    const files = (templates: Templates): PacketFiles => packetFiles(subject, verdicts, objects, templates);
    findings.push(...(await comparePacketFiles(packet, files, get)));
    findings.push(...(await checkStoredPacket(ledger.store, packet)).findings);
    return findings.length === 0;
  } catch (error) {
    if (isDamage(error)) return false;
    throw error;
  }
}
