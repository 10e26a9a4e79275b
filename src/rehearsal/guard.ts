import { CustodyError, type ErrorCode } from '../errors.ts';
import { findClaims, hideClaims, type Claims } from '../objects/claims.ts';
import type { ScriptPart } from '../objects/includes.ts';
import { findPhrases, lineAt, samePhrase } from '../objects/phrase.ts';
import { textsIn } from '../objects/texts.ts';
import type { Plan } from './plan.ts';
import type { Profile, Surface } from './profile.ts';
import { withoutComments } from './sql-comments.ts';
import { productionTarget, type Place } from './target.ts';

/** What the caller knows beside the plan. */
export interface GuardTexts {
  /** Every file that the plan names. */
  readonly places: readonly Place[];
  /** The scripts' files, read once `places` passed; before that: none. */
  readonly scripts: readonly ScriptPart[];
}

const HINTS = {
  TARGET_PRODUCTION:
    'Rehearse on a copy in a folder of its own, under a name that is not production’s; URLs are never opened.',
  SURFACE_FORBIDDEN:
    'A rehearsal is no permission. Take it out of the plan or the script; ask its owner for a grant.',
  CLAIM_FORBIDDEN:
    'Take the claim out: a rehearsal proves what happened on a clone, and nothing about production.',
  PLAN_INVALID: 'Copy the gate from the profile into the plan, word for word.',
} as const satisfies Partial<Record<ErrorCode, string>>;

/**
 * Everything for which a plan is refused before anything of it is opened: a target that looks like production, a surface
 * that is forbidden, a claim that must not be made, a gate of the profile that the plan leaves out (SPEC.md, "Profiles").
 * No message repeats a forbidden claim. Without a profile, what is remote and every action are refused still.
 */
export function guardPlan(plan: Plan, profile: Profile | undefined, texts: GuardTexts): CustodyError[] {
  const claims: Claims = profile?.claims ?? { subjects: [], verdicts: [] };
  const refuse = (code: keyof typeof HINTS, path: string, message: string): CustodyError =>
    new CustodyError(code, hideClaims(message, claims), {
      path: hideClaims(path, claims),
      hint: HINTS[code],
    });
  const inPlan = (pointer: string): string => `${plan.path}:${plan.lineOf(pointer)}`;
  const errors: CustodyError[] = [];

  for (const place of texts.places) {
    const why = productionTarget(place, profile?.production);
    if (why !== undefined)
      errors.push(
        refuse('TARGET_PRODUCTION', inPlan(place.pointer), `${place.pointer.slice(1)} is not opened: ${why}`),
      );
  }
  const surfaces = profile?.surfaces ?? [];
  for (const action of plan.form.actions) {
    const surface = surfaces.find(({ how }) => how.action !== undefined && samePhrase(how.action, action));
    const which = surface ? `the forbidden surface ${quoted(surface)}` : 'no rehearsal';
    errors.push(
      refuse('SURFACE_FORBIDDEN', inPlan('/actions'), `the action "${action}" belongs to ${which}`),
    );
  }
  for (const { path, text } of sqlOf(plan, texts.scripts, inPlan))
    for (const { surface, at, phrase } of forbiddenWords(withoutComments(text, plan.form.engine), surfaces))
      errors.push(
        refuse(
          'SURFACE_FORBIDDEN',
          path(at),
          `"${phrase}" belongs to the forbidden surface ${quoted(surface)}`,
        ),
      );
  for (const { path, phrase } of claimsIn(plan, texts.scripts, claims))
    errors.push(refuse('CLAIM_FORBIDDEN', path, `it holds the forbidden claim ${phrase}`));
  profile?.preflight?.forEach(({ name, sql, expect }) => {
    const there = plan.form.preflight.some(
      (gate) => gate.name === name && gate.sql === sql && gate.expect === String(expect),
    );
    if (!there)
      errors.push(refuse('PLAN_INVALID', inPlan('/preflight'), `the profile's gate "${name}" is not asked`));
  });
  return errors;
}

/** What goes into the record beside the plan: `--message`, `--author`, `--lane`. */
export function guardWords(
  profile: Profile | undefined,
  words: Readonly<Record<string, string>>,
): CustodyError[] {
  return Object.entries(words).flatMap(([name, text]) => {
    const [found] = profile ? findClaims(text, profile.claims) : [];
    if (!found) return [];
    const message = `it holds the forbidden claim ${found.phrase}`;
    return [new CustodyError('CLAIM_FORBIDDEN', message, { path: `--${name}`, hint: HINTS.CLAIM_FORBIDDEN })];
  });
}

interface Sql {
  readonly text: string;
  readonly path: (at: number) => string;
}

/** Whatever SQL would run. */
function sqlOf(plan: Plan, scripts: readonly ScriptPart[], inPlan: (pointer: string) => string): Sql[] {
  const queries = (['preflight', 'postconditions'] as const).flatMap((key) =>
    plan.form[key].map(({ sql }, i): Sql => ({ text: sql, path: () => inPlan(`/${key}/${i}/sql`) })),
  );
  return [
    ...queries,
    ...scripts.map(({ path, text }): Sql => ({ text, path: (at) => `${path}:${lineAt(text, at)}` })),
  ];
}

/** The words of surfaces in SQL, each surface once a text. */
export function forbiddenWords(
  text: string,
  surfaces: readonly Surface[],
): { surface: Surface; at: number; phrase: string }[] {
  return surfaces.flatMap((surface) => {
    const [first] = findPhrases(text, surface.how.words ?? []);
    return first ? [{ surface, at: first.at, phrase: first.phrase }] : [];
  });
}

/** In the files as they are written, comments too, since packets hold them; and in the values that YAML gives. */
function* claimsIn(
  plan: Plan,
  scripts: readonly ScriptPart[],
  claims: Claims,
): Generator<{ path: string; phrase: string }> {
  const document = Buffer.from(plan.document).toString('utf8');
  const seen = new Set<string>();
  for (const { path, text } of [{ path: plan.path, text: document }, ...scripts])
    for (const { at, phrase } of findClaims(text, claims)) {
      seen.add(phrase);
      yield { path: `${path}:${lineAt(text, at)}`, phrase };
    }
  for (const [key, value] of Object.entries(plan.form))
    for (const { text } of textsIn(value))
      for (const { phrase } of findClaims(text, claims))
        if (!seen.has(phrase))
          yield { path: `${plan.path}:${plan.lineOf(`/${key === 'masked' ? 'clock' : key}`)}`, phrase };
}

function quoted({ id, title }: Surface): string {
  return `${id} (${title})`;
}
