import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { codeOf, CustodyError, fromSystemError } from '../errors.ts';
import type { Lock, LockOptions } from './backend.ts';
import { poll } from './poll.ts';
import { isThere } from '../system/is-there.ts';
import { undoNow } from '../system/undo.ts';

/**
 * The writer's lock of the ledger in `dir`: an exclusive SQLite transaction on the empty file `dir/lock`.
 *
 * Node.js has no flock(2); SQLite's lock is a kernel lock, so it ends with its holder, however that dies. The file stays
 * empty for ever: the journal is in memory and the transaction is always rolled back. It must not be opened by any
 * other means in a process that holds it: closing any descriptor of a file drops all POSIX locks on it (fcntl(2)).
 * It is not in `index/`, because that folder may be deleted at any time.
 *
 * @throws LOCK_TIMEOUT (says who holds it), INTERRUPTED, PATH_NOT_FOUND, READ_ONLY, PERMISSION_DENIED, IO_FAILED.
 */
export async function lock(dir: string, options: LockOptions = {}): Promise<Lock> {
  const path = join(dir, 'lock');
  // SQLite would open a file that cannot be written for reading; and these errors say more than its own.
  try {
    accessSync(dir, constants.W_OK);
    if (isThere(path)) accessSync(path, constants.W_OK);
  } catch (error) {
    throw fromSystemError(error, dir);
  }
  const { default: Sqlite } = await import('better-sqlite3');
  let database: Database.Database | undefined;
  try {
    database = new Sqlite(path, { timeout: 0 });
    const open = database;
    await poll(
      path,
      () => tryBegin(open),
      () => describeHolder(path),
      options,
    );
    return new SqliteLock(database);
  } catch (error) {
    throw undoNow(fromSqliteError(error, path), () => database?.close());
  }
}

class SqliteLock implements Lock {
  readonly #database: Database.Database;

  constructor(database: Database.Database) {
    this.#database = database;
  }

  get held(): boolean {
    return this.#database.open;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Closing rolls back, and with that lets go.
    this.#database.close();
  }
}

function tryBegin(database: Database.Database): boolean {
  try {
    database.pragma('journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (codeOf(error)?.startsWith('SQLITE_BUSY')) return false;
    throw error;
  }
}

function fromSqliteError(cause: unknown, path: string): unknown {
  const code = codeOf(cause) ?? '';
  if (cause instanceof CustodyError || !code.startsWith('SQLITE_')) return cause;
  const options = { cause, path };
  if (code.startsWith('SQLITE_READONLY')) {
    return new CustodyError('READ_ONLY', `${path} cannot be written`, {
      ...options,
      hint: 'Use a folder that can be written.',
    });
  }
  if (code === 'SQLITE_NOTADB') {
    return new CustodyError('IO_FAILED', `${path} is not an empty file`, {
      ...options,
      hint: 'Something else wrote to it: when no custody process runs, delete that file.',
    });
  }
  return new CustodyError('IO_FAILED', `cannot lock ${path}: ${code}`, {
    ...options,
    hint: 'Check the disk and the permissions of that file, then run the command again.',
  });
}

/**
 * Who holds the kernel's lock on `path`, in words. The lock file is never written, so its holder is looked up in
 * /proc/locks (proc_locks(5)); elsewhere, or across containers, it stays unknown. Never throws.
 */
function describeHolder(path: string): string {
  try {
    const pid = holderPid(path);
    if (pid === null) return 'it is held by a process that cannot be seen from here';
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 200);
    const stopped = /^State:\s+[Tt]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    const self = pid === process.pid ? ' (this very process)' : '';
    return `it is held by process ${pid}${self}${stopped ? ', which is stopped' : ''}: ${command}`;
  } catch {
    return 'it is held by a process that cannot be seen from here';
  }
}

function holderPid(path: string): number | null {
  const { ino } = statSync(path, { bigint: true });
  for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
    // 1: POSIX  ADVISORY  WRITE 6830 fe:00:2147246 1073741824 1073742335
    const match = /^\d+: POSIX +ADVISORY +WRITE +(\d+) +[0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line);
    if (match?.[2] === String(ino)) return Number(match[1]);
  }
  return null;
}
