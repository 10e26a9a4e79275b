import { link, mkdir, open, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isThere } from '../../system/is-there.ts';
import { sweepTemporaries, temporaryName } from '../../system/temporary-file.ts';
import { codeOf, CustodyError, fromSystemError, hasCode } from '../../errors.ts';
import type { Digest } from '../../objects/digest.ts';
import { askMain } from './process/main-process.ts';
import { surrogateEntry } from './process/worker-entry.ts';
import { copyHashed } from './files.ts';
import { tokens } from './script/tokens.ts';

/** Bytes 96 to 99 of the header: which SQLite wrote last (its fileformat2.html, 1.3.17). Of no meaning for the data. */
const WRITER = { at: 96, length: 4 };

const PAGE = 4096;
/** Bytes that a script may fill. */
const LARGEST = 2 ** 30;

/**
 * Runs a script into a new file, which is there whole or not at all. The digest depends on the script alone, not on the
 * version of SQLite.
 * @param accept is given the digest before the file has its name; what it throws leaves none.
 * @param largest bytes.
 * @throws CustodyError PROFILE_INVALID where the script fails, or fills more than it may; DISK_FULL, USAGE, …
 */
export async function buildDatabase(
  sql: string,
  file: string,
  accept: (digest: Digest) => void,
  largest = LARGEST,
): Promise<Digest> {
  const { default: Database } = await import('better-sqlite3');
  if (isThere(file)) throw taken(file);
  const work = temporaryName(dirname(file), 'folder');
  const made = join(work, 'made.db');
  try {
    sweepTemporaries(dirname(file));
    await mkdir(work, { mode: 0o700 });
    await (await open(made, 'wx', 0o600)).close();
    const database = new Database(made);
    try {
      for (const pragma of [
        `page_size = ${PAGE}`,
        `max_page_count = ${largest / PAGE}`,
        "encoding = 'UTF-8'",
        'journal_mode = DELETE',
      ])
        database.pragma(pragma);
      database.exec('BEGIN');
      database.exec(sql);
      database.exec('COMMIT');
    } finally {
      database.close();
    }
    await using handle = await open(made, 'r+');
    await handle.write(new Uint8Array(WRITER.length), 0, WRITER.length, WRITER.at);
    const digest = await copyHashed(handle, undefined);
    accept(digest);
    await handle.sync();
    await link(made, file).catch((error: unknown) => {
      throw hasCode(error, 'EEXIST') ? taken(file, error) : error;
    });
    return digest;
  } catch (error) {
    throw (await scriptFault(error, dirname(file), largest)) ?? fromSystemError(error, file);
  } finally {
    // What was thrown above is the thing to tell; what cannot be removed now is swept later.
    await rm(work, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** What SQLite says of the script; undefined where it is not to blame. @param folder all that was written lay there, and is gone. */
async function scriptFault(
  error: unknown,
  folder: string,
  largest: number,
): Promise<CustodyError | undefined> {
  const code = codeOf(error) ?? '';
  if (/^SQLITE_(ERROR|CONSTRAINT|MISMATCH|TOOBIG)/.test(code))
    return new CustodyError('PROFILE_INVALID', `the surrogate's script fails: ${(error as Error).message}`, {
      cause: error,
      hint: 'Correct the script.',
    });
  if (code !== 'SQLITE_FULL') return undefined;
  // SQLite says the same of a full disk and of its own limits (rescode.html, SQLITE_FULL), of which a disk with room is no cause.
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < largest) return undefined;
  return new CustodyError(
    'PROFILE_INVALID',
    `the surrogate's script fills its database, which may have ${largest.toLocaleString('en-US')} bytes, or the rowids of a table`,
    { cause: error, hint: 'Let it make less; a rehearsal needs a small database.' },
  );
}

/** Milliseconds that a script may take. */
const LIMIT = 60_000;

/**
 * {@link buildDatabase} in a process of its own, which can be ended. @param script a file. @param wanted another digest leaves no file.
 * @throws CustodyError PROFILE_INVALID where the script fails or makes another database; TIME_LIMIT, INTERRUPTED, USAGE, …
 */
export async function buildSurrogate(
  script: string,
  file: string,
  wanted: string,
  signal?: AbortSignal,
): Promise<Digest> {
  const { digest } = await askMain<{ digest: Digest }>([surrogateEntry(), script, file, wanted], {
    what: "the surrogate's script",
    limit: LIMIT,
    hint: 'Look at what it computes; a rehearsal needs a small database.',
    ...(signal && { signal }),
  });
  return digest;
}

function taken(file: string, cause?: unknown): CustodyError {
  return new CustodyError('USAGE', `${file} is there already`, {
    cause,
    path: file,
    hint: 'Give the name of a new file.',
  });
}

const RUNS = new Set(['CREATE', 'INSERT', 'UPDATE', 'DELETE', 'END']);

/** The first verb of such a script that could reach beyond the new file. END closes the body of a trigger. */
export function forbiddenVerb(sql: string): string | undefined {
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
