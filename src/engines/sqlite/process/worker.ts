import { DatabaseSync } from 'node:sqlite';
import { CustodyError, fromSystemError, unreachable } from '../../../errors.ts';
import { BoundaryGuard } from '../script/boundary-guard.ts';
import { check, checkQuery, SqliteConnection, query, settle } from './connection.ts';
import type { Failure, Hello, Reply, Request } from './protocol.ts';

/**
 * The child process in which SQL from outside runs: the only one that opens a clone, and only with node:sqlite
 * (ARCHITECTURE.md, invariant 10). Started by child.ts; ends when the parent goes away.
 */
let connection: SqliteConnection | undefined;

function perform(request: Request): unknown {
  if (request.op !== 'next') connection?.endReading();
  switch (request.op) {
    case 'settle':
      settle(request.path);
      return null;
    case 'open':
      connection = new SqliteConnection(request.path, request.pragmas);
      return null;
    case 'begin':
      opened().begin();
      return null;
    case 'apply':
      opened().apply(request.script, request.boundary);
      return null;
    case 'image':
      opened().image(request.path);
      return null;
    case 'size':
      return opened().size();
    case 'read':
      return opened().read();
    case 'next':
      return opened().next();
    case 'rollback':
      opened().rollback();
      return null;
    case 'commit':
      opened().commit();
      return null;
    case 'inTransaction':
      return opened().inTransaction;
    case 'query':
      return query(request.path, request.sql);
    case 'queryInside':
      return opened().query(request.sql);
    case 'check':
      return check(request.path, request.pragmas, request.script, request.boundary).map(failure);
    case 'checkQuery': {
      const refusal = checkQuery(request.path, request.sql);
      return refusal === undefined ? [] : [failure(refusal)];
    }
    case 'close':
      connection?.close();
      connection = undefined;
      return null;
    default:
      return unreachable(request);
  }
}

function opened(): SqliteConnection {
  if (connection === undefined) throw new CustodyError('INTERNAL', 'no database is open');
  return connection;
}

function answer(request: Request): Reply {
  try {
    return { ok: true, value: perform(request) };
  } catch (error) {
    return { ok: false, error: failure(fromSystemError(error, 'path' in request ? request.path : 'clone')) };
  }
}

function failure(error: unknown): Failure {
  if (!(error instanceof CustodyError)) {
    return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error), hint: '' };
  }
  const { code, message, hint, path } = error;
  return { code, message, hint, ...(path === undefined ? {} : { path }) };
}

/** Tries what must not work, under the guard that scripts run under. */
function hello(): Hello {
  const db = new DatabaseSync(':memory:');
  const guard = new BoundaryGuard(db, { insert: [], update: [], delete: [], counters: false });
  const denied = (sql: string): boolean => {
    try {
      db.prepare(sql);
      return false;
    } catch {
      const was = guard.denied !== undefined;
      guard.denied = undefined;
      return was;
    }
  };
  const refused = {
    attach: denied(`ATTACH ':memory:' AS other`),
    extensions: denied(`SELECT load_extension('none')`) && throws(() => db.enableLoadExtension(true)),
    // The permission model as node itself reports it; it does not hold back SQLite's own opens (the guard does).
    files: !permitted('fs.read', '/') && !permitted('fs.write', '/'),
    paths: cannotOpen('/proc/self/cmdline'),
    processes: !permitted('child') && !permitted('worker'),
  };
  db.close();
  return { sqlite: process.versions['sqlite'] ?? 'unknown', refused };
}

/** A file of every process where there is a /proc; it is no database, which is another error than not to be there. */
function cannotOpen(path: string): boolean {
  try {
    using db = new DatabaseSync(path, { readOnly: true });
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch (error) {
    return error instanceof Error && 'errcode' in error && error.errcode === CANTOPEN;
  }
}

/** https://www.sqlite.org/rescode.html#cantopen */
const CANTOPEN = 14;

function permitted(scope: string, reference?: string): boolean {
  const { permission } = process as { permission?: NodeJS.ProcessPermission };
  return permission === undefined || permission.has(scope, reference);
}

function throws(run: () => void): boolean {
  try {
    run();
    return false;
  } catch {
    return true;
  }
}

process.on('message', (request) => process.send?.(answer(request as Request)));
process.on('disconnect', () => process.exit(0));
process.send?.(hello());
