import { existsSync } from 'node:fs';
import { cp, copyFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { readRegular } from '../../engines/regular-file.ts';
import { CustodyError, fromSystemError } from '../../errors.ts';
import { digestOf } from '../../objects/digest.ts';
import type { PlanDocument } from '../../objects/plan-form.ts';
import type { Probe, Profile } from '../../rehearsal/profile.ts';
import { guardFiles } from '../guarded-plan.ts';
import { copyPlan } from '../profile-files.ts';
import { makeSurrogate } from '../surrogate.ts';
import { mergePatch } from './merge-patch.ts';

/** A plan's folder as probes change it: the plan as a value, and where its parts lie. */
export interface Bench {
  readonly folder: string;
  readonly document: PlanDocument;
}

/**
 * Lays a control plan with everything that it names into a folder. Its profile is the one that is probed but for the
 * probes, or each rehearsal in there would probe again. The source is made where the profile describes a surrogate
 * that is not there, and copied otherwise: after the guard has let the plan pass.
 * @throws CustodyError PROFILE_INVALID where the plan is not under this profile; TARGET_PRODUCTION, …
 */
export async function layOut(profile: Profile, planFile: string, folder: string): Promise<Bench> {
  const plan = await copyPlan(planFile, folder);
  if (plan.profile?.sha256 !== profile.digest)
    throw new CustodyError('PROFILE_INVALID', 'the control plan does not pin this profile', {
      path: `${planFile}:${plan.lineOf('/profile')}`,
      hint: 'Name the profile in the plan, with its digest.',
    });
  const { refusals } = await guardFiles(plan);
  for (const refusal of refusals) throw refusal;
  const beside = resolve(dirname(planFile), plan.source.path);
  if (profile.surrogate && !(await isSurrogate(beside, profile.surrogate.sha256)))
    await makeSurrogate(profile, plan.source.file);
  else await copySource(beside, plan.source.file);
  const { parse } = await import('yaml');
  const rules: unknown = parse(Buffer.from(profile.bytes).toString('utf8'));
  const bare = Buffer.from(JSON.stringify(mergePatch(rules, { probes: null })));
  await writeFile(plan.profile.file, bare);
  const document = parse(Buffer.from(plan.document).toString('utf8')) as PlanDocument;
  return { folder, document: { ...document, profile: { file: plan.profile.path, sha256: digestOf(bare) } } };
}

/** Bytes of a surrogate. */
const MAX_SURROGATE = 64 * 1024 * 1024;

/** Whether the surrogate was made already: what runs a rehearsal again has it, and not the script that makes it. */
async function isSurrogate(path: string, sha256: string): Promise<boolean> {
  if (!existsSync(path)) return false;
  const bytes = await readRegular(path, MAX_SURROGATE);
  return bytes !== undefined && digestOf(bytes) === sha256;
}

async function copySource(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to);
  } catch (error) {
    throw fromSystemError(error, from);
  }
}

/** A copy of a bench for one probe, with its change. A replaced executor is pinned, and approved where one must be. */
export async function bringUp(
  bench: Bench,
  probe: Pick<Probe, 'plan' | 'executor'>,
  folder: string,
): Promise<void> {
  await cp(bench.folder, folder, { recursive: true });
  let { document } = bench;
  if (probe.executor !== undefined) {
    const { file } = document.executor;
    await writeFile(join(folder, file), probe.executor);
    const sha256 = digestOf(Buffer.from(probe.executor));
    document = { ...document, executor: { file, sha256 } };
    if (document.approval) document = { ...document, approval: { ...document.approval, executor: sha256 } };
  }
  const changed = mergePatch(document, withTokens(probe.plan ?? {}));
  await writeFile(join(folder, 'plan.yaml'), `${JSON.stringify(changed, null, 2)}\n`);
}

/** `${SUBJECT+VERDICT}` becomes the token that a profile may not hold. */
function withTokens(value: unknown): unknown {
  if (typeof value === 'string')
    return value.replace(/\$\{([^{}+]+)\+([^{}+]+)\}/gu, (_, subject: string, verdict: string) =>
      `${subject}_${verdict}`.replaceAll(' ', '_'),
    );
  if (Array.isArray(value)) return value.map(withTokens);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withTokens(item)]));
}
