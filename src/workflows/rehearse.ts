import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CustodyError, fromSystemError, noTemporaryFolder } from '../errors.ts';
import type { Finding } from '../finding.ts';
import type { AppendOptions, Ledger } from '../ledger/ledger.ts';
import { closure } from '../objects/closure.ts';
import type { Digest } from '../objects/digest.ts';
import { MemoryObjects } from '../objects/memory-objects.ts';
import { decodeKind } from '../objects/kinds.ts';
import { putObject } from '../objects/sink.ts';
import { driveAsync, driveSync } from '../objects/walk.ts';
import { readPlan } from '../rehearsal/plan.ts';
import { rehearse, type RehearsalResult } from '../rehearsal/rehearse.ts';
import { sealFolder } from '../verify/packet/seal.ts';
import { runValidator, type Judged } from '../verify/validator-process.ts';
import { requireSealed, storePacket } from './commit.ts';
import { loadEngine } from './engines.ts';
import { movedSequences, packetFiles, writeFiles } from './packet-files.ts';
import { pinnedValidator } from './policy.ts';

export interface RehearseOptions extends AppendOptions {
  readonly author: string;
  readonly lane: string;
  readonly message?: string;
  /** A folder that does not exist yet, or is empty: the packet is written there too. */
  readonly out?: string;
  readonly progress?: (phrase: string) => void;
}

export interface RehearseResult {
  readonly accepted: boolean;
  readonly rehearsal: Digest;
  readonly run: Digest;
  readonly verdict: Digest;
  readonly validator: Digest;
  readonly packet: Digest;
  readonly seal: Digest;
  readonly record: number;
  /** Whether the log was signed with it. */
  readonly signed: boolean;
  readonly entry: Digest;
  readonly before: Digest;
  /** The after-state with declared values masked. */
  readonly after: Digest | null;
  readonly legs: readonly {
    leg: string;
    ended: string;
    after: Digest | null;
    back: Digest;
    exact: boolean;
    /** Sequences that stand elsewhere than before. */
    bounded: readonly string[];
  }[];
  readonly delta: readonly { table: string; inserted: number; updated: number; deleted: number }[];
  readonly findings: readonly Finding[];
  /** Whether the validator's process had no network; where the system grants no namespace this is not claimed. */
  readonly validatorNetwork: 'restricted' | 'not restricted';
}

/**
 * `custody rehearse`: runs the plan, has the pinned validator judge it in its own process, makes and seals the packet,
 * and commits everything in one entry. A rejected rehearsal is committed too: it is evidence. What is refused before
 * anything ran throws, and the ledger stays as it was.
 */
export async function rehearsePlan(
  ledger: Ledger,
  planFile: string,
  options: RehearseOptions,
): Promise<RehearseResult> {
  const plan = await readPlan(planFile);
  if (options.out !== undefined) await requireEmpty(options.out);
  const engine = await loadEngine(plan.engine);
  const pinned = await pinnedValidator(ledger);
  const objects = new MemoryObjects();
  for await (const { link, bytes } of driveAsync(closure([pinned.link]), (id) => ledger.store.get(id))) {
    objects.put(link.codec, link.digest, bytes);
  }
  const { progress = () => undefined } = options;
  const result = await rehearse(plan, engine, objects, {
    validator: pinned.link,
    now: options.now ?? Date.now,
    progress,
    ...(options.signal && { signal: options.signal }),
  });
  progress('judge');
  const evidence = driveSync(closure([result.rehearsal]), objects.get);
  const judged = await runValidator(
    pinned.code,
    result.rehearsal.digest,
    evidence,
    options.signal ? { signal: options.signal } : {},
  );
  const verdict = putObject(objects, {
    kind: 'verdict',
    v: 1,
    validator: pinned.link,
    subject: result.rehearsal,
    accepted: judged.accepted,
    findings: judged.findings.map(({ code, path, detail }) => ({ code, path, detail })),
  });
  const isolation: [string, string][] = [
    ...result.run.isolation,
    ['validator-network', judged.networkRestricted ? 'restricted' : 'not restricted'],
  ];
  const run = putObject(objects, { ...result.run, isolation });
  progress('packet');
  return commitRehearsal(
    ledger,
    { plan: plan.name, macro: plan.macro, result, verdict, run, pinned, objects, judged },
    options,
  );
}

async function commitRehearsal(
  ledger: Ledger,
  made: {
    plan: string;
    macro: string | undefined;
    result: RehearsalResult;
    verdict: ReturnType<typeof putObject>;
    run: ReturnType<typeof putObject>;
    pinned: Awaited<ReturnType<typeof pinnedValidator>>;
    objects: MemoryObjects;
    judged: Judged;
  },
  options: RehearseOptions,
): Promise<RehearseResult> {
  const { result, verdict, run, pinned, objects, judged } = made;
  const work = await mkdtemp(join(tmpdir(), 'custody-packet-')).catch((error: unknown) => {
    throw noTemporaryFolder(error, tmpdir());
  });
  try {
    await writeFiles(work, packetFiles(result.rehearsal, verdict, pinned.code, objects));
    await sealFolder(work);
    await using session = await ledger.writer();
    for (const { link, bytes } of driveSync(closure([verdict, run]), objects.get))
      session.writer.put(link.codec, link.digest, bytes);
    const { packet, seal } = await storePacket(session.writer, work, await requireSealed(work), {
      macro: made.macro,
      links: [
        ['rehearsal', result.rehearsal],
        ['verdict', verdict],
      ],
    });
    if (options.out !== undefined) await copyOut(work, options.out);
    const { author, lane } = options;
    const message = options.message ?? `${made.plan}: ${judged.accepted ? 'accepted' : 'rejected'}`;
    const draft = {
      type: 'rehearsal',
      links: [
        ['packet', packet],
        ['run', run],
      ],
      author,
      lane,
      message,
    } as const;
    const appended = await ledger.append(session.writer, draft, options).catch(async (error: unknown) => {
      // Nothing was recorded: a packet outside the ledger would say otherwise.
      if (options.out !== undefined) await rm(options.out, { recursive: true, force: true });
      throw error;
    });
    const { delta, legs } = decodeKind('rehearsal', objects.get(result.rehearsal.digest));
    return {
      accepted: judged.accepted,
      rehearsal: result.rehearsal.digest,
      run: run.digest,
      verdict: verdict.digest,
      validator: pinned.link.digest,
      packet: packet.digest,
      seal,
      record: appended.index,
      signed: appended.signed,
      entry: appended.entry,
      before: result.before.snapshot.digest,
      after: result.after?.digest ?? null,
      legs: result.legs.map(({ leg, ended, back }, i) => ({
        leg,
        ended,
        after: legs[i]?.after?.digest ?? null,
        back: back.snapshot.digest,
        exact: back.snapshot.equals(result.before.snapshot),
        bounded: movedSequences(result.before.snapshot, back.snapshot, objects),
      })),
      delta,
      findings: judged.findings,
      validatorNetwork: judged.networkRestricted ? 'restricted' : 'not restricted',
    };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function requireEmpty(dir: string): Promise<void> {
  if (!existsSync(dir)) return;
  const names = await readdir(dir).catch((error: unknown) => {
    throw fromSystemError(error, dir);
  });
  if (names.length > 0)
    throw new CustodyError('USAGE', `${dir} is not empty`, {
      path: dir,
      hint: 'Give a folder that does not exist yet.',
    });
}

async function copyOut(work: string, dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    // Rows of databases are for their owner; a copy has the modes of its original.
    for (const name of await readdir(work)) await chmod(join(work, name), 0o600);
    await cp(work, dir, { recursive: true });
  } catch (error) {
    throw fromSystemError(error, dir);
  }
}
