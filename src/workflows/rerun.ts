import { surrogateFault } from './surrogate.ts';
import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scratchSpool } from '../ledger/scratch-spool.ts';
import { isThere } from '../system/is-there.ts';
import type { NotShown } from '../engines/engine.ts';
import { temporaryFolder } from '../system/temporary-folder.ts';
import { CustodyError } from '../errors.ts';
import { finding, type Finding } from '../finding.ts';
import type { AppendOptions, Ledger } from '../ledger/ledger.ts';
import type { Digest } from '../objects/digest.ts';
import { toJson, type Json } from '../objects/json.ts';
import { decodeKind } from '../objects/kinds.ts';
import { guardFiles } from '../rehearsal/plan/guarded-plan.ts';
import { makePacket, type SealedTree } from '../packets/make-packet.ts';
import { rowChanges } from '../packets/files/changes.ts';
import { SURROGATE_FILE } from '../packets/files/profile-files.ts';
import { verdictFileName } from '../packets/files/material.ts';
import { requirePlace, writePacket } from '../packets/out-folder.ts';
import { compareRerun, ranIn, type Again, type Comparison } from './rerun/compare.ts';
import { detailOf } from './rerun/describe.ts';
import type { Difference } from './rerun/differences.ts';
import { jsonDocument } from './rerun/json-document.ts';
import { subjectFromFolder } from './rerun/from-folder.ts';
import { subjectFromLedger } from './rerun/from-ledger.ts';
import { materialise } from './rerun/materialise.ts';
import { recordRerun, refuseLogKey, type RecordedRerun, type RerunSigner } from './rerun/record.ts';
import type { RerunSubject } from './rerun/subject.ts';
import { probed, quarantineOf, type Probing } from './rehearse.ts';
import { runPlan, type Rehearsed } from './run-plan.ts';

export interface RerunOptions extends AppendOptions {
  /** Validators that the user trusts, beside the one of this version and those of the ledger's first policy. */
  readonly validators?: readonly Digest[];
  /** A folder that does not exist yet, or is empty: the packet that comes out is written there. */
  readonly out?: string;
  /** A foreign validator may run without a sandbox. */
  readonly unsandboxed?: boolean;
  /** Whether a rejected rehearsal is a finding, too. */
  readonly accepted?: boolean;
  /** Signs the result with this key of the user's, and records it. */
  readonly signer?: RerunSigner;
  /** Runs the profile's probes, where they were run for the subject. */
  readonly probe?: Probing;
  readonly progress?: (phrase: string) => void;
}

export interface RerunResult {
  /** The same rehearsal, verdicts and files: the same seal. */
  readonly same: boolean;
  /** What the validators say of the rerun. */
  readonly accepted: boolean;
  readonly subject: Digest;
  readonly again: Digest;
  readonly seal: { readonly subject: Digest; readonly again: Digest };
  readonly differences: readonly Difference[];
  /** How many differences there are beyond those that are listed. */
  readonly more: number;
  /** Files of the packets that differ. */
  readonly files: readonly string[];
  /** Clones that are kept, because nobody knows their state: in the ledger's quarantine, or a folder of their own. */
  readonly quarantined: readonly { readonly leg: string; readonly path: string }[];
  /** What of the rerun's own isolation could not be shown, and why. */
  readonly notShown: NotShown;
  /** Where another program ran than the one of the subject's `run`, or with other packages; null where that is not known. */
  readonly program: Comparison['program'];
  /** Whether the script of the profile's surrogate makes the database that it pins; null where there is none. */
  readonly surrogate: boolean | null;
  readonly findings: readonly Finding[];
  /** The `rerun` object and its record, where it was signed and recorded. */
  readonly rerun: Digest | null;
  readonly record: number | null;
  /** Why the log was not signed after it; null where it was, and where nothing was recorded. */
  readonly unsigned: RecordedRerun['unsigned'];
}

/**
 * `custody rerun`: runs a rehearsal again from what was kept of it, in a scratch folder, has the same validators judge,
 * makes the packet again and compares.
 * @param text a revision of the ledger, or an unpacked packet's folder, which is meant where both exist.
 * @throws CustodyError what {@link subjectFromFolder}, {@link subjectFromLedger} and running a plan throw; USAGE.
 */
export async function rerun(
  text: { readonly path: string; readonly revision: string },
  openLedger: () => Promise<Ledger>,
  options: RerunOptions,
): Promise<RerunResult> {
  if (options.out !== undefined) await requirePlace(options.out);
  const folder = isThere(text.path) && statSync(text.path).isDirectory();
  await using ledger = folder && !options.signer ? undefined : await openLedger();
  const { validators = [], signal, signer } = options;
  if (signer && ledger) refuseLogKey(ledger, signer.skey);
  const subject =
    folder || !ledger
      ? await subjectFromFolder(text.path, validators, signal ? { signal } : {})
      : await subjectFromLedger(ledger, text.revision, validators);
  await using scratch = await temporaryFolder('rerun');
  return await rerunIn(scratch.path, subject, ledger, options);
}

async function rerunIn(
  scratch: string,
  subject: RerunSubject,
  ledger: Ledger | undefined,
  options: RerunOptions,
): Promise<RerunResult> {
  const { progress = () => undefined, signal, now, out, signer } = options;
  progress('unpack');
  const plan = await materialise(subject, scratch);
  const guarded = await guardFiles(plan);
  const { profile } = guarded;
  const fault = profile?.surrogate && (await surrogateFault(profile, signal));
  if (subject.probed) progress('probes');
  const probes = subject.probed && profile ? await probed(plan, profile, options.probe) : undefined;
  // Not in the ledger: only a rerun that is signed writes there, and then only what it reaches.
  await using spool = await scratchSpool();
  const rehearsed = await runPlan(plan, guarded, subject.validators, spool.objects, {
    ...(probes && { probes }),
    ...(options.unsandboxed && { unsandboxed: true }),
    asked: claimedBy(subject),
    // Not in the scratch folder: nothing removes a clone of unknown state, and the run that is recorded names it.
    quarantine: ledger ? quarantineOf(ledger) : join(tmpdir(), `custody-quarantine-${randomUUID()}`),
    progress,
    ...(now && { now }),
    ...(signal && { signal }),
  });
  progress('packet');
  const { result, verdicts, objects, accepted } = rehearsed;
  const made = await makePacket(result.rehearsal, verdicts, objects, subject.templates);
  const again = againOf(rehearsed, made);
  const compared = await compareRerun(subject, again);
  if (out !== undefined)
    await writePacket(out, made, async (id) => objects.get(id), { signal, parents: true });
  const recorded =
    signer && ledger
      ? await recordRerun(ledger, { subject, rehearsed, compared }, { ...options, signer })
      : undefined;
  return {
    same: compared.same,
    accepted,
    subject: subject.id,
    again: result.rehearsal.digest,
    seal: { subject: subject.seal, again: again.seal },
    differences: compared.differences,
    more: compared.more,
    files: compared.files,
    quarantined: result.legs.flatMap(({ leg, kept }) => (kept === undefined ? [] : [{ leg, path: kept }])),
    notShown: result.notShown,
    program: compared.program,
    surrogate: profile?.surrogate ? fault === undefined : null,
    findings: [
      ...(fault === undefined ? [] : [finding('RERUN_DIFFERS', SURROGATE_FILE, fault)]),
      ...findingsOf(compared, rehearsed, options.accepted ?? false),
    ],
    rerun: recorded?.rerun ?? null,
    record: recorded?.record ?? null,
    unsigned: recorded?.unsigned ?? null,
  };
}

/** What the subject claims of its isolation: the rerun is asked for the same. */
function claimedBy({ rehearsal }: RerunSubject): string[] {
  const isolation = jsonDocument('rehearsal.json', rehearsal).at('isolation').items();
  return isolation.filter((one) => one.at('holds').value === true).map((one) => one.at('assertion').text());
}

/** The rerun in the forms that a packet has. */
function againOf({ result, run, verdicts, objects }: Rehearsed, { files, seal }: SealedTree): Again {
  const { get } = objects;
  const rehearsal = decodeKind('rehearsal', get(result.rehearsal.digest));
  return {
    seal,
    rehearsal: toJson({ id: result.rehearsal, ...rehearsal }),
    verdicts: new Map(
      verdicts.map((id, i): [string, Json] => [
        verdictFileName(i),
        toJson({ id, ...decodeKind('verdict', get(id.digest)) }),
      ]),
    ),
    changes: toJson(rowChanges(rehearsal, get).changes) as Json[],
    files,
    ran: ranIn(decodeKind('run', get(run.digest))),
    find: (id) => (objects.has(id) ? get(id) : undefined),
  };
}

function findingsOf(
  { same, differences, more, files }: Comparison,
  { accepted, findings, judged }: Rehearsed,
  mustAccept: boolean,
): Finding[] {
  const found = differences.map((d) => finding('RERUN_DIFFERS', d.path, detailOf(d)));
  if (more > 0) found.push(finding('RERUN_DIFFERS', 'rehearsal.json', `${more} more differences`));
  if (!same && found.length === 0)
    found.push(...files.map((path) => finding('RERUN_DIFFERS', path, 'the file comes out otherwise')));
  if (!same && found.length === 0)
    throw new CustodyError('INTERNAL', 'the seals differ, and nothing else does');
  if (mustAccept && !accepted) {
    const codes = [...new Set(findings.map(({ code }) => code))].join(', ');
    const who = judged.filter((one) => !one.accepted).map(({ name }) => name);
    found.push(finding('VERDICT_REJECTED', 'verdict', `rejected by ${who.join(', ')}: ${codes}`));
  }
  return found;
}
