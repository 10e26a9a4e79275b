import { open, rm } from 'node:fs/promises';
import { undo } from '../../system/undo.ts';
import { codeOf, CustodyError, fromSystemError, hasCode } from '../../errors.ts';
import type { Digest } from '../../objects/digest.ts';
import { copyHashed } from './files.ts';
import { tokens } from './script/tokens.ts';

/** Bytes 96 to 99 of the header: which SQLite wrote last (its fileformat2.html, 1.3.17). Of no meaning for the data. */
const WRITER = { at: 96, length: 4 };

/** Runs a script into a new file. The digest depends on the script alone, not on the version of SQLite. */
export async function buildDatabase(sql: string, file: string): Promise<Digest> {
  const { default: Database } = await import('better-sqlite3');
  try {
    await (await open(file, 'wx', 0o600)).close();
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw fromSystemError(error, file);
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
    return await copyHashed(handle, undefined);
  } catch (error) {
    const failure =
      error instanceof Error && /^SQLITE_(ERROR|CONSTRAINT|MISMATCH)/.test(codeOf(error) ?? '')
        ? new CustodyError('PROFILE_INVALID', `the surrogate's script fails: ${error.message}`, {
            cause: error,
            hint: 'Correct the script.',
          })
        : fromSystemError(error, file);
    throw await undo(failure, () => rm(file, { force: true }));
  }
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
