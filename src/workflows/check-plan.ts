import { CustodyError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { scratchSpool } from '../ledger/scratch-spool.ts';
import type { Digest } from '../objects/digest.ts';
import type { ObjectOf } from '../objects/kinds.ts';
import { guardWords } from '../rehearsal/plan/guard.ts';
import { checkPlanNames } from '../rehearsal/plan/plan-names.ts';
import { sessionFaults } from '../rehearsal/plan/plan-session.ts';
import { readPlan, type Plan, type Report, reporting } from '../rehearsal/plan/plan.ts';
import { refusals, requireIsolation, requireSource } from '../rehearsal/look-before.ts';
import { approvalFault, type Scripts } from '../rehearsal/plan/script-use.ts';
import { loadEngine } from '../engines/load.ts';
import { guardFiles } from '../rehearsal/plan/guarded-plan.ts';
import { requireSandbox } from '../judging/foreign-process.ts';
import { requireEmpty } from '../packets/out-folder.ts';
import { currentPolicy, pinnedValidators } from '../judging/policy.ts';

export interface CheckResult {
  /** Whether a rehearsal would start. What the gates answer, and what the script does, only running it shows. */
  readonly ok: boolean;
  readonly refusals: readonly CustodyError[];
  /** Digests of what the plan names, for pinning. */
  readonly digests: readonly { readonly file: string; readonly sha256: string }[];
  /** What an approval is of: the scripts with their includes. Null where they could not be read. */
  readonly approve: { readonly executor: string; readonly rollback: string | null } | null;
}

export interface CheckPlanOptions {
  /** What would go into the record beside the plan: `--message`, `--author`, `--lane`. */
  readonly words?: Readonly<Record<string, string>>;
  /** Where the packet would go. */
  readonly out?: string;
  /** Where the rehearsal would be recorded: without it nobody knows what its policy requires. */
  readonly ledger?: Ledger | undefined;
  readonly unsandboxed?: boolean;
  readonly signal?: AbortSignal;
  readonly progress?: (phrase: string) => void;
}

/**
 * `custody rehearse --check`: names everything that a rehearsal would refuse, and runs nothing: the plan, what it pins,
 * the tables and columns that it names, every statement of its scripts, every query. The source is copied, captured and
 * asked to compile; no statement of the plan is run, and nothing is recorded.
 * @throws CustodyError for I/O and environment only (exit code 4), and INTERRUPTED.
 */
export async function checkPlanFile(file: string, options: CheckPlanOptions = {}): Promise<CheckResult> {
  const found: CustodyError[] = [];
  const report = (error: CustodyError): void => void found.push(error);
  const digests: CheckResult['digests'][number][] = [];
  const plan = await reporting(() => readPlan(file, report), report);
  const guarded = plan && (await reporting(() => guardFiles(plan, report), report));
  guarded?.refusals.forEach(report);
  guardWords(guarded?.profile, options.words ?? {}).forEach(report);
  const { out } = options;
  if (out !== undefined) await reporting(() => requireEmpty(out), report);
  const policy = options.ledger && (await reporting(() => policyOf(options.ledger!, options), report));
  // Where the guard let nothing be opened, nothing more is looked at.
  if (plan && guarded?.source !== undefined) {
    const { scripts, source } = guarded;
    for (const { path, digest } of [...(scripts?.executor.parts ?? []), ...(scripts?.rollback?.parts ?? [])])
      digests.push({ file: path, sha256: digest });
    const required = policy?.isolation ?? [];
    const onClone = await reporting(
      () => checkOnClone(plan, { scripts, source, required }, report, options),
      report,
    );
    if (onClone) digests.push({ file: plan.source.path, sha256: onClone.source });
  }
  // A fault of the schema is reported, and thrown as well.
  const unique = found.filter((error, i) => found.findIndex((e) => same(e, error)) === i);
  const { executor, rollback } = guarded?.scripts ?? {};
  return {
    ok: unique.length === 0,
    refusals: unique,
    digests,
    approve: executor ? { executor: executor.digest, rollback: rollback?.digest ?? null } : null,
  };
}

/** @returns the digest of the source. */
async function checkOnClone(
  plan: Plan,
  given: {
    readonly scripts: Scripts | undefined;
    readonly source: string;
    /** Assertions about isolation that the policy requires. */
    readonly required: readonly string[];
  },
  report: Report,
  options: CheckPlanOptions,
): Promise<{ source: Digest }> {
  const { scripts, source, required } = given;
  const fired = scripts && approvalFault(plan, scripts);
  if (fired)
    report(
      new CustodyError('EXECUTOR_CHANGED', `${fired.path}: ${fired.message}`, {
        path: plan.path,
        hint: 'Have these scripts approved, or rehearse the ones that were.',
      }),
    );
  const engine = await loadEngine(plan.form.engine);
  const faults = sessionFaults(plan, engine);
  faults.forEach(report);
  const session = faults.length > 0 ? [] : plan.form.session;
  await using workspace = await engine.prepare(
    { file: plan.source.file, real: source },
    { session, timeLimit: plan.form.timeLimit, ...options },
  );
  await reporting(async () => requireSource(plan, workspace), report);
  await using clone = await workspace.restore('check');
  await reporting(() => requireIsolation(workspace, required), report);
  await using spool = await scratchSpool();
  const { objects } = spool;
  checkPlanNames(plan, await clone.capture(objects), objects, report);
  for (const refusal of scripts ? await refusals(clone, plan, scripts) : []) report(refusal);
  for (const key of ['preflight', 'postconditions'] as const)
    for (const [i, { name, sql }] of plan.form[key].entries()) {
      const refusal = await clone.checkQuery(sql);
      if (refusal)
        report(
          new CustodyError(refusal.code, `${key} "${name}": ${refusal.message}`, {
            path: `${plan.path}:${plan.lineOf(`/${key}/${i}/sql`)}`,
            hint: refusal.hint,
            cause: refusal,
          }),
        );
    }
  return { source: workspace.sourceDigest };
}

/** The policy in force, where its validators can judge here. */
async function policyOf(
  ledger: Ledger,
  { unsandboxed = false }: CheckPlanOptions,
): Promise<ObjectOf<'policy'>> {
  const current = await currentPolicy(ledger);
  const pinned = await pinnedValidators(ledger, current);
  const foreign = pinned.some(({ validator }) => validator.runner !== 'node-permission');
  if (foreign && !unsandboxed) await requireSandbox();
  return current.policy;
}

function same(a: CustodyError, b: CustodyError): boolean {
  return a.code === b.code && a.path === b.path && a.message === b.message;
}
