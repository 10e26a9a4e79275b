import { CustodyError } from '../../errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { resolveRevision, type Revision } from '../../ledger/revision.ts';
import { digestFromBytes, type Digest } from '../../objects/digest.ts';
import { contentDigest, readContent, readBytes } from '../../objects/file.ts';
import { toJson, type Json } from '../../objects/json.ts';
import { decodeKind, type ObjectOf } from '../../objects/kinds.ts';
import type { Link } from '../../objects/link.ts';
import { diffSnapshots } from '../../objects/snapshots/diff.ts';
import { walkTree } from '../../objects/tree.ts';
import { driveAsync, resultOfAsync, type Get } from '../../objects/walk.ts';
import { isControlPath } from '../../packets/seal/names.ts';
import { readClaim } from '../../verify/reruns.ts';
import { verdictFileName } from '../../packets/files/material.ts';
import { shippedTemplates, storedTemplates } from '../../packets/files/templates.ts';
import { findPacket, rehearsalIn, rerunIn } from '../../packets/find-packet.ts';
import { loadValidator } from '../../judging/policy.ts';
import { entriesOf, rehearsalRecord } from '../rehearsal-record.ts';
import { showChange } from '../../objects/snapshots/shown-change.ts';
import { ranIn } from './compare.ts';
import type { Opened, RerunSubject, SubjectPart } from './subject.ts';
import { requireTrusted } from './trust.ts';

/**
 * A rehearsal that a ledger holds.
 * @param trusted validators that may run beside those of the first policy and of this version.
 * @throws CustodyError USAGE where the revision is no rehearsal; VALIDATOR_NOT_PINNED; REVISION_*; what
 *   reading objects throws.
 */
export async function subjectFromLedger(
  ledger: Ledger,
  revision: string,
  trusted: readonly Digest[],
): Promise<RerunSubject> {
  const { get } = ledger;
  const resolved = await resolveRevision(ledger, revision);
  const found = await findPacket(ledger, resolved);
  const links = found && rehearsalIn(found.packet);
  if (!found || !links) throw await noRehearsal(ledger, revision, resolved);
  const { digest } = links.rehearsal;
  const rehearsal = decodeKind('rehearsal', await get(digest), digest);
  const plan = decodeKind('plan', await get(rehearsal.plan.digest), rehearsal.plan.digest);
  const validators = [];
  for (const link of rehearsal.validators) validators.push(await loadValidator(ledger, link));
  await requireTrusted(validators, [...trusted, ...(await firstPolicyPins(ledger))]);
  const open =
    (link: Link): Opened =>
    () =>
      driveAsync(readContent(link), get);
  const parts = (script: ObjectOf<'rehearsal'>['executor']): SubjectPart[] =>
    script.parts.map(({ path, file }) => ({ path, open: open(file) }));
  const source = new Map<string, Opened>();
  for await (const { path, entry } of driveAsync(walkTree(rehearsal.source.files), get))
    if (entry.mode !== 'dir') source.set(path, open(entry.link));
  return {
    id: digest,
    seal: digestFromBytes(found.packet.seal),
    rehearsal: toJson({ id: links.rehearsal, ...rehearsal }),
    verdicts: await verdictsOf(links.verdicts, get),
    changes: await changesOf(rehearsal, get),
    files: await filesOf(found.packet, get),
    written: await readBytes(plan.written, get),
    profile: plan.profile ? await readBytes(plan.profile.written, get) : undefined,
    surrogate: plan.profile?.surrogate ? await readBytes(plan.profile.surrogate, get) : undefined,
    templates: new Map([...shippedTemplates(), ...(await storedTemplates(found.packet, get))]),
    ran: await ranOf(resolved, get),
    probed: rehearsal.probes !== null,
    executor: parts(rehearsal.executor),
    rollback: rehearsal.rollback ? parts(rehearsal.rollback) : undefined,
    source,
    validators,
    get,
  };
}

/** An entry of a rehearsal links its run; a packet that is named by its id does not. */
async function ranOf(revision: Revision, get: Get): Promise<Json | undefined> {
  if (revision.type !== 'record' || revision.entry.type !== 'rehearsal') return undefined;
  const { digest } = revision.entry.run;
  return ranIn(decodeKind('run', await get(digest), digest));
}

async function verdictsOf(
  links: readonly Link[],
  get: (id: Digest) => Promise<Uint8Array>,
): Promise<Map<string, Json>> {
  const verdicts = new Map<string, Json>();
  for (const [i, id] of links.entries())
    verdicts.set(
      verdictFileName(i),
      toJson({ id, ...decodeKind('verdict', await get(id.digest), id.digest) }),
    );
  return verdicts;
}

async function changesOf(
  { entry, legs }: ObjectOf<'rehearsal'>,
  get: (id: Digest) => Promise<Uint8Array>,
): Promise<Json[]> {
  const after = legs.find((leg) => leg.after !== null)?.after;
  if (!after) return [];
  const changes: Json[] = [];
  for await (const change of driveAsync(diffSnapshots(entry, after), get))
    changes.push(toJson(showChange(change)));
  return changes;
}

async function filesOf(
  packet: ObjectOf<'packet'>,
  get: (id: Digest) => Promise<Uint8Array>,
): Promise<Map<string, Digest>> {
  const files = new Map<string, Digest>();
  for await (const { path, entry } of driveAsync(walkTree(packet.tree), get))
    if (entry.mode !== 'dir' && !isControlPath(path))
      files.set(path, await resultOfAsync(contentDigest(entry.link), get));
  return files;
}

async function firstPolicyPins({ get, config }: Ledger): Promise<Digest[]> {
  const { validators } = decodeKind('policy', await get(config.policy), config.policy);
  return validators.map(({ digest }) => digest);
}

async function noRehearsal(ledger: Ledger, revision: string, resolved: Revision): Promise<CustodyError> {
  return new CustodyError('USAGE', `${revision} holds no rehearsal`, {
    path: revision,
    hint: await whichInstead(ledger, resolved),
  });
}

/** A rerun is about a rehearsal: that one; else the newest. */
async function whichInstead(ledger: Ledger, resolved: Revision): Promise<string> {
  const link = rerunIn(resolved);
  const claim = link && (await readClaim(ledger, link));
  const about = claim && (await rehearsalRecord(ledger, entriesOf(ledger), claim.rerun.subject.digest));
  if (about !== undefined) return `It is a rerun of the rehearsal in @${about}: run custody rerun @${about}.`;
  const newest = await rehearsalRecord(ledger, entriesOf(ledger));
  return newest === undefined
    ? 'This ledger holds none yet: custody rehearse makes one.'
    : `The newest is in @${newest}; custody log --type rehearsal lists all.`;
}
