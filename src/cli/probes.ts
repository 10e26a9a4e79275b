import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../system/temporary-folder.ts';
import { CustodyError } from '../errors.ts';
import { Ledger } from '../ledger/ledger.ts';
import { keyFolder } from '../ledger/log-key.ts';
import { parseDigest, type Digest } from '../objects/digest.ts';
import { storeContent } from '../objects/file.ts';
import type { ObjectOf } from '../objects/kinds.ts';
import type { Plan } from '../rehearsal/plan/plan.ts';
import type { Profile } from '../rehearsal/plan/profile.ts';
import type { Probe } from '../rules/profile-schema.ts';
import { SEAL_NAME } from '../packets/seal/names.ts';
import { endedWith } from './exit-code.ts';
import { bringUp, layOut, type Bench } from '../workflows/probe/bench.ts';
import { commitFabrication } from '../workflows/probe/forge.ts';
import { filesOf, Leaks, scanChanged, scanEntry } from '../workflows/probe/leaks.ts';
import { twoAtOnce } from '../system/two-at-once.ts';
import { noProbes } from '../rehearsal/plan/profile-folder.ts';

/** A command, run to its end as a user runs it, with the files and the keys of that folder alone. */
export type RunCommand = (
  argv: readonly string[],
  place: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal },
) => Promise<{ readonly exit: number; readonly stdout: string; readonly stderr: string }>;

export interface ProbeOptions {
  readonly run: RunCommand;
  /** What commands find in their environment, beside what keeps the user's configuration out of it. */
  readonly env: NodeJS.ProcessEnv;
  /** The control plan. */
  readonly plan: Plan;
  readonly signal?: AbortSignal;
  readonly progress?: (phrase: string) => void;
}

type Result = ObjectOf<'probes'>['results'][number];

/**
 * Runs a profile's probes: its control plan as it is, then each bad input, every one through the whole command, in a
 * folder and a ledger of its own that are gone afterwards. A `rehearse` probe changes the plan or the executor; a
 * `verify` probe fabricates evidence from the control's, has it accepted and recorded, and asks for the judgement.
 * The result is a function of profile and plan: no paths, no clock.
 * @throws CustodyError PROFILE_INVALID where there are no probes, or the plan is not under this profile; INTERRUPTED.
 */
export async function runProbes(profile: Profile, options: ProbeOptions): Promise<ObjectOf<'probes'>> {
  const { probes } = profile;
  if (!probes) throw noProbes(profile);
  await using scratch = await temporaryFolder('probe');
  const bench = await layOut(profile, options.plan, join(scratch.path, 'bench'));
  const desk = (signal: AbortSignal): ProbeDesk =>
    new ProbeDesk(profile, bench, scratch.path, { ...options, signal });
  const control = await desk(options.signal ?? new AbortController().signal).control(probes.control);
  // Probes know nothing of each other.
  const rest = await twoAtOnce(probes.cases, (probe, i, signal) => desk(signal).probe(probe, i + 1), options);
  const results = [control, ...rest];
  return {
    kind: 'probes',
    v: 2,
    profile: storeContent({ put: () => undefined }, profile.bytes),
    results,
  };
}

type Stoppable = ProbeOptions & { readonly signal: AbortSignal };

class ProbeDesk {
  readonly #profile: Profile;
  readonly #bench: Bench;
  readonly #work: string;
  readonly #options: Stoppable;

  constructor(profile: Profile, bench: Bench, work: string, options: Stoppable) {
    this.#profile = profile;
    this.#bench = bench;
    this.#work = work;
    this.#options = options;
  }

  async control({ id, name }: { id: string; name: string }): Promise<Result> {
    await bringUp(this.#bench, {}, join(this.#work, 'control'));
    const folder = this.#home('control');
    await this.#must(folder, ['init', '--origin', 'probe.invalid/log']);
    return { id, name, expected: null, ...(await this.#watch(folder, REHEARSE)) };
  }

  /** @param number a name for its folder, of no meaning. */
  async probe(probe: Probe, number: number): Promise<Result> {
    this.#options.progress?.(`probe ${probe.id}`);
    const name = `probe-${number}`;
    const folder = this.#home(name);
    if (probe.evidence) {
      await cp(join(this.#work, 'control'), join(this.#work, name), { recursive: true });
      await this.#fabricate(folder, probe.evidence);
    } else {
      await bringUp(this.#bench, probe, join(this.#work, name));
      await this.#must(folder, ['init', '--origin', 'probe.invalid/log']);
    }
    const { id, expected } = probe;
    return {
      id,
      name: probe.name,
      expected,
      ...(await this.#watch(folder, probe.evidence ? VERIFY : REHEARSE)),
    };
  }

  /** Where the plan lies in a copy of the bench, and its ledger. */
  #home(name: string): string {
    return join(this.#work, name, this.#bench.home);
  }

  async #fabricate(folder: string, evidence: NonNullable<Probe['evidence']>): Promise<void> {
    await using ledger = await this.#ledger(folder);
    await commitFabrication(ledger, evidence);
  }

  /** Runs the command, and looks at everything that it says and writes. */
  async #watch(folder: string, argv: readonly string[]): Promise<Pick<Result, 'ended' | 'codes' | 'leaked'>> {
    const leaks = new Leaks(this.#profile.claims);
    const before = await filesOf(folder);
    const { exit, stdout, stderr } = await this.#run(folder, argv);
    leaks.scan('stdout', stdout);
    leaks.scan('stderr', stderr);
    const document = parsed(stdout);
    const changed = await scanChanged(leaks, folder, before);
    if (document['error'] !== undefined && changed.some((name) => name.endsWith(SEAL_NAME)))
      leaks.add('packet', 'a seal of what was refused');
    if (typeof document['entry'] === 'string') {
      await using ledger = await this.#ledger(folder);
      await scanEntry(leaks, ledger, parseDigest(document['entry']) satisfies Digest);
    }
    return { codes: codesIn(document), ended: endedWith(exit), leaked: leaks.list() };
  }

  async #must(folder: string, argv: readonly string[]): Promise<void> {
    const { exit, stderr } = await this.#run(folder, argv);
    if (exit !== 0) throw new CustodyError('IO_FAILED', `a probe's ledger cannot be made: ${stderr.trim()}`);
  }

  async #run(folder: string, argv: readonly string[]): ReturnType<RunCommand> {
    const { signal, run } = this.#options;
    signal.throwIfAborted();
    return run(argv, { cwd: folder, env: this.#environment(folder), signal });
  }

  #ledger(folder: string): Promise<Ledger> {
    return Ledger.open(folder, { keys: keyFolder(this.#environment(folder)) });
  }

  /** The user's own configuration, and keys above all, stay out of it. */
  #environment(folder: string): NodeJS.ProcessEnv {
    return {
      ...this.#options.env,
      CUSTODY_CONFIG_DIR: join(folder, 'config'),
      CUSTODY_AUTHOR: 'probe',
      CUSTODY_LANE: 'probe',
    };
  }
}

const REHEARSE = ['rehearse', 'plan.yaml', '--out', 'packet', '--json'] as const;
const VERIFY = ['verify', 'HEAD', '--json'] as const;

/** The codes of an error and of all findings, whoever found them, sorted. */
function codesIn(document: Record<string, unknown>): string[] {
  const codes = new Set<string>();
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(collect);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, item] of Object.entries(value)) {
      if (key === 'code' && typeof item === 'string') codes.add(item);
      else collect(item);
    }
  };
  collect(document);
  return [...codes].sort();
}

/** One JSON document, or nothing that could be read. */
function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
