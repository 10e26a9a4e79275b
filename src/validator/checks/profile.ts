import { isCustodyError } from '../../errors.ts';
import { finding, type Finding } from '../../finding.ts';
import { claimsIn } from '../../rules/claims.ts';
import { readWhole } from '../../objects/file.ts';
import { expandIncludes, type ScriptPart } from '../../rules/includes.ts';
import type { Link } from '../../objects/link.ts';
import { lineAt } from '../../rules/phrase.ts';
import { missingGates } from '../../rules/plan-form.ts';
import { namedFiles, productionTarget } from '../../rules/production-target.ts';
import { resultClaims } from '../../rules/result-claims.ts';
import { surfacesOf } from '../../rules/surfaces.ts';
import { driveSync } from '../../objects/walk.ts';
import { attempt, type Evidence } from '../evidence.ts';
import { MAX_PART } from './scripts.ts';

/**
 * What the runner's guard refuses before anything is opened, found again by the same rules in what was recorded: whoever
 * records evidence need not have asked the guard (spec/REHEARSAL.md, "Profiles").
 */

/** Every gate of the profile is among the plan's, word for word. */
export function gatesOfProfile({ plan, profile }: Evidence): Finding[] {
  if (!profile) return [];
  return missingGates(profile.preflight ?? [], plan).map(({ name }) =>
    finding('GATE_MISSING', `plan/preflight/${name}`, "the profile's gate is not asked like this"),
  );
}

/**
 * No file of the plan is production's, or none of the machine that rehearsed: as the plan writes it. Not the guard's code:
 * that one means that nothing was opened, and a probe that expects it must not be content with less.
 */
export function noProductionTarget({ document, profile }: Evidence): Finding[] {
  return namedFiles<{ file: string }>(document).flatMap(([pointer, { file }]) => {
    const why = productionTarget({ pointer, written: file, resolved: [] }, profile?.production);
    return why === undefined ? [] : [finding('PRODUCTION_NAMED', `plan/document${pointer}`, why)];
  });
}

/** No surface of the profile was asked for, and each that isolation must prevent was prevented. */
export function noSurfaceObserved(evidence: Evidence): Finding[] {
  const { rehearsal, plan, profile } = evidence;
  if (!profile) return [];
  function* scripts(): Generator<ScriptPart> {
    yield* partsOf(evidence);
    yield* wholesOf(evidence);
  }
  return surfacesOf(profile.surfaces, rehearsal, plan, scripts())
    .filter(({ status }) => status === 'observed')
    .map(({ surface, how }) => finding('SURFACE_OBSERVED', `surfaces/${surface.id}`, how));
}

/** Neither the plan nor a script says what a rehearsal cannot prove. */
export function noForbiddenClaim(evidence: Evidence): Finding[] {
  const { plan, document, profile } = evidence;
  if (!profile) return [];
  function* written(): Generator<ScriptPart> {
    yield { path: 'plan/written', text: textOf(plan.written, evidence) };
    yield* partsOf(evidence);
  }
  const named = (texts: Iterable<ScriptPart>): Finding[] =>
    Array.from(claimsIn(texts, { ...document }, profile.claims), (found) => {
      const [path, where] =
        'in' in found
          ? [found.in.path, `line ${lineAt(found.in.text, found.at)}`]
          : [`plan/document/${found.key}`, 'it'];
      return finding('CLAIM_FORBIDDEN', path, `${where} holds the forbidden claim ${found.phrase}`);
    });
  const found = named(written());
  return found.length > 0 ? found : named(wholesOf(evidence));
}

/** Nor does anything that came out of it. */
export function noClaimInResults({ rehearsal, profile, objects }: Evidence): Finding[] {
  if (!profile) return [];
  const found = attempt('legs', () => resultClaims(rehearsal, profile.claims, objects.get));
  if ('code' in found) return [found];
  return found.value.map(({ path, phrase }) =>
    finding('CLAIM_FORBIDDEN', path, `it holds the forbidden claim ${phrase}`),
  );
}

/** The files of both scripts, one after the other: together they may be large. */
function* partsOf(evidence: Evidence): Generator<ScriptPart> {
  for (const which of ['executor', 'rollback'] as const)
    for (const [i, { file }] of (evidence.rehearsal[which]?.parts ?? []).entries())
      yield { path: `${which}/parts/${i}`, text: textOf(file, evidence) };
}

/** What runs, where it is made of several files: a string may open in one and close in the next. */
function* wholesOf(evidence: Evidence): Generator<ScriptPart> {
  for (const which of ['executor', 'rollback'] as const) {
    const parts = evidence.rehearsal[which]?.parts ?? [];
    const text = parts.length > 1 ? expanded(parts, evidence) : undefined;
    if (text !== undefined) yield { path: `${which}/file`, text };
  }
}

/** Undefined where the parts do not fit each other: that, and what is stored as the whole, is judged elsewhere. */
function expanded(
  parts: NonNullable<Evidence['rehearsal']['rollback']>['parts'],
  evidence: Evidence,
): string | undefined {
  const texts = parts.map(({ path, file }) => ({ path, text: textOf(file, evidence) }));
  try {
    return expandIncludes(texts as [ScriptPart, ...ScriptPart[]]);
  } catch (error) {
    if (isCustodyError(error, 'INCLUDE_REFUSED')) return undefined;
    throw error;
  }
}

/** What is no UTF-8 is named elsewhere. */
function textOf(content: Link, { objects }: Evidence): string {
  const [bytes] = driveSync(readWhole(content, MAX_PART), objects.get);
  return Buffer.from(bytes!).toString('utf8');
}
