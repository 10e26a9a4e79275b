import { createWriteStream, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openRegular } from '../../system/regular-file.ts';
import { CustodyError, fromSystemError } from '../../errors.ts';
import { readPlan, type Plan } from './plan.ts';
import { readProfile, type Profile } from './profile.ts';

const PROFILE_NAME = 'profile.yaml';
/** @param path a profile, or the folder that holds a `profile.yaml`. @throws CustodyError as {@link readProfile}. */
export async function openProfile(path: string): Promise<Profile> {
  return readProfile(isFolder(path) ? join(path, PROFILE_NAME) : path);
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch (error) {
    throw fromSystemError(error, path);
  }
}

/** @throws CustodyError PROFILE_INVALID where the profile has no probes, and so names no plan. */
export function controlPlan(profile: Profile): string {
  if (!profile.probes) throw noProbes(profile);
  return resolve(dirname(profile.path), profile.probes.plan);
}

export function noProbes(profile: Profile): CustodyError {
  return new CustodyError('PROFILE_INVALID', 'the profile has no probes', {
    path: profile.path,
    hint: 'Give it probes: a control plan and its cases.',
  });
}

/**
 * Copies a plan and what it names, but not its source, into a folder, so that their paths still fit each other.
 * @returns the copied plan.
 * @throws CustodyError PLAN_INVALID where a path leads out of the plan's folder.
 */
export async function copyPlan(planFile: string, folder: string): Promise<Plan> {
  const plan = await readPlan(planFile);
  const files = [plan.profile, plan.executor, ...plan.executor.includes, plan.rollback];
  for (const file of [...files, ...(plan.rollback?.includes ?? [])]) {
    if (!file) continue;
    requireInside(plan, file.path);
    await copyTo(file.file, join(folder, file.path));
  }
  requireInside(plan, plan.source.path);
  await copyTo(planFile, join(folder, 'plan.yaml'));
  return readPlan(join(folder, 'plan.yaml'));
}

/** A profile, its control plan and everything that they name, for a folder to work in. @returns the plan. */
export async function copyProfile(profile: Profile, folder: string): Promise<Plan> {
  const { surrogate } = profile;
  if (surrogate)
    await copyTo(resolve(dirname(profile.path), surrogate.sql.file), join(folder, surrogate.sql.file));
  return copyPlan(controlPlan(profile), folder);
}

function requireInside(plan: Plan, path: string): void {
  const inner = normalize(path);
  if (!isAbsolute(inner) && inner !== '..' && !inner.startsWith('../')) return;
  throw new CustodyError('PLAN_INVALID', `${path} lies outside of the plan's folder`, {
    path: plan.path,
    hint: 'Keep what a control plan names beside it.',
  });
}

/** @throws CustodyError as the system says: DISK_FULL, PERMISSION_DENIED, … */
export async function copyTo(from: string, to: string): Promise<void> {
  try {
    await mkdir(dirname(to), { recursive: true });
    await using file = await openRegular(from);
    await pipeline(file.createReadStream({ autoClose: false }), createWriteStream(to));
  } catch (error) {
    throw fromSystemError(error, from);
  }
}
