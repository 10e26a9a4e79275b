import { existsSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { tokens } from '../engines/sqlite/script/tokens.ts';
import { CustodyError, fromSystemError } from '../errors.ts';
import { digestOf, type Digest } from '../objects/digest.ts';
import type { Profile } from '../rehearsal/plan/profile.ts';
import { readPinned } from '../rehearsal/plan/profile-folder.ts';

/** The folder of a profile that this version brings, in the repository and in the package. */
export function profileFolder(name: string): string {
  for (const place of ['../profiles/', '../../profiles/']) {
    const path = fileURLToPath(new URL(`${place}${name}`, import.meta.url));
    if (existsSync(path)) return path;
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
  const digest = await buildDatabase(sql, file);
  if (digest === sha256) return digest;
  await rm(file, { force: true });
  throw invalid(
    profile,
    '/surrogate/sha256',
    `the script makes a database with digest ${digest}, the profile pins ${sha256}`,
    'Review the script; pin the digest of what it makes.',
  );
}

/** Bytes 96 to 99 of the header: which SQLite wrote last (its fileformat2.html, 1.3.17). Of no meaning for the data. */
const WRITER = { at: 96, length: 4 };

/** Runs a script into a new file. The digest depends on the script alone, not on the version of SQLite. */
export async function buildDatabase(sql: string, file: string): Promise<Digest> {
  const { default: Database } = await import('better-sqlite3');
  try {
    await (await open(file, 'wx', 0o600)).close();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST'))
      throw fromSystemError(error, file);
    throw new CustodyError('USAGE', `${file} is there already`, {
      cause: error,
      path: file,
      hint: 'Give the name of a new file.',
    });
  }
  try {
    const database = new Database(file);
    try {
      for (const pragma of ['page_size = 4096', "encoding = 'UTF-8'", 'journal_mode = DELETE'])
        database.pragma(pragma);
      database.exec('BEGIN');
      database.exec(sql);
      database.exec('COMMIT');
    } finally {
      database.close();
    }
    await using handle = await open(file, 'r+');
    await handle.write(new Uint8Array(WRITER.length), 0, WRITER.length, WRITER.at);
    return digestOf(await handle.readFile());
  } catch (error) {
    await rm(file, { force: true });
    if (
      error instanceof Error &&
      'code' in error &&
      /^SQLITE_(ERROR|CONSTRAINT|MISMATCH)/.test(String(error.code))
    )
      throw new CustodyError('PROFILE_INVALID', `the surrogate's script fails: ${error.message}`, {
        cause: error,
        hint: 'Correct the script.',
      });
    throw fromSystemError(error, file);
  }
}

const RUNS = new Set(['CREATE', 'INSERT', 'UPDATE', 'DELETE', 'END']);

/** The first verb that could reach beyond the new file. END closes the body of a trigger. */
function forbiddenVerb(sql: string): string | undefined {
  let first = true;
  let before = '';
  for (const { kind, text } of tokens(sql)) {
    if (first && kind !== 'semicolon' && !RUNS.has(text)) return text;
    if (before === 'CREATE' && text === 'VIRTUAL') return 'CREATE VIRTUAL';
    first = kind === 'semicolon';
    before = text;
  }
  return undefined;
}

function invalid(profile: Profile, pointer: string, message: string, hint: string): CustodyError {
  return new CustodyError('PROFILE_INVALID', message, {
    path: `${profile.path}:${profile.lineOf(pointer)}`,
    hint,
  });
}
