import { CustodyError, isCustodyError } from '../errors.ts';
import { MemoryObjects } from '../objects/memory-objects.ts';
import { guardWords } from '../rehearsal/guard.ts';
import { checkPlanNames } from '../rehearsal/plan-names.ts';
import { readPlan, type Plan } from '../rehearsal/plan.ts';
import { refusals, requireSource } from '../rehearsal/look-before.ts';
import { approvalFault, type Scripts } from '../rehearsal/script-use.ts';
import { loadEngine } from './engines.ts';
import { guardFiles } from './guarded-plan.ts';
import { requireEmpty } from './packet/out-folder.ts';

export interface CheckResult {
  /** Whether a rehearsal would start. What the gates answer, and what the script does, only running it shows. */
  readonly ok: boolean;
  readonly refusals: readonly CustodyError[];
  /** Digests of what the plan names, for pinning. */
  readonly digests: readonly { readonly file: string; readonly sha256: string }[];
  /** What an approval is of: the scripts with their includes. Null where they could not be read. */
  readonly approve: { readonly executor: string; readonly rollback: string | null } | null;
}

export interface CheckOptions {
  /** What would go into the record beside the plan: `--message`, `--author`, `--lane`. */
  readonly words?: Readonly<Record<string, string>>;
  /** Where the packet would go. */
  readonly out?: string;
  readonly signal?: AbortSignal;
  readonly progress?: (phrase: string) => void;
}

/**
 * `custody rehearse --check`: names everything that a rehearsal would refuse, and runs nothing: the plan, what it pins,
 * the tables and columns that it names, every statement of its scripts, every query. The source is copied, captured and
 * asked to compile; no statement of the plan is run, and nothing is recorded.
 * @throws CustodyError for I/O and environment only (exit code 4), and INTERRUPTED.
 */
export async function checkPlanFile(file: string, options: CheckOptions = {}): Promise<CheckResult> {
  const found: CustodyError[] = [];
  const report = (error: CustodyError): void => void found.push(error);
  const digests: CheckResult['digests'][number][] = [];
  const plan = await kept(() => readPlan(file, report), report);
  const guarded = plan && (await kept(() => guardFiles(plan, report), report));
  guarded?.refusals.forEach(report);
  guardWords(guarded?.profile, options.words ?? {}).forEach(report);
  const { out } = options;
  if (out !== undefined) await kept(() => requireEmpty(out), report);
  if (plan && guarded?.scripts) {
    const { executor, rollback } = guarded.scripts;
    const { source } = guarded;
    for (const { path, digest } of [...executor.parts, ...(rollback?.parts ?? [])])
      digests.push({ file: path, sha256: digest });
    await kept(() => checkOnClone(plan, { executor, rollback, source }, report, options), report);
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

/** Runs one step; what it refuses is reported. What the environment does is no refusal. */
async function kept<T>(
  step: () => Promise<T>,
  report: (error: CustodyError) => void,
): Promise<T | undefined> {
  try {
    return await step();
  } catch (error) {
    if (!isCustodyError(error) || error.exitCode === 4 || error.exitCode === 70) throw error;
    report(error);
    return undefined;
  }
}

async function checkOnClone(
  plan: Plan,
  { source, ...scripts }: Scripts & { readonly source: string | undefined },
  report: (error: CustodyError) => void,
  options: CheckOptions,
): Promise<void> {
  const fired = approvalFault(plan, scripts);
  if (fired)
    report(
      new CustodyError('EXECUTOR_CHANGED', `${fired.path}: ${fired.message}`, {
        path: plan.path,
        hint: 'Have these scripts approved, or rehearse the ones that were.',
      }),
    );
  const engine = await loadEngine(plan.form.engine);
  await using workspace = await engine.prepare(
    { file: plan.source.file, ...(source !== undefined && { real: source }) },
    { session: plan.form.session, timeLimit: plan.form.timeLimit, ...options },
  );
  await kept(async () => requireSource(plan, workspace), report);
  await using clone = await workspace.restore('check');
  const objects = new MemoryObjects();
  checkPlanNames(plan, await clone.capture(objects), objects, report);
  for (const refusal of await refusals(clone, plan, scripts)) report(refusal);
  const queries = [...plan.form.preflight, ...plan.form.postconditions];
  for (const { name, sql } of queries) {
    const refusal = await clone.checkQuery(sql);
    if (refusal)
      report(
        new CustodyError(refusal.code, `"${name}": ${refusal.message}`, {
          path: plan.path,
          hint: refusal.hint,
          cause: refusal,
        }),
      );
  }
}

function same(a: CustodyError, b: CustodyError): boolean {
  return a.code === b.code && a.path === b.path && a.message === b.message;
}
