import { isCustodyError } from '../errors.ts';
import { compareFindings, finding, type Finding } from '../finding.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { resolveRevision, type Revision } from '../ledger/revision.ts';
import { digestFromBytes, type Digest } from '../objects/digest.ts';
import { decodeKind, decodeObject, type ObjectOf } from '../objects/kinds.ts';
import { Link, nodeLink } from '../objects/link.ts';
import { rootOfPrefix, verifyChain, verifyCheckpoint } from '../verify/chain.ts';
import { ObjectsCheck } from '../verify/objects.ts';
import { checkFolder } from '../verify/packet/check.ts';
import { checkStoredPacket } from '../verify/stored-packet.ts';
import { ingestFolder } from './ingest-folder.ts';
import { verifySemantics } from './verify-semantics.ts';

export const LEVELS = ['seal', 'objects', 'chain', 'signatures', 'semantics', 'reexecuted'] as const;
export type Level = (typeof LEVELS)[number];
export type LevelState = 'done' | 'skipped' | 'failed';

export interface VerifyReport {
  /** True when nothing was found and every required level was done. */
  readonly ok: boolean;
  readonly levels: Readonly<Record<Level, LevelState>>;
  readonly required: readonly Level[];
  /** What the answer rests on, in words: a packet alone proves only that it agrees with itself. */
  readonly trust: string;
  readonly seal: Digest | null;
  /** How far the signatures reach: records covered by the last signed checkpoint, and records in all. */
  readonly signed: { readonly covered: number; readonly size: number } | null;
  readonly findings: readonly Finding[];
}

export interface VerifyOptions {
  /** The seal that the packet must have. */
  readonly expect?: Digest;
  /** Levels that must be done beyond those that the subject requires. */
  readonly require?: readonly Level[];
  readonly signal?: AbortSignal;
  /** The log's verifier key, given to the auditor by another way; without it the ledger's own configuration says it. */
  readonly key?: string;
}

/** Collects what each level found; a level starts as skipped, so forgetting one can never look like a yes. */
class Report {
  readonly levels: Record<Level, LevelState> = {
    seal: 'skipped',
    objects: 'skipped',
    chain: 'skipped',
    signatures: 'skipped',
    semantics: 'skipped',
    reexecuted: 'skipped',
  };
  readonly findings: Finding[] = [];
  readonly required: Set<Level>;
  trust = '';
  seal: Digest | null = null;
  signed: VerifyReport['signed'] = null;

  constructor(required: readonly Level[]) {
    this.required = new Set(required);
  }

  level(level: Level, findings: readonly Finding[]): void {
    this.levels[level] = findings.length === 0 && this.levels[level] !== 'failed' ? 'done' : 'failed';
    this.findings.push(...findings);
  }

  finish(): VerifyReport {
    for (const level of this.required) {
      if (this.levels[level] === 'skipped')
        this.findings.push(finding('LEVEL_SKIPPED', level, 'this level is required and was not verified'));
    }
    const { levels, trust, seal, signed } = this;
    const required = LEVELS.filter((level) => this.required.has(level));
    const ok = this.findings.length === 0 && required.every((level) => levels[level] === 'done');
    return { ok, levels, required, trust, seal, signed, findings: this.findings.sort(compareFindings) };
  }
}

/**
 * Verifies a packet folder by itself, and where `against` is given, that a ledger holds exactly this packet.
 * @throws CustodyError PATH_NOT_FOUND, PATH_NOT_A_FOLDER, REVISION_UNKNOWN, … Faults in evidence are findings.
 */
export async function verifyFolder(
  dir: string,
  options: VerifyOptions & { against?: { ledger: Ledger; revision: string } },
): Promise<VerifyReport> {
  const report = new Report([
    'seal',
    ...(options.against ? (['objects', 'chain'] as const) : []),
    ...(options.require ?? []),
  ]);
  const check = await checkFolder(dir, { expect: options.expect, signal: options.signal });
  report.level('seal', check.findings);
  report.seal = check.manifest ?? check.seal ?? null;
  report.trust =
    options.expect === undefined
      ? 'self-consistent only: nothing outside this folder says that it is the right one'
      : 'compared with the expected seal';
  if (options.against) {
    const { ledger, revision } = options.against;
    const resolved = await resolveRevision(ledger, revision);
    const packet = await findPacket(ledger, resolved);
    if (!packet) report.level('seal', [finding('TREE_DIFFERS', revision, 'this revision holds no packet')]);
    else if (check.findings.length === 0)
      report.level('seal', await compareWithStored(dir, check.seal, packet.packet));
    await verifyStored(report, ledger, resolved, options);
    report.trust = `compared with ${revision} of ledger ${ledger.config.origin}`;
  }
  return report.finish();
}

async function compareWithStored(
  dir: string,
  seal: Digest | undefined,
  packet: ObjectOf<'packet'>,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (seal !== digestFromBytes(packet.seal)) {
    findings.push(
      finding(
        'SEAL_UNEXPECTED',
        'packet_tree.sha256',
        `the ledger holds seal ${digestFromBytes(packet.seal)}`,
      ),
    );
  }
  const tree = await ingestFolder(dir, { put: () => undefined });
  if (!tree.equals(packet.tree))
    findings.push(
      finding('TREE_DIFFERS', '.', `the folder's tree is ${tree.digest}, the ledger's ${packet.tree.digest}`),
    );
  return findings;
}

/** Verifies a revision and the log that it is in. */
export async function verifyRevision(
  ledger: Ledger,
  revision: string,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  const resolved = await resolveRevision(ledger, revision);
  const packet = await findPacket(ledger, resolved);
  const report = new Report([
    'objects',
    'chain',
    ...(packet ? (['seal'] as const) : []),
    ...(packet && linkOf(packet.packet.links, 'verdict') ? (['semantics'] as const) : []),
    ...(options.require ?? []),
  ]);
  await verifyStored(report, ledger, resolved, options);
  report.trust = `held by ledger ${ledger.config.origin}, policy ${ledger.config.policy}`;
  return report.finish();
}

async function verifyStored(
  report: Report,
  ledger: Ledger,
  resolved: Revision,
  options: VerifyOptions,
): Promise<void> {
  const head = await ledger.head();
  const roots =
    resolved.type === 'record' ? [resolved.record.record.entry] : [await linkTo(ledger, resolved.id)];
  const objects = new ObjectsCheck(ledger.store, options.signal);
  await objects.reach(roots, resolved.type === 'record' ? `records/${resolved.record.index}` : 'revision');
  report.level('objects', objects.findings);

  const chain = await verifyChain(ledger, head, options.signal ? { signal: options.signal } : {});
  report.level('chain', [...chain.findings, ...(await checkGenesis(ledger, chain.entries))]);

  const verifierKey = options.key ?? ledger.config.verifierKey;
  const { covered, findings } = await verifyCheckpoint(
    head,
    { origin: ledger.config.origin, verifierKey },
    (size) => rootOfPrefix(ledger, head, size),
  );
  report.signed = { covered, size: head.size };
  if (findings.length > 0) report.level('signatures', findings);
  else if (resolved.type === 'record' && resolved.record.index < covered) report.level('signatures', []);

  const packet = objects.findings.length === 0 ? await findPacket(ledger, resolved) : undefined;
  if (packet) {
    const stored = await checkStoredPacket(ledger.store, packet.packet);
    report.level('seal', [
      ...stored.findings,
      ...(options.expect !== undefined && options.expect !== stored.seal
        ? [finding('SEAL_UNEXPECTED', 'packet_tree.sha256', `the packet has seal ${stored.seal}`)]
        : []),
    ]);
    report.seal = stored.seal;
    if (linkOf(packet.packet.links, 'verdict')) {
      const at = resolved.type === 'record' ? resolved.record.index : undefined;
      report.level(
        'semantics',
        await verifySemantics(ledger, packet.packet, at, options.signal ? { signal: options.signal } : {}),
      );
    }
  }
}

/** The first record holds the genesis policy that the configuration (or the auditor) names. */
async function checkGenesis(ledger: Ledger, entries: readonly Link[]): Promise<Finding[]> {
  const wrong = (why: string): Finding[] => [finding('POLICY_MISMATCH', 'records/0', why)];
  const first = entries[0];
  if (!first) return wrong('the log has no first policy');
  try {
    const entry = decodeKind('entry', await ledger.store.get(first.digest), first.digest);
    const policy = linkOf(entry.links, 'policy');
    return entry.type === 'policy' && policy?.digest === ledger.config.policy
      ? []
      : wrong('it does not hold the policy that config.yaml names');
  } catch (error) {
    if (!isCustodyError(error)) throw error;
    return wrong(`${error.code}: ${error.message}`);
  }
}

/** The packet that a revision names: a packet object, or the one that an entry links. */
export async function findPacket(
  ledger: Ledger,
  resolved: Revision,
): Promise<{ id: Digest; packet: ObjectOf<'packet'> } | undefined> {
  const id = resolved.type === 'record' ? linkOf(resolved.entry.links, 'packet')?.digest : resolved.id;
  if (id === undefined || (await ledger.store.codecOf(id).catch(() => 'raw')) === 'raw') return undefined;
  try {
    const object = decodeObject(await ledger.store.get(id));
    return object.kind === 'packet' ? { id, packet: object } : undefined;
  } catch (error) {
    // The objects level names the damage.
    if (isCustodyError(error)) return undefined;
    throw error;
  }
}

export function linkOf(links: readonly (readonly [string, Link])[], name: string): Link | undefined {
  return links.find(([key]) => key === name)?.[1];
}

async function linkTo(ledger: Ledger, id: Digest): Promise<Link> {
  return (await ledger.store.codecOf(id)) === 'raw' ? new Link(id, 'raw') : nodeLink(id);
}
