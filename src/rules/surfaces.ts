import type { ScriptPart } from './includes.ts';
import type { ObjectOf } from '../objects/kinds.ts';
import { findFirst, samePhrase } from './phrase.ts';
import type { PlanForm } from './plan-form.ts';
import type { ProfileSurface } from './profile-schema.ts';
import { withoutComments } from './sql-comments.ts';

/** What a profile says must not be touched, and how it is known that it was not. */
export type Surface = Pick<ProfileSurface, 'id' | 'how'>;

export interface SurfaceProof<S extends Surface> {
  readonly surface: S;
  /** `observed`: it could not be excluded, or it was asked for. */
  readonly status: 'prevented' | 'observed' | 'not requested';
  /** How that is known. */
  readonly how: string;
}

type Judged = Pick<ObjectOf<'rehearsal'>, 'engine' | 'isolation'>;
type Asked = Pick<PlanForm, 'actions' | 'preflight' | 'postconditions'>;

/**
 * What is known of every forbidden surface of a profile after a rehearsal. A surface that no assertion of the engine in
 * question stands for is not excluded by silence: it is `observed`.
 * @param scripts the scripts' files; what they say outside of comments counts as asked for.
 */
export function surfacesOf<S extends Surface>(
  surfaces: readonly S[],
  rehearsal: Judged,
  plan: Asked,
  scripts: Iterable<ScriptPart>,
): SurfaceProof<S>[] {
  const asked = new Map(surfaces.map((surface) => [surface, actionsFor(surface, plan.actions)]));
  const look = ({ path, text }: ScriptPart): void => {
    for (const { surface, phrase } of forbiddenWords(text, rehearsal.engine, surfaces))
      asked.get(surface)!.push(`"${phrase}" in ${path}`);
  };
  for (const { name, sql } of plan.preflight) look({ path: `preflight "${name}"`, text: sql });
  for (const { name, sql } of plan.postconditions) look({ path: `postcondition "${name}"`, text: sql });
  for (const script of scripts) look(script);
  return Array.from(asked, ([surface, by]) =>
    by.length > 0
      ? { surface, status: 'observed', how: `asked for: ${by.join('; ')}` }
      : { surface, ...notAskedFor(surface, rehearsal) },
  );
}

/** The words of surfaces in SQL outside of what the engine takes for a comment, each surface once. */
export function forbiddenWords<S extends Surface>(
  sql: string,
  engine: Judged['engine'],
  surfaces: readonly S[],
): { surface: S; at: number; phrase: string }[] {
  const text = withoutComments(sql, engine);
  return surfaces.flatMap((surface) => {
    const [first] = findFirst(text, surface.how.words ?? []);
    return first ? [{ surface, at: first.at, phrase: first.phrase }] : [];
  });
}

/** Whether a plan that names this action asks for the surface. */
export function isActionOf({ how }: Surface, action: string): boolean {
  return how.action !== undefined && samePhrase(how.action, action);
}

function actionsFor(surface: Surface, actions: readonly string[]): string[] {
  return actions
    .filter((action) => isActionOf(surface, action))
    .map((name) => `the action "${name}" of the plan`);
}

function notAskedFor(
  { how }: Surface,
  { engine, isolation }: Judged,
): Pick<SurfaceProof<Surface>, 'status' | 'how'> {
  if (!how.isolation) {
    const ways = [
      ...(how.action === undefined ? [] : ['no action of the plan']),
      ...(how.words === undefined ? [] : ['no SQL of plan or scripts']),
    ];
    return { status: 'not requested', how: `${ways.join(' and ')} asks for it` };
  }
  const wanted = how.isolation[engine] ?? [];
  if (wanted.length === 0)
    return {
      status: 'observed',
      how: `it could not be excluded: the profile names no assertion of ${engine}`,
    };
  const missing = wanted.filter((name) => {
    const claims = isolation.filter(({ assertion }) => assertion === name);
    return claims.length !== 1 || !claims[0]!.holds;
  });
  if (missing.length > 0)
    return { status: 'observed', how: `it could not be excluded: ${missing.join(', ')} not proven` };
  return { status: 'prevented', how: `isolation: ${wanted.join(', ')}` };
}
