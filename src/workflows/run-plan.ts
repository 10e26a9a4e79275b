import { CustodyError } from '../errors.ts';
import type { Finding } from '../finding.ts';
import type { Claims } from '../rules/claims.ts';
import { storeContent } from '../objects/file.ts';
import { decodeKind, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import { resultClaims } from '../rules/result-claims.ts';
import { putObject, type ObjectSpool } from '../objects/sink.ts';
import type { Plan } from '../rehearsal/plan/plan.ts';
import { rehearse, type RehearsalResult } from '../rehearsal/rehearse.ts';
import type { Guarded } from '../rehearsal/plan/guarded-plan.ts';
import { loadEngine } from '../engines/load.ts';
import { putProgram } from './program.ts';
import { judgeAll, judgesIsolation, verdictOf, type NamedJudgement } from '../judging/judge.ts';
import type { PinnedValidator } from '../judging/policy.ts';

export interface RunPlanOptions {
  readonly now?: () => number;
  readonly signal?: AbortSignal;
  readonly progress?: (phrase: string) => void;
  /** Where clones of unknown state are kept. */
  readonly quarantine: string;
  /** What that profile's probes came to. */
  readonly probes?: ObjectOf<'probes'>;
  /** A foreign validator may run without a sandbox, which is recorded. */
  readonly unsandboxed?: boolean;
  /** Assertions about isolation that the policy requires. */
  readonly isolation?: readonly string[];
  /** Assertions that are claimed where they are shown, though neither plan nor policy requires them. */
  readonly asked?: readonly string[];
}

/**
 * Nothing of it may be recorded or shown where an answer or a row holds what must not be claimed. The validator asks the
 * same of whatever was recorded all the same.
 * @throws CustodyError CLAIM_FORBIDDEN
 */
function guardResults({ digest }: Link, claims: Claims, { get }: ObjectSpool): void {
  const [found] = resultClaims(decodeKind('rehearsal', get(digest)), claims, get);
  if (!found) return;
  throw new CustodyError('CLAIM_FORBIDDEN', `${found.path} holds the forbidden claim ${found.phrase}`, {
    path: found.path,
    hint: 'Let the SQL of the plan and its scripts put no such claim together; nothing was recorded.',
  });
}

/** A rehearsal that was run and judged; nothing of it is published yet. */
export interface Rehearsed {
  readonly plan: Plan;
  readonly result: RehearsalResult;
  readonly run: Link;
  /** One for each validator, in the order of the rehearsal's `validators`. */
  readonly verdicts: readonly Link[];
  readonly judged: readonly NamedJudgement[];
  readonly accepted: boolean;
  /** Of all validators. */
  readonly findings: readonly Finding[];
  /** Everything above and what it reaches. */
  readonly objects: ObjectSpool;
}

/**
 * Runs a plan that the guard let pass and has every given validator judge it, each in a process of its own. Accepted is
 * only what all accept.
 * @param objects takes everything as it comes.
 * @throws CustodyError what {@link rehearse} throws; VALIDATOR_FAILED where one gives no judgement.
 */
export async function runPlan(
  plan: Plan,
  guarded: Guarded,
  validators: readonly PinnedValidator[],
  objects: ObjectSpool,
  options: RunPlanOptions,
): Promise<Rehearsed> {
  const { progress = () => undefined, signal } = options;
  const engine = await loadEngine(plan.form.engine);
  for (const { validator, code } of validators) {
    storeContent(objects, code);
    putObject(objects, validator);
  }
  const result = await rehearse(plan, guarded, engine, objects, {
    validators: validators.map(({ link }) => link),
    now: options.now ?? Date.now,
    quarantine: options.quarantine,
    progress,
    ...(options.isolation && { isolation: options.isolation }),
    ...(options.asked && { asked: options.asked }),
    ...(options.probes && { probes: putObject(objects, options.probes) }),
    ...(signal && { signal }),
  });
  if (guarded.profile) guardResults(result.rehearsal, guarded.profile.claims, objects);
  progress('judge');
  const judged = await judgeAll(validators, result.rehearsal, objects.get, {
    ...(signal && { signal }),
    ...(options.unsandboxed && { unsandboxed: true }),
  });
  const verdicts = judged.map((judgement) => putObject(objects, verdictOf(judgement, result.rehearsal)));
  const isolation = [...result.run.isolation, ...judgesIsolation(judged)];
  return {
    plan,
    result,
    run: putObject(objects, { ...result.run, program: putProgram(objects), isolation }),
    verdicts,
    judged,
    accepted: judged.length > 0 && judged.every(({ accepted }) => accepted),
    findings: judged.flatMap(({ findings }) => findings),
    objects,
  };
}
