import { realpath } from 'node:fs/promises';
import type { CustodyError } from '../errors.ts';
import { guardPlan } from '../rehearsal/guard.ts';
import type { Plan, PlanFile, Report } from '../rehearsal/plan.ts';
import { readProfile, type Profile } from '../rehearsal/profile.ts';
import { readScripts, type Scripts } from '../rehearsal/script-use.ts';
import type { Place } from '../rehearsal/target.ts';

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
  const parts = [...scripts.executor.parts, ...(scripts.rollback?.parts ?? [])];
  const texts = parts.map(({ path, bytes }) => ({ path, text: Buffer.from(bytes).toString() }));
  return { profile, refusals: guardPlan(plan, profile, { places, scripts: texts }), scripts };
}

/** Every file that the plan names, with where it leads to. */
async function placesOf({ profile, source, executor, rollback }: Plan): Promise<Place[]> {
  const files: [string, PlanFile | undefined][] = [
    ['/profile/file', profile],
    ['/source/file', source],
    ['/executor/file', executor],
    ...executor.includes.map((file, i): [string, PlanFile] => [`/executor/includes/${i}/file`, file]),
    ['/rollback/file', rollback],
    ...(rollback?.includes ?? []).map((file, i): [string, PlanFile] => [
      `/rollback/includes/${i}/file`,
      file,
    ]),
  ];
  const places: Place[] = [];
  for (const [pointer, named] of files) {
    if (!named) continue;
    const real = await realpath(named.file).catch(() => named.file);
    places.push({ pointer, written: named.path, resolved: [...new Set([named.file, real])] });
  }
  return places;
}
