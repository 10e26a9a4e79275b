import { realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fromSystemError, orAbsent } from '../../errors.ts';
import type { ScriptPart } from '../../rules/includes.ts';
import { namedFiles, type NamedPlace } from '../../rules/production-target.ts';
import { PlanGuard } from './guard.ts';
import { type Plan, type PlanFile, type Report, reporting, thrown } from './plan.ts';
import { readPinned, readProfile, type Profile } from './profile.ts';
import { readScripts, type Scripts } from './script-use.ts';

/** A plan that the guard let pass, with what it looked at: nothing else is run or opened. */
export interface Guarded {
  /** Where the plan names one. */
  readonly profile: Profile | undefined;
  /** The script of its surrogate, where it has one. */
  readonly surrogate?: Uint8Array;
  readonly scripts: Scripts;
  /** Where the source led, links resolved: all that an engine may open. */
  readonly source: string;
}

/**
 * Asks the guard (guard.ts) in the order in which things are opened: what the plan writes before the system is asked where
 * that lies, where the files lie before any is read, plan and profile before the scripts, the scripts' text before the
 * source is opened. Where something looks like production, nothing more is opened.
 * @param report is given what is refused, and what is wrong with the scripts' files; then what was not opened is not
 *   there. By default the first is thrown.
 * @throws CustodyError where nobody can say where a file lies, where the profile or a script cannot be read, or is not the
 *   pinned one.
 */
export async function guardFiles(plan: Plan): Promise<Guarded>;
export async function guardFiles(plan: Plan, report: Report): Promise<Partial<Guarded>>;
export async function guardFiles(plan: Plan, report: Report = thrown): Promise<Partial<Guarded>> {
  const opened = await openPlaces(plan, report);
  const guard = new PlanGuard(plan, opened.profile);
  guard.plan().forEach(report);
  if (opened.source === undefined) return opened;
  const scripts = await reporting(() => readScripts(plan, report), report);
  const both = scripts ? [scripts.executor, ...(scripts.rollback ? [scripts.rollback] : [])] : [];
  const inFiles = guard.scripts(both.flatMap(({ parts }) => parts.map(asText)));
  // What runs: a string may open in one file and close in the next.
  const wholes = both
    .filter(({ parts }) => parts.length > 1)
    .map(({ parts, bytes }) => asText({ path: `${parts[0]!.path} with its includes`, bytes }));
  (inFiles.length > 0 ? inFiles : guard.scripts(wholes)).forEach(report);
  return { ...opened, ...(scripts && { scripts }) };
}

/** The profile, and where the source lies, where the guard lets every place pass. */
async function openPlaces(plan: Plan, report: Report): Promise<Omit<Partial<Guarded>, 'scripts'>> {
  const refused = (places: readonly NamedPlace[], profile?: Profile): boolean => {
    const refusals = new PlanGuard(plan, profile).places(places);
    refusals.forEach(report);
    return refusals.length > 0;
  };
  const written = [...namedFiles<PlanFile>(plan)].map(([pointer, { path, file }]): NamedPlace => ({
    pointer,
    written: path,
    resolved: [file],
  }));
  if (refused(written)) return {};
  const { places, source } = await resolved(plan, written);
  if (refused(places)) return {};
  if (!plan.profile) return { source };
  const profile = await readProfile(plan.profile.file, plan.profile.sha256);
  const { sql } = profile.surrogate ?? {};
  if (sql) {
    const file = resolve(dirname(profile.path), sql.file);
    places.push({ pointer: '/profile/file', written: sql.file, resolved: [file, await whereIs(file)] });
  }
  if (refused(places, profile)) return { profile };
  return { profile, source, ...(sql && { surrogate: await readPinned(profile, '/surrogate/sql', sql) }) };
}

function asText({ path, bytes }: { path: string; bytes: Uint8Array }): ScriptPart {
  return { path, text: Buffer.from(bytes).toString() };
}

/** With where each leads to. */
async function resolved(
  plan: Plan,
  written: readonly NamedPlace[],
): Promise<{ places: NamedPlace[]; source: string }> {
  const places: NamedPlace[] = [];
  let source = plan.source.file;
  for (const {
    resolved: [file = ''],
    ...place
  } of written) {
    const real = await whereIs(file);
    if (file === plan.source.file) source = real;
    places.push({ ...place, resolved: [...new Set([file, real])] });
  }
  return { places, source };
}

/** What is not there leads nowhere; what cannot be followed might lead anywhere. */
async function whereIs(file: string): Promise<string> {
  return realpath(file)
    .catch(orAbsent(file))
    .catch((error: unknown) => {
      throw fromSystemError(error, file);
    });
}
