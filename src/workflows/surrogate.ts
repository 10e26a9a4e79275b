import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSurrogate, forbiddenVerb } from '../engines/surrogate.ts';
import { CustodyError, isCustodyError } from '../errors.ts';
import type { Digest } from '../objects/digest.ts';
import { readPinned, type Profile } from '../rehearsal/plan/profile.ts';
import { isThere } from '../system/is-there.ts';
import { temporaryFolder } from '../system/temporary-folder.ts';

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
 * Makes a profile's surrogate database as a new SQLite file, the same bytes every time, in a process of its own: whoever wrote
 * the script, a signal or its time limit ends it.
 * @throws CustodyError USAGE where the file is there already; PROFILE_INVALID where it comes out other than pinned, or the script
 *   fails, and as {@link readSurrogate}; TIME_LIMIT, INTERRUPTED, DISK_FULL, IO_FAILED, …
 */
export async function makeSurrogate(profile: Profile, file: string, signal?: AbortSignal): Promise<Digest> {
  const { sql, sha256 } = await readSurrogate(profile);
  await using place = await temporaryFolder('surrogate');
  const script = join(place.path, 'surrogate.sql');
  await writeFile(script, sql);
  try {
    return await buildSurrogate(script, file, sha256, signal);
  } catch (error) {
    if (!isCustodyError(error, 'PROFILE_INVALID')) throw error;
    throw invalid(profile, '/surrogate/sql', error.message, error.hint);
  }
}

/** Why a packet's surrogate cannot be made again; undefined where it comes out as pinned. @throws CustodyError INTERRUPTED, … */
export async function surrogateFault(profile: Profile, signal?: AbortSignal): Promise<string | undefined> {
  await using place = await temporaryFolder('surrogate');
  try {
    await makeSurrogate(profile, join(place.path, 'again.sqlite'), signal);
    return undefined;
  } catch (error) {
    if (!isCustodyError(error, 'PROFILE_INVALID') && !isCustodyError(error, 'TIME_LIMIT')) throw error;
    return `${error.code}: ${error.message}`;
  }
}

function invalid(profile: Profile, pointer: string, message: string, hint: string): CustodyError {
  return new CustodyError('PROFILE_INVALID', message, {
    path: `${profile.path}:${profile.lineOf(pointer)}`,
    hint,
  });
}
