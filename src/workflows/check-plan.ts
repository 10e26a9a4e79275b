import { loadEngine } from '../engines/load.ts';
import { CustodyError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { scratchSpool } from '../ledger/scratch-spool.ts';
import type { Digest } from '../objects/digest.ts';
import { checkOnClone, isolate } from '../rehearsal/look-before.ts';
import { reporting, type Plan, type Report } from '../rehearsal/plan/plan.ts';
import { approvalFault, type Scripts } from '../rehearsal/plan/script-use.ts';
import { preflight, type PreflightOptions } from './preflight.ts';

export interface CheckResult {
  /** Whether a rehearsal would start. What the gates answer, and what the script does, only running it shows. */
  readonly ok: boolean;
  readonly refusals: readonly CustodyError[];
  /** Digests of what the plan names, for pinning. */
  readonly digests: readonly { readonly file: string; readonly sha256: string }[];
  /** What an approval is of: the scripts with their includes. Null where they could not be read. */
  readonly approve: { readonly executor: string; readonly rollback: string | null } | null;
}

export interface CheckPlanOptions extends PreflightOptions {
  readonly signal?: AbortSignal;
  readonly progress?: (phrase: string) => void;
}

/**
 * `custody rehearse --check`: the preflight of a rehearsal, which goes on where that one stops, and compiles the plan's
 * queries, which that one asks. The source is copied, captured and asked to compile; no statement of the plan is run, and
 * nothing is recorded.
 * @throws CustodyError for I/O and environment only (exit code 4), and INTERRUPTED.
 */
export async function checkPlanFile(
  ledger: Ledger | undefined,
  file: string,
  options: CheckPlanOptions,
): Promise<CheckResult> {
  const found: CustodyError[] = [];
  const report = (error: CustodyError): void => void found.push(error);
  const digests: CheckResult['digests'][number][] = [];
  const { plan, guarded, judges } = await preflight(ledger, file, options, report);
  // Where the guard let nothing be opened, nothing more is looked at.
  if (plan && guarded?.source !== undefined) {
    const { scripts, source } = guarded;
    for (const { path, digest } of [...(scripts?.executor.parts ?? []), ...(scripts?.rollback?.parts ?? [])])
      digests.push({ file: path, sha256: digest });
    const { isolation: required = [] } = judges?.current.policy ?? {};
    const sha256 = await reporting(
      () => checkSource(plan, { scripts, source, required }, report, options),
      report,
    );
    if (sha256) digests.push({ file: plan.source.path, sha256 });
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
async function checkSource(
  plan: Plan,
  given: {
    readonly scripts: Scripts | undefined;
    readonly source: string;
    readonly required: readonly string[];
  },
  report: Report,
  { signal, progress }: CheckPlanOptions,
): Promise<Digest> {
  const { scripts, source, required } = given;
  const fired = scripts && approvalFault(plan, scripts);
  if (fired)
    report(
      new CustodyError('EXECUTOR_CHANGED', `${fired.path}: ${fired.message}`, {
        path: plan.path,
        hint: 'Have these scripts approved, or rehearse the ones that were.',
      }),
    );
  const options = { ...(signal && { signal }), ...(progress && { progress }) };
  await using workspace = await isolate(plan, source, await loadEngine(plan.form.engine), options, report);
  await using clone = await workspace.restore('check');
  await using spool = await scratchSpool();
  await checkOnClone(plan, clone, { scripts, workspace, objects: spool.objects, required }, report);
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
  return workspace.sourceDigest;
}

function same(a: CustodyError, b: CustodyError): boolean {
  return a.code === b.code && a.path === b.path && a.message === b.message;
}
