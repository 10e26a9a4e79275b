import { isDamage } from '../errors.ts';
import { finding, type Finding } from '../finding.ts';
import type { Ledger } from '../ledger/ledger.ts';
import {
  isBlob,
  locateRevision,
  readLocated,
  resolveRevision,
  type Located,
  type Revision,
} from '../ledger/revision.ts';
import { digestFromBytes, type Digest } from '../objects/digest.ts';
import type { ObjectOf } from '../objects/kinds.ts';
import { nodeLink, rawLink, type Link } from '../objects/link.ts';
import { MemoryObjects } from '../objects/memory-objects.ts';
import { diffTrees } from '../objects/tree.ts';
import { driveAsync } from '../objects/walk.ts';
import { policyAt } from '../verify/log-entries.ts';
import { readSoundHead } from '../verify/head.ts';
import { ObjectsCheck } from '../verify/objects.ts';
import { checkFolder } from '../packets/seal/check.ts';
import { SEAL_NAME } from '../packets/seal/names.ts';
import { checkRerunners } from '../verify/reruns.ts';
import { checkStoredPacket } from '../packets/check-stored.ts';
import { ingestFolder } from '../packets/ingest-folder.ts';
import { findReadablePacket, linkOf, packetIn } from '../packets/find-packet.ts';
import { verifyLog, type VerifiedLog } from './verify-log.ts';
import { ReportBuilder, type Judge, type Level, type VerifyReport } from './verify-report.ts';
import { verifyReexecuted } from './verify-reexecuted.ts';
import { verifySemantics } from './verify-semantics.ts';

export interface VerifyOptions {
  /** The seal that the packet must have. */
  readonly expect?: Digest;
  /** Levels that must be done beyond those that the subject requires. */
  readonly require?: readonly Level[];
  readonly signal?: AbortSignal;
  /** Bytes that files may claim together before those are left that what is stored for them does not account for. */
  readonly limitSize?: number;
  /** The log's verifier key, given to the auditor by another way; without it the ledger's own configuration says it. */
  readonly key?: string;
  /** The first policy, given to the auditor by another way; without it the ledger's own configuration says it. */
  readonly policy?: Digest;
  /** Validators that the auditor trusts beside those that the first policy pins. */
  readonly validators?: readonly Digest[];
  /** Foreign validators may run without a sandbox where none is granted: the auditor allows that. */
  readonly unsandboxed?: boolean;
  /** Verifier keys of those whose reruns count; to give one requires the level `reexecuted`. */
  readonly rerunners?: readonly string[];
  /** A template of README.md or a script that this version does not know is a note: its words are not checked. */
  readonly anyTemplate?: boolean;
}

/**
 * Verifies a packet folder by itself, and where `against` is given, that a ledger holds exactly this packet.
 * @throws CustodyError PATH_NOT_FOUND, PATH_NOT_A_FOLDER, REVISION_UNKNOWN, … Faults in evidence are findings.
 */
export async function verifyFolder(
  dir: string,
  options: VerifyOptions & { against?: { ledger: Ledger; revision: string } },
): Promise<VerifyReport> {
  const report = new ReportBuilder(['seal', ...(options.require ?? [])]);
  const check = await checkFolder(dir, { expect: options.expect, signal: options.signal });
  report.level('seal', check.findings);
  report.trust =
    options.expect === undefined
      ? 'self-consistent only: nothing outside this folder says that it is the right one'
      : 'compared with the seal that was expected';
  if (options.against) {
    const { ledger, revision } = options.against;
    const resolved = await resolveRevision(ledger, revision);
    await verifyStored(report, ledger, resolved, options);
    const found = await findReadablePacket(ledger, resolved);
    report.level(
      'seal',
      found
        ? await compareWithStored(dir, check, found.packet, ledger)
        : [finding('TREE_DIFFERS', revision, 'this revision holds no packet')],
    );
    report.trust = `compared with ${revision} of ledger ${ledger.config.origin}`;
  }
  report.seal = check.manifest ?? check.seal ?? null;
  return report.finish();
}

/** The seal always; the tree, which also says modes and empty folders, where the folder is well-formed. */
async function compareWithStored(
  dir: string,
  { manifest, findings: faults }: { manifest: Digest | undefined; findings: readonly Finding[] },
  packet: ObjectOf<'packet'>,
  ledger: Ledger,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const held = digestFromBytes(packet.seal);
  if (manifest !== undefined && manifest !== held)
    findings.push(finding('SEAL_UNEXPECTED', SEAL_NAME, `the ledger holds this packet with seal ${held}`));
  if (faults.length > 0) return findings;
  const nodes = new MemoryObjects();
  const tree = await ingestFolder(dir, {
    put: (codec, digest, bytes) => {
      if (codec === 'dag-cbor') nodes.put(codec, digest, bytes);
    },
  });
  const get = async (id: Digest): Promise<Uint8Array> =>
    nodes.has(id) ? nodes.get(id) : await ledger.get(id);
  for await (const { path, before, after } of driveAsync(diffTrees(packet.tree, tree), get)) {
    const what = !before ? 'the ledger does not hold it' : !after ? 'only the ledger holds it' : 'it differs';
    findings.push(finding('TREE_DIFFERS', path, what));
  }
  return findings;
}

/**
 * Verifies a revision and the log that it is in.
 * @param log that log, where it was verified already.
 * @throws CustodyError REVISION_UNKNOWN, REVISION_MALFORMED, REVISION_AMBIGUOUS; faults in evidence are findings.
 */
export async function verifyRevision(
  ledger: Ledger,
  revision: string,
  options: VerifyOptions = {},
  log?: VerifiedLog,
): Promise<VerifyReport> {
  const report = new ReportBuilder(['objects', 'chain', ...(options.require ?? [])]);
  report.trust = `held by ledger ${ledger.config.origin}, first policy ${options.policy ?? ledger.config.policy}`;
  const read = await readSoundHead(ledger);
  if ('fault' in read) {
    report.level('chain', [read.fault]);
    return report.finish();
  }
  const place = await locateRevision(ledger, revision).catch(unlessDamaged);
  // Where the log is too damaged to find the revision in it, say all that is wrong with the log.
  if (place) await verifyStored(report, ledger, place, options, log);
  else reportLog(report, log ?? (await verifyLog(ledger, read.head, options)), undefined);
  return report.finish();
}

/** For a `catch`: what is damaged is undefined here, and a finding elsewhere. */
function unlessDamaged(error: unknown): undefined {
  if (!isDamage(error)) throw error;
}

async function verifyStored(
  report: ReportBuilder,
  ledger: Ledger,
  place: Located,
  options: VerifyOptions,
  known?: VerifiedLog,
): Promise<void> {
  const { rerunners = [] } = options;
  checkRerunners(rerunners, options.key ?? ledger.config.verifierKey);
  // A rerun that was asked for and is not there is no yes.
  if (rerunners.length > 0) report.require('reexecuted');
  const objects = new ObjectsCheck(ledger, options);
  if (place.type === 'object') await objects.reach([await linkTo(ledger, place.id)], 'revision');
  else await objects.record(place.record.record, `records/${place.record.index}`);
  await objects.hashFiles();
  report.require('objects', 'chain');
  report.level('objects', objects.findings);
  const index = place.type === 'record' ? place.record.index : undefined;
  const log = known ?? (await verifyLog(ledger, await ledger.head(), options));
  reportLog(report, log, index);
  const resolved = await readLocated(ledger, place).catch(unlessDamaged);
  if (!resolved) return;
  await verifyPacket(report, ledger, resolved, objects.findings.length === 0, { ...options, log });
  await verifyReexecuted(report, ledger, resolved, log, options);
}

/** What was found in the log, and how far the signatures reach. */
function reportLog(
  report: ReportBuilder,
  { size, findings, signatures, notes }: VerifiedLog,
  index: number | undefined,
): void {
  report.level('chain', findings);
  const first = signatures.checkpoints.findLast((signed) => index !== undefined && index < signed.size);
  report.signed = { covered: signatures.covered, size, time: first?.time ?? null };
  report.notes = notes.filter(({ path }) => path === `records/${index}`);
  if (signatures.findings.length > 0) report.level('signatures', signatures.findings);
  else if (index !== undefined && index < signatures.covered) report.level('signatures', []);
}

/** The packet of a revision: its seal, and its verdict where it is a rehearsal. Both are required where they apply. */
async function verifyPacket(
  report: ReportBuilder,
  ledger: Ledger,
  resolved: Revision,
  complete: boolean,
  options: VerifyOptions & { readonly log: VerifiedLog },
): Promise<void> {
  const found = await findReadablePacket(ledger, resolved);
  const isRehearsal =
    (resolved.type === 'record' && resolved.entry.type === 'rehearsal') ||
    (found !== undefined && ['rehearsal', 'verdict'].some((name) => linkOf(found.packet.links, name)));
  if (found || (resolved.type === 'record' && packetIn(resolved.entry))) report.require('seal');
  // A seal that was asked for and cannot be compared is no yes.
  if (options.expect !== undefined) report.require('seal');
  if (isRehearsal) report.require('semantics');
  // What is missing or damaged was reported; the rest cannot be judged.
  if (!found || !complete) return;
  const { seal, findings } = await checkStoredPacket(
    ledger.store,
    found.packet,
    options.signal ? { signal: options.signal } : {},
  );
  report.seal = seal;
  report.level('seal', [
    ...findings,
    ...(options.expect !== undefined && options.expect !== seal
      ? [finding('SEAL_UNEXPECTED', SEAL_NAME, `the packet has seal ${seal}`)]
      : []),
  ]);
  if (!isRehearsal) return;
  const at = resolved.type === 'record' ? resolved.record.index : options.log.size - 1;
  // What was in force follows from the log: where that is damaged nobody knows, and the findings say why.
  const inForce = policyAt(options.log.entries, at);
  if (!inForce) {
    const { unknown } = options.log.entries;
    if (unknown) report.level('semantics', [unknown]);
    return;
  }
  const semantics = {
    ...options,
    firstPolicy: options.policy ?? ledger.config.policy,
    onJudge: (judge: Judge) => void report.judges.push(judge),
  };
  const told = await verifySemantics(ledger, found.packet, inForce.policy, semantics);
  const isNote = ({ code }: Finding): boolean =>
    code === 'SELFTEST_UNKNOWN' || (options.anyTemplate === true && code === 'TEMPLATE_UNKNOWN');
  report.notes = [...report.notes, ...told.filter(isNote)];
  report.level(
    'semantics',
    told.filter((found) => !isNote(found)),
  );
}

async function linkTo(ledger: Ledger, id: Digest): Promise<Link> {
  return (await isBlob(ledger, id)) ? rawLink(id) : nodeLink(id);
}
