import { realpath } from 'node:fs/promises';
import type { CustodyError } from '../errors.ts';
import type { ScriptPart } from '../objects/includes.ts';
import { guardPlan } from './guard.ts';
import { readProfile, type Profile } from './profile.ts';
import type { Plan, PlanFile, Report } from './plan.ts';
import { readScript, type Script } from './read-script.ts';
import type { Place } from './target.ts';

/** What a plan brings, opened only after the guard let it pass. */
export interface GuardedInputs {
  readonly profile: Profile | undefined;
  readonly executor: Script;
  readonly rollback: Script | undefined;
}

function thrown(error: CustodyError): never {
  throw error;
}

/**
 * Opens the profile and the scripts of a plan, in this order, each step only where nothing before it was refused: no
 * file that looks remote is opened, none that the profile calls production's, and the source not at all.
 * @param report is given every refusal; by default the first one is thrown.
 * @returns undefined where something was refused.
 * @throws CustodyError PROFILE_INVALID, EXECUTOR_CHANGED, INCLUDE_REFUSED, PATH_NOT_FOUND, …
 */
export async function openGuarded(plan: Plan, report: Report = thrown): Promise<GuardedInputs | undefined> {
  const places = await placesOf(plan);
  const passes = (profile: Profile | undefined, scripts: readonly ScriptPart[]): boolean => {
    const errors = guardPlan(plan, profile, { places, scripts });
    errors.forEach(report);
    return errors.length === 0;
  };
  if (!plan.profile) {
    if (!passes(undefined, [])) return undefined;
    return { profile: undefined, ...(await readScripts(plan)) };
  }
  // The profile is a file, too: it may not be fetched from anywhere.
  const own = places.filter(({ pointer }) => pointer === '/profile');
  const remote = guardPlan(plan, undefined, { places: own, scripts: [] }).filter(
    ({ code }) => code === 'TARGET_PRODUCTION',
  );
  remote.forEach(report);
  if (remote.length > 0) return undefined;
  const profile = await readProfile(plan.profile.file, plan.profile.sha256);
  if (!passes(profile, [])) return undefined;
  const scripts = await readScripts(plan);
  const parts = [...scripts.executor.parts, ...(scripts.rollback?.parts ?? [])].map(
    ({ path, bytes }): ScriptPart => ({ path, text: Buffer.from(bytes).toString('utf8') }),
  );
  return passes(profile, parts) ? { profile, ...scripts } : undefined;
}

async function readScripts(plan: Plan): Promise<Pick<GuardedInputs, 'executor' | 'rollback'>> {
  return {
    executor: await readScript(plan.executor),
    rollback: plan.rollback && (await readScript(plan.rollback)),
  };
}

/** Every file that the plan names, as written, as resolved, and where its symlinks lead; none is opened. */
export async function placesOf(plan: Plan): Promise<Place[]> {
  const named: [string, PlanFile | undefined][] = [
    ['/profile', plan.profile],
    ['/source', plan.source],
    ['/executor', plan.executor],
    ...plan.executor.includes.map((file, i): [string, PlanFile] => [`/executor/includes/${i}`, file]),
    ['/rollback', plan.rollback],
    ...(plan.rollback?.includes ?? []).map((file, i): [string, PlanFile] => [
      `/rollback/includes/${i}`,
      file,
    ]),
  ];
  const places: Place[] = [];
  for (const [pointer, file] of named) {
    if (!file) continue;
    const real = await realpath(file.file).catch(() => undefined);
    places.push({
      pointer,
      written: file.path,
      resolved: real === undefined || real === file.file ? [file.file] : [file.file, real],
    });
  }
  return places;
}
