import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildDatabase, buildForeign, forbiddenVerb } from '../engines/surrogate.ts';
import { CustodyError } from '../errors.ts';
import type { Digest } from '../objects/digest.ts';
import { readPinned, type Profile } from '../rehearsal/plan/profile.ts';
import { isThere } from '../system/is-there.ts';

/** The folder of a profile that this version brings, in the repository and in the package. */
export function profileFolder(name: string): string {
  for (const place of ['../profiles/', '../../profiles/']) {
    const path = fileURLToPath(new URL(`${place}${name}`, import.meta.url));
    if (isThere(path)) return path;
  }
  throw new CustodyError('PATH_NOT_FOUND', `the profile ${name} is not there`, {
    hint: 'Install custody again.',
  });
}

/** A surrogate that a profile describes, before it is made. */
export interface Surrogate {
  readonly sql: string;
  /** Of the database that it must make. */
  readonly sha256: string;
}

/**
 * The script of the profile's surrogate, as it is pinned.
 * @throws CustodyError PROFILE_INVALID where the profile has none, the script is another one, or holds more than CREATE,
 *   INSERT, UPDATE, DELETE.
 */
export async function readSurrogate(profile: Profile): Promise<Surrogate> {
  const { surrogate } = profile;
  if (!surrogate) throw invalid(profile, '/surrogate', 'the profile has no surrogate', 'Give it one.');
  const sql = Buffer.from(await readPinned(profile, '/surrogate/sql', surrogate.sql)).toString('utf8');
  const verb = forbiddenVerb(sql);
  if (verb !== undefined)
    throw invalid(
      profile,
      '/surrogate/sql',
      `a surrogate's script may not ${verb}`,
      'Use CREATE, INSERT, UPDATE, DELETE alone.',
    );
  return { sql, sha256: surrogate.sha256 };
}

/**
 * Makes a profile's surrogate database as a new SQLite file, the same bytes every time.
 * @throws CustodyError USAGE where the file is there already; PROFILE_INVALID where it comes out other than pinned, and
 *   as {@link readSurrogate}; DISK_FULL, IO_FAILED, …
 */
export async function makeSurrogate(profile: Profile, file: string): Promise<Digest> {
  const { sql, sha256 } = await readSurrogate(profile);
  return buildDatabase(sql, file, (digest) => {
    if (digest === sha256) return;
    throw invalid(
      profile,
      '/surrogate/sha256',
      `the script makes a database with digest ${digest}, the profile pins ${sha256}`,
      'Review the script; pin the digest of what it makes.',
    );
  });
}

/**
 * Makes the database of somebody else's profile again, out of reach of this process, to see whether it is the pinned one.
 * @param folder of our own. @throws CustodyError as {@link readSurrogate}; TIME_LIMIT, INTERRUPTED.
 */
export async function surrogateComesOut(
  profile: Profile,
  folder: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const { sql, sha256 } = await readSurrogate(profile);
  const script = join(folder, 'surrogate-again.sql');
  await writeFile(script, sql, { flag: 'wx' });
  return (await buildForeign(script, join(folder, 'surrogate-again.sqlite'), signal)) === sha256;
}

function invalid(profile: Profile, pointer: string, message: string, hint: string): CustodyError {
  return new CustodyError('PROFILE_INVALID', message, {
    path: `${profile.path}:${profile.lineOf(pointer)}`,
    hint,
  });
}
