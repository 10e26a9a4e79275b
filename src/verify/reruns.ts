import { CustodyError, isCustodyError, isDamage } from '../errors.ts';
import { finding, type Finding } from '../finding.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { parseVerifierKey } from '../log/note-key.ts';
import { claimedSigners, openRerun } from '../log/rerun-note.ts';
import { decodeKind, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import type { LogEntries } from './log-entries.ts';
import { ObjectsCheck } from './objects.ts';

/** A rerun that the log holds. */
export interface Rerun {
  readonly record: number;
  /** `NAME+ID` of a signature, as the note claims it; `nobody` where the note cannot be read. */
  readonly signer: string;
  readonly same: boolean;
  /** Whether a key that the auditor gave signed it, and everything that it links is there. */
  readonly counted: boolean;
}

export interface RerunsReport {
  readonly reruns: readonly Rerun[];
  readonly findings: readonly Finding[];
  /** Reruns of a version that is not known, where any are asked for: they count nothing, whatever they are of. */
  readonly notes: readonly Finding[];
}

export interface RerunsOptions {
  /** Verifier keys; without any, nothing counts and nothing is a finding. */
  readonly rerunners: readonly string[];
  readonly signal?: AbortSignal;
  /** As `verify` has it. */
  readonly limitSize?: number;
}

/**
 * Reruns of one rehearsal. Anybody who appends may claim one, so only those count that a key signed which the auditor
 * gave, and which is not the log's own: who keeps the log is not somebody else.
 * @param claimed what the log's entries claim; what is damaged counts nothing (levels chain and objects name it).
 */
export async function verifyReruns(
  ledger: Ledger,
  claimed: LogEntries['reruns'],
  subject: Link,
  options: RerunsOptions,
): Promise<RerunsReport> {
  const { rerunners, signal } = options;
  const reruns: Rerun[] = [];
  const findings: Finding[] = [];
  const notes: Finding[] = [];
  for (const { index, rerun } of claimed) {
    signal?.throwIfAborted();
    const path = `records/${index}`;
    const found = await attempt(
      () => loadRerun(ledger, rerun),
      ({ code, message }) => {
        if (code === 'OBJECT_VERSION_UNKNOWN' && rerunners.length > 0)
          notes.push(finding(code, path, message));
      },
    );
    if (!found?.rerun.subject.equals(subject)) continue;
    const signers = signersOf(found.rerun.note);
    const given = signers.filter((signer) => rerunners.some((key) => key.startsWith(`${signer}+`)));
    const said = given.length === 0 ? 'nothing' : await saidBy(ledger, found, path, options);
    if (Array.isArray(said)) findings.push(...said);
    const counted = said === 'same';
    for (const signer of signers.length > 0 ? signers : ['nobody'])
      reruns.push({
        record: index,
        signer,
        same: found.rerun.same,
        counted: counted && given.includes(signer),
      });
  }
  return { reruns, findings, notes };
}

/** @throws CustodyError USAGE for a key that cannot be somebody else's, or is none. */
export function checkRerunners(rerunners: readonly string[], logKey: string): void {
  const log = Buffer.from(parseVerifierKey(logKey).publicKey);
  for (const key of rerunners) {
    // The same key under another name is still the log's.
    if (log.equals(parseVerifierKey(key).publicKey)) {
      throw new CustodyError('USAGE', "this is the log's own key: only a rerun by somebody else counts", {
        hint: 'Give the verifier key of who ran it again, as custody rerun --signer printed it.',
      });
    }
  }
}

interface Found {
  readonly link: Link;
  readonly rerun: ObjectOf<'rerun'>;
}

/** What a `rerun` object claims, by whose name; nothing of it is verified. Undefined where it is none or is damaged. */
export async function readClaim(
  ledger: Ledger,
  rerun: Link,
): Promise<{ rerun: ObjectOf<'rerun'>; signers: readonly string[] } | undefined> {
  const found = await attempt(() => loadRerun(ledger, rerun));
  return found && { rerun: found.rerun, signers: signersOf(found.rerun.note) };
}

async function loadRerun(ledger: Ledger, link: Link): Promise<Found> {
  return { link, rerun: decodeKind('rerun', await ledger.get(link.digest), link.digest) };
}

async function attempt<T>(
  read: () => Promise<T | undefined>,
  onDamage: (error: CustodyError) => void = () => undefined,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isDamage(error)) throw error;
    onDamage(error);
    return undefined;
  }
}

function signersOf(note: string): string[] {
  try {
    return claimedSigners(note).map(({ name, keyId }) => `${name}+${keyId}`);
  } catch (error) {
    if (!isCustodyError(error, 'NOTE_MALFORMED')) throw error;
    return [];
  }
}

/**
 * What a given key says by a rerun. Whoever appends can put a known signer's name, or an old note of theirs, into a rerun
 * that they never made: what the signature does not bear out says nothing, and cannot speak against an honest one.
 */
async function saidBy(
  ledger: Ledger,
  { link, rerun }: Found,
  path: string,
  options: RerunsOptions,
): Promise<'same' | 'nothing' | Finding[]> {
  const { subject, again, same, differences, note } = rerun;
  try {
    const claim = { subject: subject.digest, again: again.digest, same };
    if (!openRerun(note, claim, options.rerunners)) return 'nothing';
  } catch (error) {
    if (!isDamage(error)) throw error;
    return 'nothing';
  }
  if (same !== again.equals(subject))
    return [
      finding(
        'RERUN_INVALID',
        path,
        `it is signed, and says "${same ? 'same' : 'different'}" of what is not`,
      ),
    ];
  if (!same) {
    const first = differences[0] ?? 'it does not say where';
    return [finding('RERUN_DIFFERS', path, `run again it differs: ${first}`)];
  }
  const objects = new ObjectsCheck(ledger.store, options);
  await objects.reach([link], path);
  await objects.hashFiles();
  if (objects.findings.length > 0) return 'nothing';
  const run = decodeKind('run', await ledger.get(rerun.run.digest), rerun.run.digest);
  return run.rehearsal.equals(again) ? 'same' : 'nothing';
}
