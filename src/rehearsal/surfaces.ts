import type { ObjectOf } from '../objects/kinds.ts';
import type { ScriptPart } from '../objects/includes.ts';
import { samePhrase } from '../objects/phrase.ts';
import { forbiddenWords } from './guard.ts';
import type { ProfileDocument, Surface } from './profile.ts';
import { withoutComments } from './sql-comments.ts';

export interface SurfaceProof {
  readonly id: string;
  readonly title: string;
  /** `observed`: it could not be excluded, or it was asked for. */
  readonly status: 'prevented' | 'observed' | 'not requested';
  /** How that is known. */
  readonly how: string;
  readonly explanation: string;
}

type Judged = Pick<ObjectOf<'rehearsal'>, 'engine' | 'isolation'>;
type Asked = Pick<ObjectOf<'plan'>, 'actions' | 'preflight' | 'postconditions'>;

/**
 * What is known of every forbidden surface of a profile after a rehearsal. A surface that no assertion of the engine in
 * question stands for is not excluded by silence: it is `observed`.
 * @param scripts the scripts' files; what they say outside of comments counts as asked for.
 */
export function surfacesOf(
  profile: Pick<ProfileDocument, 'surfaces'>,
  rehearsal: Judged,
  plan: Asked,
  scripts: readonly ScriptPart[],
): SurfaceProof[] {
  const sql = [
    ...plan.preflight.map(({ name, sql: text }) => ({ path: `preflight "${name}"`, text })),
    ...plan.postconditions.map(({ name, sql: text }) => ({ path: `postcondition "${name}"`, text })),
    ...scripts,
  ].map(({ path, text }) => ({ path, text: withoutComments(text, rehearsal.engine) }));
  return profile.surfaces.map((surface) => {
    const { id, title, explanation } = surface;
    const asked = askedFor(surface, plan.actions, sql);
    if (asked.length > 0)
      return { id, title, status: 'observed', how: `asked for: ${asked.join('; ')}`, explanation };
    return { id, title, ...notAskedFor(surface, rehearsal), explanation };
  });
}

function askedFor(surface: Surface, actions: readonly string[], sql: readonly ScriptPart[]): string[] {
  const { action } = surface.how;
  return [
    ...(action === undefined
      ? []
      : actions.filter((name) => samePhrase(name, action)).map((name) => `the action "${name}" of the plan`)),
    ...sql.flatMap(({ path, text }) =>
      forbiddenWords(text, [surface]).map(({ phrase }) => `"${phrase}" in ${path}`),
    ),
  ];
}

function notAskedFor({ how }: Surface, { engine, isolation }: Judged): Pick<SurfaceProof, 'status' | 'how'> {
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
