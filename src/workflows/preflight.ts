import type { Ledger } from '../ledger/ledger.ts';
import { requireSandbox } from '../judging/foreign-process.ts';
import {
  currentPolicy,
  pinnedValidators,
  type CurrentPolicy,
  type PinnedValidator,
} from '../judging/policy.ts';
import { requirePlace } from '../packets/out-folder.ts';
import { guardWords } from '../rehearsal/plan/guard.ts';
import { guardFiles, type Guarded } from '../rehearsal/plan/guarded-plan.ts';
import { readPlan, reporting, thrown, type Plan, type Report } from '../rehearsal/plan/plan.ts';

export interface PreflightOptions {
  /** What goes into the record beside the plan: `--message`, `--author`, `--lane`. */
  readonly words: Readonly<Record<string, string>>;
  /** Where the packet goes. */
  readonly out?: string;
  /** A foreign validator may run without a sandbox. */
  readonly unsandboxed?: boolean;
}

/** Who judges, by the policy in force. */
interface Judges {
  readonly current: CurrentPolicy;
  readonly validators: readonly PinnedValidator[];
}

/** What a rehearsal starts from. */
interface Ready {
  readonly plan: Plan;
  readonly guarded: Guarded;
  readonly judges: Judges;
}

/** What came out where refusals were collected: what could not be had is not there. */
interface Collected {
  readonly plan: Plan | undefined;
  readonly guarded: Partial<Guarded> | undefined;
  readonly judges: Judges | undefined;
}

/**
 * Everything that can refuse a rehearsal before its source is opened, in one order; what is seen on a clone is asked by
 * look-before.ts.
 * @param ledger where the rehearsal would be recorded: without it nobody knows what its policy requires.
 * @param report is given each refusal; by default the first is thrown.
 */
export async function preflight(ledger: Ledger, planFile: string, options: PreflightOptions): Promise<Ready>;
export async function preflight(
  ledger: Ledger | undefined,
  planFile: string,
  options: PreflightOptions,
  report: Report,
): Promise<Collected>;
export async function preflight(
  ledger: Ledger | undefined,
  planFile: string,
  { words, out, unsandboxed = false }: PreflightOptions,
  report: Report = thrown,
): Promise<Collected> {
  const plan = await reporting(() => readPlan(planFile, report), report);
  if (out !== undefined) await reporting(() => requirePlace(out), report);
  const guarded = plan && (await reporting(() => guardFiles(plan, report), report));
  guardWords(guarded?.profile, words).forEach(report);
  const judges = ledger && (await reporting(() => judgesOf(ledger, unsandboxed), report));
  return { plan, guarded, judges };
}

/** The validators of the policy in force, where they can judge here. */
async function judgesOf(ledger: Ledger, unsandboxed: boolean): Promise<Judges> {
  const current = await currentPolicy(ledger);
  const validators = await pinnedValidators(ledger, current);
  const foreign = validators.some(({ validator }) => validator.runner !== 'node-permission');
  if (foreign && !unsandboxed) await requireSandbox();
  return { current, validators };
}
