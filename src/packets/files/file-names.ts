import { digestFromBytes, type Digest } from '../../objects/digest.ts';
import type { ObjectOf } from '../../objects/kinds.ts';
import { posixJoin } from '../../rules/posix-path.ts';

/** One name: nothing that another system, a shell or coreutils read otherwise. */
const PLAIN = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/;

/**
 * Where a packet holds each validator: the first of ours as `validator.mjs`, the others as `validators/NAME`. A name that is
 * not plain, or is taken (also in other case), gives way to the file's SHA-256.
 */
export function validatorNames(
  validators: readonly (Pick<ObjectOf<'validator'>, 'name' | 'runner'> & { readonly sha256: Digest })[],
): string[] {
  const ours = validators.findIndex(({ runner }) => runner === 'node-permission');
  const taken = new Map<string, Taken>();
  return validators.map(({ name, sha256 }, i) => {
    if (i === ours) return 'validator.mjs';
    return choose('validators', PLAIN.test(name) ? name : undefined, sha256, taken);
  });
}

type Part = Pick<ObjectOf<'rehearsal'>['executor']['parts'][number], 'path' | 'sha256'>;

/**
 * Where a packet holds the files that scripts were made of, for scripts that include others: `scripts/PATH`, as the plan
 * names them. A path that leaves the plan's folder, or is not plain, gives way to the file's SHA-256.
 */
export function scriptNames<P extends Part>(
  scripts: readonly ({ readonly parts: readonly P[] } | null)[],
): Map<P, string> {
  const taken = new Map<string, Taken>();
  const names = new Map<P, string>();
  for (const script of scripts) {
    if (!script || script.parts.length < 2) continue;
    for (const part of script.parts)
      names.set(part, choose('scripts', plainPath(part.path), digestFromBytes(part.sha256), taken));
  }
  return names;
}

function plainPath(path: string): string | undefined {
  const joined = posixJoin('', path);
  return joined.split('/').every((name) => PLAIN.test(name)) ? joined : undefined;
}

interface Taken {
  readonly path: string;
  readonly sha256: string;
}

/** @param taken what was given out, by the path in lower case. */
function choose(
  folder: string,
  wanted: string | undefined,
  sha256: string,
  taken: Map<string, Taken>,
): string {
  // A plus is in no plain name, so this one is never taken by another file.
  const otherwise = `${folder}/sha256+${sha256}`;
  if (wanted === undefined) return otherwise;
  const key = wanted.toLowerCase();
  const there = taken.get(key);
  if (there) return there.path === wanted && there.sha256 === sha256 ? `${folder}/${wanted}` : otherwise;
  // Neither a file where another path has a folder, nor the other way round.
  const within = [...taken.keys()].some((path) => path.startsWith(`${key}/`) || key.startsWith(`${path}/`));
  if (within) return otherwise;
  taken.set(key, { path: wanted, sha256 });
  return `${folder}/${wanted}`;
}
