import { CustodyError, type ErrorCode } from '../../errors.ts';
import { claimsIn, findClaims, hideClaims } from '../../rules/claims.ts';
import type { ScriptPart } from '../../rules/includes.ts';
import { lineAt } from '../../rules/phrase.ts';
import { missingGates } from '../../rules/plan-form.ts';
import { namedFiles, productionTarget, type NamedPlace } from '../../rules/production-target.ts';
import { forbiddenWords, isActionOf } from '../../rules/surfaces.ts';
import type { Plan, PlanFile } from './plan.ts';
import type { ProfileSurface } from '../../rules/profile-schema.ts';
import type { Profile } from './profile.ts';

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
 * The guard asks three things, each when it can be known and before what it guards is opened (guarded-plan.ts): where the
 * files lie, what the plan says, what the scripts say (spec/REHEARSAL.md, "Profiles"). No message repeats a forbidden claim. Without
 * a profile, what is remote and every action are refused still.
 */
export class PlanGuard {
  readonly #plan: Plan;
  readonly #profile: Profile | undefined;

  constructor(plan: Plan, profile: Profile | undefined) {
    this.#plan = plan;
    this.#profile = profile;
  }

  /** Files that are none on this machine, or are production's. */
  places(places: readonly NamedPlace[]): CustodyError[] {
    return places.flatMap((place) => {
      const why = productionTarget(place, this.#profile?.production);
      if (why === undefined) return [];
      const message = `${place.pointer.slice(1)} is not opened: ${why}`;
      return [this.#refuse('TARGET_PRODUCTION', this.#at(place.pointer), message)];
    });
  }

  /** The plan as it is written: surfaces that its actions and queries ask for, claims, gates of the profile left out. */
  plan(): CustodyError[] {
    const { form, path, written } = this.#plan;
    const surfaces = this.#profile?.surfaces ?? [];
    const actions = form.actions.map((action) => {
      const surface = surfaces.find((known) => isActionOf(known, action));
      const which = surface ? `the forbidden surface ${quoted(surface)}` : 'no rehearsal';
      return this.#refuse(
        'SURFACE_FORBIDDEN',
        this.#at('/actions'),
        `the action "${action}" belongs to ${which}`,
      );
    });
    const queries = (['preflight', 'postconditions'] as const).flatMap((key) =>
      form[key].flatMap(({ sql }, i) => this.#words(sql, () => this.#at(`/${key}/${i}/sql`))),
    );
    const files = new Map(namedFiles<PlanFile>(this.#plan).map(([at, file]) => [at.slice(1), file.path]));
    const claims = this.#claims([{ path, text: Buffer.from(written).toString('utf8') }], {
      ...form,
      ...Object.fromEntries(files),
    });
    const gates = missingGates(this.#profile?.preflight ?? [], form).map(({ name }) =>
      this.#refuse('PLAN_INVALID', this.#at('/preflight'), `the profile's gate "${name}" is not asked`),
    );
    return [...actions, ...queries, ...claims, ...gates];
  }

  /** The text of scripts: surfaces that it asks for, claims, in comments too. */
  scripts(texts: readonly ScriptPart[]): CustodyError[] {
    const words = texts.flatMap(({ path, text }) => this.#words(text, (at) => `${path}:${lineAt(text, at)}`));
    return [...words, ...this.#claims(texts, {})];
  }

  #words(sql: string, where: (at: number) => string): CustodyError[] {
    return forbiddenWords(sql, this.#plan.form.engine, this.#profile?.surfaces ?? []).map(
      ({ surface, at, phrase }) =>
        this.#refuse(
          'SURFACE_FORBIDDEN',
          where(at),
          `"${phrase}" belongs to the forbidden surface ${quoted(surface)}`,
        ),
    );
  }

  #claims(written: readonly ScriptPart[], read: Readonly<Record<string, unknown>>): CustodyError[] {
    if (!this.#profile) return [];
    return Array.from(claimsIn(written, read, this.#profile.claims), (found) => {
      const where =
        'in' in found
          ? `${found.in.path}:${lineAt(found.in.text, found.at)}`
          : this.#at(`/${found.key === 'masked' ? 'clock' : found.key}`);
      return this.#refuse('CLAIM_FORBIDDEN', where, `it holds the forbidden claim ${found.phrase}`);
    });
  }

  #at(pointer: string): string {
    return `${this.#plan.path}:${this.#plan.lineOf(pointer)}`;
  }

  #refuse(code: keyof typeof HINTS, path: string, message: string): CustodyError {
    const hide = (text: string): string => (this.#profile ? hideClaims(text, this.#profile.claims) : text);
    return new CustodyError(code, hide(message), { path: hide(path), hint: HINTS[code] });
  }
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

function quoted({ id, title }: ProfileSurface): string {
  return `${id} (${title})`;
}
