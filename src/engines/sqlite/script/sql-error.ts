import { CustodyError, type ErrorCode } from '../../../errors.ts';

/** Primary result codes: https://www.sqlite.org/rescode.html */
const RESULT: Readonly<Record<number, ErrorCode>> = {
  5: 'ENGINE_FAILED', // SQLITE_BUSY: somebody else has the private clone open
  7: 'ENGINE_FAILED', // SQLITE_NOMEM
  8: 'READ_ONLY',
  10: 'IO_FAILED',
  11: 'DATABASE_CORRUPT',
  13: 'DISK_FULL',
  14: 'IO_FAILED', // SQLITE_CANTOPEN
  18: 'DATABASE_UNSUPPORTED', // SQLITE_TOOBIG
  26: 'DATABASE_CORRUPT', // SQLITE_NOTADB
};

const HINT: Partial<Record<ErrorCode, string>> = {
  DATABASE_CORRUPT: 'Run PRAGMA integrity_check on the source, repair it, and take a new copy.',
  DISK_FULL: 'Free some space in the temporary folder and run the command again.',
  DATABASE_UNSUPPORTED: 'A value is larger than can be read back; keep such values in files.',
  SQL_FAILED: 'Correct the statement, or the data that it meets.',
  SQL_SYNTAX: 'Correct the statement; dot-commands of the sqlite3 shell are not SQL.',
};

/**
 * Turns an error of node:sqlite or better-sqlite3 into ours. @param otherwise the code for whatever SQL itself is to
 * blame for: SQL_SYNTAX while a statement is prepared, SQL_FAILED while it runs.
 */
export function sqlError(error: unknown, otherwise: ErrorCode, path?: string): CustodyError {
  if (error instanceof CustodyError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = RESULT[primaryCode(error) ?? 0] ?? otherwise;
  const hint = HINT[code];
  return new CustodyError(code, path === undefined ? message : `${path}: ${message}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
    ...(path === undefined ? {} : { path }),
  });
}

/** @throws CustodyError for what a library throws while it reads a whole database. */
export function attemptRead<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw sqlError(error, 'DATABASE_CORRUPT');
  }
}

function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode & 0xff;
  const name = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return BETTER.find(([prefix]) => name.startsWith(prefix))?.[1];
}

/** better-sqlite3 names results instead of numbering them. */
const BETTER: readonly (readonly [prefix: string, code: number])[] = [
  ['SQLITE_BUSY', 5],
  ['SQLITE_NOMEM', 7],
  ['SQLITE_IOERR', 10],
  ['SQLITE_CORRUPT', 11],
  ['SQLITE_FULL', 13],
  ['SQLITE_CANTOPEN', 14],
  ['SQLITE_TOOBIG', 18],
  ['SQLITE_NOTADB', 26],
];
