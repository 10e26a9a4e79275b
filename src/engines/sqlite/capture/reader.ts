import Database from 'better-sqlite3';
import { randomUUID } from 'node:crypto';
import { closeSync, constants, copyFileSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { fromSystemError } from '../../../errors.ts';
import { attemptRead } from '../script/sql-error.ts';
import type { SqlReads } from './sql-reads.ts';
import { undoNow } from '../../../system/undo.ts';

/**
 * better-sqlite3 on closed files: it reads what node:sqlite wrote in another process, so that a capture does not depend
 * on one library or one connection. Never two SQLite libraries on one file in one process (ARCHITECTURE.md, invariant 10).
 */
export type ReadDatabase = Database.Database;

export interface Reader extends Disposable {
  readonly db: ReadDatabase;
  readonly reads: SqlReads;
  /** The file that is read: the private copy, where there is one. */
  readonly path: string;
}

export function readsOf(db: ReadDatabase): SqlReads {
  return {
    all: (sql) => db.prepare<[], Record<string, unknown>>(sql).all(),
    rows: (sql) => db.prepare<[], unknown[]>(sql).raw(true).iterate(),
  };
}

/** Bytes 18 and 19 of a database: 2 means WAL (https://www.sqlite.org/fileformat2.html#file_format_version_numbers). */
const VERSIONS_AT = 18;

/**
 * Opens a closed database, with nothing beside it, for reading. A file in WAL mode cannot be read without making files
 * beside it: a private copy that says "no WAL" is read in its place, and is removed afterwards.
 * @throws CustodyError DATABASE_CORRUPT, IO_FAILED, DISK_FULL
 */
export function openReader(path: string): Reader {
  return openFile(path, isWal(path), true);
}

/** A private copy, which may be changed: for the one table kind whose rowid has no name (table-shape.ts). */
export function openCopy(path: string): Reader {
  return openFile(path, true, false);
}

function openFile(path: string, copied: boolean, readonly: boolean): Reader {
  const file = copied ? `${path}.${randomUUID()}` : path;
  const close = (): void => {
    if (copied) for (const suffix of ['', '-journal']) rmSync(file + suffix, { force: true });
  };
  try {
    if (copied) {
      system(file, () => copyFileSync(path, file, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE));
      withFile(file, 'r+', (fd) => writeSync(fd, Uint8Array.of(1, 1), 0, 2, VERSIONS_AT));
    }
    const db = attemptRead(() => pinned(new Database(file, { readonly, fileMustExist: true })));
    return {
      db,
      reads: readsOf(db),
      path: file,
      [Symbol.dispose]: () => {
        db.close();
        close();
      },
    };
  } catch (error) {
    throw undoNow(error, close);
  }
}

/** The version of the SQLite library that reads. */
export function readerVersion(): string {
  const db = new Database(':memory:');
  try {
    return String(db.prepare('SELECT sqlite_version()').pluck().get());
  } finally {
    db.close();
  }
}

function pinned(db: ReadDatabase): ReadDatabase {
  db.defaultSafeIntegers(true);
  db.pragma('trusted_schema = OFF');
  // What breaks a CHECK is state (integrity.ts); its expression is the schema's, and may take for ever.
  db.pragma('ignore_check_constraints = ON');
  db.prepare('SELECT count(*) FROM sqlite_schema').get();
  return db;
}

function isWal(path: string): boolean {
  const versions = Buffer.alloc(2);
  withFile(path, 'r', (fd) => readSync(fd, versions, 0, 2, VERSIONS_AT));
  return versions.includes(2);
}

function withFile(path: string, flags: 'r' | 'r+', use: (fd: number) => void): void {
  system(path, () => {
    const fd = openSync(path, flags);
    try {
      use(fd);
    } finally {
      closeSync(fd);
    }
  });
}

function system<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw fromSystemError(error, path);
  }
}
