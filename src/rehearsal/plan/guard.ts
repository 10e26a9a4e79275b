import { CustodyError, type ErrorCode } from '../../errors.ts';
import { claimsIn, findClaims, hideClaims, type Claimed, type Claims } from '../../rules/claims.ts';
import type { ScriptPart } from '../../rules/includes.ts';
import { lineAt } from '../../rules/phrase.ts';
import { missingGates } from '../../rules/plan-form.ts';
import { productionTarget, type NamedPlace } from '../../rules/production-target.ts';
import { forbiddenWords, isActionOf } from '../../rules/surfaces.ts';
import type { Plan } from './plan.ts';
import type { Profile, ProfileSurface } from './profile.ts';

/** What the caller knows beside the plan. */
export interface GuardTexts {
  /** Every file that the plan names. */
  readonly places: readonly NamedPlace[];
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
    const surface = surfaces.find((known) => isActionOf(known, action));
    const which = surface ? `the forbidden surface ${quoted(surface)}` : 'no rehearsal';
    errors.push(
      refuse('SURFACE_FORBIDDEN', inPlan('/actions'), `the action "${action}" belongs to ${which}`),
    );
  }
  for (const { path, text } of sqlOf(plan, texts.scripts, inPlan))
    for (const { surface, at, phrase } of forbiddenWords(text, plan.form.engine, surfaces))
      errors.push(
        refuse(
          'SURFACE_FORBIDDEN',
          path(at),
          `"${phrase}" belongs to the forbidden surface ${quoted(surface)}`,
        ),
      );
  const document = { path: plan.path, text: Buffer.from(plan.document).toString('utf8') };
  const files = new Map(texts.places.map(({ pointer, written }) => [pointer.slice(1), written]));
  const read: Record<string, unknown> = { ...plan.form, ...Object.fromEntries(files) };
  for (const found of claimsIn([document, ...texts.scripts], read, claims))
    errors.push(
      refuse('CLAIM_FORBIDDEN', placeOf(found, inPlan), `it holds the forbidden claim ${found.phrase}`),
    );
  for (const { name } of missingGates(profile?.preflight ?? [], plan.form))
    errors.push(refuse('PLAN_INVALID', inPlan('/preflight'), `the profile's gate "${name}" is not asked`));
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

function placeOf(found: Claimed, inPlan: (pointer: string) => string): string {
  if ('in' in found) return `${found.in.path}:${lineAt(found.in.text, found.at)}`;
  return inPlan(`/${found.key === 'masked' ? 'clock' : found.key}`);
}

function quoted({ id, title }: ProfileSurface): string {
  return `${id} (${title})`;
}
