import { join } from 'node:path';
import type { NotShown } from '../engines/engine.ts';
import { CustodyError, isCustodyError } from '../errors.ts';
import type { Finding } from '../finding.ts';
import type { AppendOptions, AppendResult, Ledger, LedgerSession } from '../ledger/ledger.ts';
import type { Digest } from '../objects/digest.ts';
import { decodeKind, type ObjectOf } from '../objects/kinds.ts';
import type { Plan } from '../rehearsal/plan/plan.ts';
import type { Profile } from '../rehearsal/plan/profile.ts';
import { makePacket } from '../packets/make-packet.ts';
import { preparePacket } from '../packets/out-folder.ts';
import { movedSequences } from '../packets/files/packet-files.ts';
import { requirePolicy } from '../judging/policy.ts';
import { preflight } from './preflight.ts';
import { runPlan, type Rehearsed } from './run-plan.ts';

export interface RehearseOptions extends AppendOptions {
  readonly author: string;
  readonly lane: string;
  readonly message?: string;
  /** A folder that does not exist yet, or is empty: the packet is written there too. */
  readonly out?: string;
  /** Runs a profile's probes; without it a profile's probes are not run, and the validator misses them. */
  readonly probe?: Probing;
  /** A foreign validator may run without a sandbox, which is recorded. */
  readonly unsandboxed?: boolean;
  readonly progress?: (phrase: string) => void;
}

export interface RehearseResult {
  readonly accepted: boolean;
  /** What fired before any leg: nothing was run then, and that is what was recorded. */
  readonly trigger: string | null;
  readonly rehearsal: Digest;
  readonly run: Digest;
  /** Of the first validator. */
  readonly verdict: Digest;
  readonly validator: Digest;
  readonly verdicts: readonly {
    readonly validator: Digest;
    readonly name: string;
    readonly verdict: Digest;
    readonly accepted: boolean;
    readonly findings: readonly Finding[];
  }[];
  readonly packet: Digest;
  readonly seal: Digest;
  readonly record: number;
  /** Why the log was not signed with it; null where it was. */
  readonly unsigned: AppendResult['unsigned'];
  readonly entry: Digest;
  readonly before: Digest;
  /** The after-state with declared values masked. */
  readonly after: Digest | null;
  readonly legs: readonly {
    leg: string;
    ended: string;
    trigger: string | null;
    after: Digest | null;
    back: Digest | null;
    exact: boolean;
    /** Sequences that stand elsewhere than before. */
    bounded: readonly string[];
    /** Where the clone is kept, because nobody knows its state. */
    quarantined: string | null;
  }[];
  readonly delta: readonly { table: string; inserted: number; updated: number; deleted: number }[];
  readonly findings: readonly Finding[];
  readonly notShown: NotShown;
  /** Whether every validator's process had no network; where the system grants no namespace this is not claimed. */
  readonly validatorNetwork: 'restricted' | 'not restricted';
}

/**
 * `custody rehearse`: runs the plan, has the pinned validators judge it, makes and seals the packet, and commits
 * everything in one entry. A rejected rehearsal is committed too: it is evidence, also where a gate or the approval
 * refused it before any leg. What is refused otherwise before anything ran throws, and the ledger stays as it was.
 */
export async function rehearsePlan(
  ledger: Ledger,
  planFile: string,
  options: RehearseOptions,
): Promise<RehearseResult> {
  const { message = '', author, lane, unsandboxed } = options;
  const { plan, guarded, judges } = await preflight(ledger, planFile, {
    words: { message, author, lane },
    ...(options.out !== undefined && { out: options.out }),
    ...(unsandboxed && { unsandboxed }),
  });
  const { profile } = guarded;
  const { progress = () => undefined, now, signal } = options;
  if (profile?.probes && options.probe) progress('probes');
  const probes = profile && (await probed(plan, profile, options.probe));
  // Captured straight into a pack that nobody sees before it is whole, and that is gone where this breaks off.
  await using session = await ledger.session({ brief: false });
  const rehearsed = await runPlan(plan, guarded, judges.validators, session.writer, {
    quarantine: quarantineOf(ledger),
    isolation: judges.current.policy.isolation,
    asked: profile?.surfaces.flatMap(({ how }) => how.isolation?.[plan.form.engine] ?? []) ?? [],
    ...(probes && { probes }),
    progress,
    ...(now && { now }),
    ...(signal && { signal }),
    ...(unsandboxed && { unsandboxed }),
  });
  progress('packet');
  return await commitRehearsal(session, rehearsed, {
    ...options,
    check: () => requirePolicy(ledger, judges.current),
  });
}

/** Where a ledger keeps clones of unknown state. */
export function quarantineOf({ folder }: Ledger): string {
  return join(folder, 'quarantine');
}

/** Runs a profile's probes on a control plan. */
export type Probing = (profile: Profile, plan: Plan) => Promise<ObjectOf<'probes'>>;

/** The probes of a plan's profile. The plan itself is the control plan: so whoever has it can run them again. */
export async function probed(
  plan: Plan,
  profile: Profile,
  probe: Probing | undefined,
): Promise<ObjectOf<'probes'> | undefined> {
  return profile.probes && probe?.(profile, plan);
}

async function commitRehearsal(
  session: LedgerSession,
  rehearsed: Rehearsed,
  options: RehearseOptions,
): Promise<RehearseResult> {
  const { plan, result, verdicts, run, accepted } = rehearsed;
  const made = await makePacket(result.rehearsal, verdicts, session.writer);
  // Before the writer is finished: nothing is read back from it then.
  const said = described(rehearsed);
  const { out, signal } = options;
  const get = async (id: Digest): Promise<Uint8Array> => session.writer.get(id);
  // It gets its place when the record is there: a packet outside that no record holds would say otherwise.
  await using written =
    out === undefined ? undefined : await preparePacket(out, made, get, { signal, parents: true });
  const { author, lane } = options;
  const draft = {
    type: 'rehearsal',
    packet: made.packet,
    run,
    author,
    lane,
    message: options.message ?? `${plan.form.name}: ${accepted ? 'accepted' : 'rejected'}`,
  } as const;
  const appended = await session.append(draft, options);
  await written?.place().catch((cause: unknown) => {
    if (!isCustodyError(cause)) throw cause;
    throw new CustodyError(cause.code, `${cause.message}; the rehearsal is recorded as @${appended.index}`, {
      cause,
      ...(cause.path !== undefined && { path: cause.path }),
      hint: `custody unpack @${appended.index} FOLDER writes its packet.`,
    });
  });
  return {
    ...said,
    packet: made.packet.digest,
    seal: made.seal,
    record: appended.index,
    unsigned: appended.unsigned,
    entry: appended.entry,
  };
}

/** What a rehearsal came to, for people and programs. */
export function described(
  rehearsed: Rehearsed,
): Omit<RehearseResult, 'packet' | 'seal' | 'record' | 'unsigned' | 'entry'> {
  const { result, verdicts, judged, run, objects } = rehearsed;
  const { delta, legs, validators } = decodeKind('rehearsal', objects.get(result.rehearsal.digest));
  return {
    accepted: rehearsed.accepted,
    trigger: result.trigger,
    rehearsal: result.rehearsal.digest,
    run: run.digest,
    verdict: verdicts[0]!.digest,
    validator: validators[0]!.digest,
    verdicts: verdicts.map(({ digest }, i) => ({
      validator: validators[i]!.digest,
      name: judged[i]!.name,
      verdict: digest,
      accepted: judged[i]!.accepted,
      findings: judged[i]!.findings,
    })),
    before: result.before.snapshot.digest,
    after: result.after?.digest ?? null,
    legs: result.legs.map(({ leg, ended, trigger, back, kept }, i) => ({
      leg,
      ended,
      trigger,
      after: legs[i]?.after?.digest ?? null,
      back: back?.snapshot.digest ?? null,
      exact: back?.snapshot.equals(result.before.snapshot) ?? false,
      bounded: back ? movedSequences(result.before.snapshot, back.snapshot, objects.get) : [],
      quarantined: kept ?? null,
    })),
    delta,
    findings: rehearsed.findings,
    notShown: result.notShown,
    validatorNetwork: judged.every(({ networkRestricted }) => networkRestricted)
      ? 'restricted'
      : 'not restricted',
  };
}
