import { realpath } from 'node:fs/promises';
import { type CustodyError, fromSystemError, orAbsent } from '../../errors.ts';
import type { ScriptPart } from '../../rules/includes.ts';
import { namedFiles, type NamedPlace } from '../../rules/production-target.ts';
import { guardPlan } from './guard.ts';
import { type Plan, type PlanFile, type Report, reporting } from './plan.ts';
import { readProfile, type Profile } from './profile.ts';
import { readScripts, type Scripts } from './script-use.ts';

export interface Guarded {
  /** The plan's profile, where it names one and that was read. */
  readonly profile: Profile | undefined;
  readonly refusals: readonly CustodyError[];
  /** Where it came to read them. */
  readonly scripts?: Scripts;
  /** Where the source led, links resolved: what the guard let pass, and all that an engine may open. */
  readonly source?: string;
}

/**
 * What the guard refuses of a plan (guard.ts), looked at in the order in which things are opened: what the plan writes
 * before the system is asked where that lies, where the files lie before any is read, the scripts' text before the source
 * is opened. Where something looks like production, nothing more is opened.
 * @param report is given what is wrong with the scripts' files; by default the first of it is thrown.
 * @throws CustodyError where nobody can say where a file lies, where the profile or a script cannot be read, or is not the
 *   pinned one.
 */
export async function guardFiles(plan: Plan, report?: Report): Promise<Guarded> {
  const written = [...namedFiles<PlanFile>(plan)].map(([pointer, { path, file }]): NamedPlace => ({
    pointer,
    written: path,
    resolved: [file],
  }));
  const remote = guardPlan(plan, undefined, { places: written, scripts: [] });
  if (isProduction(remote)) return { profile: undefined, refusals: remote };
  const { places, source } = await resolved(plan, written);
  const elsewhere = guardPlan(plan, undefined, { places, scripts: [] });
  if (isProduction(elsewhere)) return { profile: undefined, refusals: elsewhere };
  const profile = plan.profile && (await readProfile(plan.profile.file, plan.profile.sha256));
  const before = guardPlan(plan, profile, { places, scripts: [] });
  if (isProduction(before)) return { profile, refusals: before };
  const scripts = report ? await reporting(() => readScripts(plan, report), report) : await readScripts(plan);
  const both = scripts ? [scripts.executor, ...(scripts.rollback ? [scripts.rollback] : [])] : [];
  const refused = (texts: readonly ScriptPart[]): readonly CustodyError[] =>
    guardPlan(plan, profile, { places, scripts: texts });
  const inFiles = refused(both.flatMap(({ parts }) => parts.map(asText)));
  // What runs: a string may open in one file and close in the next.
  const wholes = both
    .filter(({ parts }) => parts.length > 1)
    .map(({ parts, bytes }) => asText({ path: `${parts[0]!.path} with its includes`, bytes }));
  const refusals = inFiles.length > 0 ? inFiles : refused(wholes);
  return { profile, refusals, source, ...(scripts && { scripts }) };
}

function asText({ path, bytes }: { path: string; bytes: Uint8Array }): ScriptPart {
  return { path, text: Buffer.from(bytes).toString() };
}

function isProduction(refusals: readonly CustodyError[]): boolean {
  return refusals.some(({ code }) => code === 'TARGET_PRODUCTION');
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
