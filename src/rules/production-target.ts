import type { ProfileDocument } from './profile-schema.ts';

/** Literal words that name production. */
export type Production = ProfileDocument['production'];

/** A file that a plan names. */
export interface NamedPlace {
  /** JSON pointer into the plan. */
  readonly pointer: string;
  /** As the plan writes it. */
  readonly written: string;
  /** Absolute; and with every symlink followed, where it exists. */
  readonly resolved: readonly string[];
}

/** Every file that a plan names, by its JSON pointer into the plan. */
export function namedFiles<F>({
  profile,
  source,
  executor,
  rollback,
}: {
  readonly profile?: F | undefined;
  readonly source: F;
  readonly executor: Including<F>;
  readonly rollback?: Including<F> | undefined;
}): [pointer: string, file: F][] {
  const script = (name: string, of: Including<F> | undefined): [string, F][] =>
    of === undefined
      ? []
      : [
          [`/${name}/file`, of],
          ...(of.includes ?? []).map((file, i): [string, F] => [`/${name}/includes/${i}/file`, file]),
        ];
  return [
    ...(profile === undefined ? [] : [['/profile/file', profile] satisfies [string, F]]),
    ['/source/file', source],
    ...script('executor', executor),
    ...script('rollback', rollback),
  ];
}

type Including<F> = F & { readonly includes?: readonly F[] };

/**
 * Why a place must not be opened: it is none on this machine, or it is production's. Undefined: nothing speaks against it.
 * URLs are never opened in this version, whatever they name.
 */
export function productionTarget(place: NamedPlace, production: Production | undefined): string | undefined {
  if (isRemote(place.written) || place.resolved.some(isRemote)) return 'it is no path on this machine';
  if (!production) return undefined;
  for (const text of [place.written, ...place.resolved]) {
    const url = production.urls.find((word) => holds(text, word));
    if (url !== undefined) return 'it names a URL of production';
    if (production.hosts.some((word) => standsIn(text, word))) return 'it names a host of production';
    if (production.paths.some((word) => isBelow(text, word))) return 'it lies on a path of production';
    if (production.databases.some((word) => standsIn(nameOf(text), word)))
      return 'it names a database of production';
  }
  return undefined;
}

/** As rsync and scp read it: a colon before the first slash is a scheme, a host or a port. */
const COLON = /^[^/\\]*:/;
/** Shares: `//host/…`, `\\host\…`, automounted hosts, gvfs. */
const SHARE = /^(?:\/\/|\\\\|\/net\/|\/afs\/|\/run\/user\/\d+\/gvfs\/)/;
/** libpq's keyword form: `host=db dbname=app`. */
const CONNECTION = /(?:^|[\s;])(?:host|hostaddr|port|dbname|database|server|service|user|password)\s*=/i;

function isRemote(text: string): boolean {
  return COLON.test(text) || SHARE.test(text) || CONNECTION.test(text);
}

function holds(text: string, word: string): boolean {
  return text.toLowerCase().includes(word.toLowerCase());
}

/** A literal word, no part of a longer one. */
function standsIn(text: string, word: string): boolean {
  const [where, what] = [text.toLowerCase(), word.toLowerCase()];
  const beside = (char: string): boolean => /[\p{L}\p{N}]/u.test(char);
  for (let at = where.indexOf(what); at >= 0; at = where.indexOf(what, at + 1)) {
    if (!beside(where.charAt(at - 1)) && !beside(where.charAt(at + what.length))) return true;
  }
  return false;
}

/** An absolute path is meant as it stands; a relative one wherever its names follow each other. */
function isBelow(text: string, path: string): boolean {
  const names = (of: string): string[] =>
    of
      .toLowerCase()
      .split(/[/\\]+/)
      .filter((name) => name !== '' && name !== '.');
  const [where, what] = [names(text), names(path)];
  const from = /^[/\\]/.test(path) ? 0 : where.length - what.length;
  if (what.length === 0) return false;
  for (let at = 0; at <= from; at++) if (what.every((name, i) => where[at + i] === name)) return true;
  return false;
}

function nameOf(text: string): string {
  return text.slice(Math.max(text.lastIndexOf('/'), text.lastIndexOf('\\')) + 1);
}
