import { realpath } from 'node:fs/promises';
import type { CustodyError } from '../errors.ts';
import type { ScriptPart } from '../objects/includes.ts';
import { namedFiles, type Place } from '../objects/production-target.ts';
import { guardPlan } from '../rehearsal/guard.ts';
import type { Plan, PlanFile, Report } from '../rehearsal/plan.ts';
import { readProfile, type Profile } from '../rehearsal/profile.ts';
import { readScripts, type Scripts } from '../rehearsal/script-use.ts';

/**
 * What the guard refuses of a plan (guard.ts), looked at in the order in which things are opened: where the files lie
 * before any is read, the scripts' text before the source is opened. Where something looks like production, nothing
 * more is opened.
 * @param report is given what is wrong with the scripts' files; by default the first of it is thrown.
 * @returns the plan's profile, where it names one, every refusal, and the scripts where it came to read them.
 * @throws CustodyError where the profile or a script cannot be read, or is not the pinned one.
 */
export async function guardFiles(
  plan: Plan,
  report?: Report,
): Promise<{ profile: Profile | undefined; refusals: readonly CustodyError[]; scripts?: Scripts }> {
  const places = await placesOf(plan);
  const remote = guardPlan(plan, undefined, { places, scripts: [] });
  if (remote.some(({ code }) => code === 'TARGET_PRODUCTION'))
    return { profile: undefined, refusals: remote };
  const profile = plan.profile && (await readProfile(plan.profile.file, plan.profile.sha256));
  const before = guardPlan(plan, profile, { places, scripts: [] });
  if (before.some(({ code }) => code === 'TARGET_PRODUCTION')) return { profile, refusals: before };
  const scripts = await readScripts(plan, report);
  const both = [scripts.executor, ...(scripts.rollback ? [scripts.rollback] : [])];
  const refused = (texts: readonly ScriptPart[]): readonly CustodyError[] =>
    guardPlan(plan, profile, { places, scripts: texts });
  const inFiles = refused(both.flatMap(({ parts }) => parts.map(asText)));
  // What runs: a string may open in one file and close in the next.
  const wholes = both
    .filter(({ parts }) => parts.length > 1)
    .map(({ parts, bytes }) => asText({ path: `${parts[0]!.path} with its includes`, bytes }));
  return { profile, refusals: inFiles.length > 0 ? inFiles : refused(wholes), scripts };
}

function asText({ path, bytes }: { path: string; bytes: Uint8Array }): ScriptPart {
  return { path, text: Buffer.from(bytes).toString() };
}

/** Every file that the plan names, with where it leads to. */
async function placesOf(plan: Plan): Promise<Place[]> {
  const places: Place[] = [];
  for (const [pointer, { file, path }] of namedFiles<PlanFile>(plan)) {
    const real = await realpath(file).catch(() => file);
    places.push({ pointer, written: path, resolved: [...new Set([file, real])] });
  }
  return places;
}
