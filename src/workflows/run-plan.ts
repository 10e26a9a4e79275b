import type { Finding } from '../finding.ts';
import { closure } from '../objects/closure.ts';
import { storeContent } from '../objects/file.ts';
import type { ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import { MemoryObjects } from '../objects/memory-objects.ts';
import { putObject } from '../objects/sink.ts';
import { driveSync } from '../objects/walk.ts';
import type { Plan } from '../rehearsal/plan.ts';
import { rehearse, type RehearsalResult } from '../rehearsal/rehearse.ts';
import type { Scripts } from '../rehearsal/script-use.ts';
import { runValidator, type Judged } from '../verify/validator-process.ts';
import { loadEngine } from './engines.ts';
import type { PinnedValidator } from './policy.ts';

export interface RunPlanOptions {
  readonly now?: () => number;
  readonly signal?: AbortSignal;
  readonly progress?: (phrase: string) => void;
  /** Where clones of unknown state are kept. */
  readonly quarantine: string;
  /** The profile's bytes, where the plan names one, and what its probes came to. */
  readonly profile?: Uint8Array;
  readonly probes?: ObjectOf<'probes'>;
  /** The scripts as the guard read them. */
  readonly scripts?: Scripts;
  /** Assertions about isolation that the policy requires. */
  readonly isolation?: readonly string[];
}

/** A rehearsal that was run and judged; nothing of it is stored yet. */
export interface Rehearsed {
  readonly plan: Plan;
  readonly result: RehearsalResult;
  readonly run: Link;
  /** One for each validator, in the order of the rehearsal's `validators`. */
  readonly verdicts: readonly Link[];
  readonly judged: readonly Judged[];
  readonly accepted: boolean;
  /** Of all validators. */
  readonly findings: readonly Finding[];
  /** Everything above and what it reaches. */
  readonly objects: MemoryObjects;
}

/**
 * Runs a plan and has every given validator judge it, each in a process of its own. Accepted is only what all accept.
 * @throws CustodyError what {@link rehearse} throws; VALIDATOR_FAILED where one gives no judgement.
 */
export async function runPlan(
  plan: Plan,
  validators: readonly PinnedValidator[],
  options: RunPlanOptions,
): Promise<Rehearsed> {
  const { progress = () => undefined, signal } = options;
  const engine = await loadEngine(plan.form.engine);
  const objects = new MemoryObjects();
  for (const { validator, code } of validators) {
    storeContent(objects, code);
    putObject(objects, validator);
  }
  const result = await rehearse(plan, engine, objects, {
    validators: validators.map(({ link }) => link),
    now: options.now ?? Date.now,
    quarantine: options.quarantine,
    progress,
    ...(options.isolation && { isolation: options.isolation }),
    ...(options.profile && { profile: options.profile }),
    ...(options.scripts && { scripts: options.scripts }),
    ...(options.probes && { probes: putObject(objects, options.probes) }),
    ...(signal && { signal }),
  });
  progress('judge');
  const judged: Judged[] = [];
  for (const { code } of validators) {
    const evidence = driveSync(closure([result.rehearsal]), objects.get);
    judged.push(await runValidator(code, result.rehearsal.digest, evidence, signal ? { signal } : {}));
  }
  const verdicts = judged.map(({ accepted, findings }, i) =>
    putObject(objects, {
      kind: 'verdict',
      v: 1,
      validator: validators[i]!.link,
      subject: result.rehearsal,
      accepted,
      findings: findings.map(({ code, path, detail }) => ({ code, path, detail })),
    }),
  );
  const restricted = judged.every(({ networkRestricted }) => networkRestricted);
  const isolation: [string, string][] = [
    ...result.run.isolation,
    ['validator-network', restricted ? 'restricted' : 'not restricted'],
  ];
  return {
    plan,
    result,
    run: putObject(objects, { ...result.run, isolation }),
    verdicts,
    judged,
    accepted: judged.length > 0 && judged.every(({ accepted }) => accepted),
    findings: judged.flatMap(({ findings }) => findings),
    objects,
  };
}
