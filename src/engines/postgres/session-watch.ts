import { CustodyError } from '../../errors.ts';
import { ACTIONS } from './script/boundary.ts';
import type { PostgresConnection } from './connection.ts';
import type { Tables } from './script/grants.ts';
import { displayName } from './names.ts';
import { EXECUTOR } from './roles.ts';

/**
 * One look at the session from inside: the transaction, and what would outlive it. Every name is qualified, as the
 * script may have changed the search path.
 */
const SELF = `SELECT pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text,
  CURRENT_USER::pg_catalog.text, SESSION_USER::pg_catalog.text,
  (SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks l WHERE l.locktype OPERATOR(pg_catalog.=) 'advisory'
     AND l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid())::pg_catalog.text,
  (SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_statements)::pg_catalog.text,
  (SELECT pg_catalog.count(*) FROM pg_catalog.pg_cursors c WHERE c.is_holdable)::pg_catalog.text,
  pg_catalog.pg_my_temp_schema()::pg_catalog.oid::pg_catalog.text,
  (SELECT pg_catalog.count(*) FROM pg_catalog.pg_listening_channels())::pg_catalog.text`;

/** What this transaction wrote, catalogue included, by the server's own count. Toast follows its table. */
const WRITTEN = `SELECT s.schemaname, s.relname, s.n_tup_ins::pg_catalog.text, s.n_tup_upd::pg_catalog.text,
  s.n_tup_del::pg_catalog.text FROM pg_catalog.pg_stat_xact_all_tables s
  WHERE s.schemaname OPERATOR(pg_catalog.<>) 'pg_toast'
  AND (s.n_tup_ins OPERATOR(pg_catalog.+) s.n_tup_upd OPERATOR(pg_catalog.+) s.n_tup_del) OPERATOR(pg_catalog.>) 0`;

/** @throws CustodyError TRANSACTION_LOST unless the connection is inside an open, healthy transaction. */
export function assertOpen(connection: PostgresConnection, path: string): void {
  if (connection.status === 'T') return;
  throw new CustodyError(
    'TRANSACTION_LOST',
    `${path}: the transaction is no longer open (${connection.status})`,
    {
      hint: 'The script, or a function that it calls, ended the transaction or its session.',
      path,
    },
  );
}

/**
 * Asserts that the transaction is the one that was begun and that nothing was left beyond it.
 * @throws CustodyError TRANSACTION_LOST, BOUNDARY_VIOLATED
 */
export async function assertSession(
  connection: PostgresConnection,
  xid: string,
  path: string,
): Promise<void> {
  assertOpen(connection, path);
  const [row] = await connection.rows(SELF);
  const [now, user, session, locks, prepared, cursors, temporary, channels] = row ?? [];
  if (now !== xid) {
    throw new CustodyError(
      'TRANSACTION_LOST',
      `${path}: transaction ${now ?? 'none'} is not ${xid}, which was begun`,
      { path },
    );
  }
  if (user !== EXECUTOR || session !== EXECUTOR) throw violated(path, `it became the role ${user ?? ''}`);
  if (locks !== '0') throw violated(path, 'it holds an advisory lock');
  if (prepared !== '0') throw violated(path, 'it left a prepared statement');
  if (cursors !== '0') throw violated(path, 'it left a cursor WITH HOLD');
  if (temporary !== '0') throw violated(path, 'it made a temporary object');
  if (channels !== '0') throw violated(path, 'it listens to notifications');
}

/**
 * Asserts that each table was written only as the boundary says, whoever's rights were used (SECURITY DEFINER functions,
 * triggers and the actions of foreign keys act with their owner's).
 * @param writable for each action the display names of its tables, leaf partitions included.
 */
export async function assertWritten(
  connection: PostgresConnection,
  writable: Tables,
  path: string,
): Promise<void> {
  for (const [schema, name, ...counts] of await connection.rows(WRITTEN)) {
    const table = displayName(schema ?? '', name ?? '');
    for (const [i, action] of ACTIONS.entries()) {
      if (counts[i] !== '0' && !writable[action].has(table))
        throw violated(path, `the ${action} of ${counts[i] ?? ''} row(s) of ${table}`);
    }
  }
}

export function violated(path: string, what: string): CustodyError {
  return new CustodyError('BOUNDARY_VIOLATED', `${path}: ${what}`, {
    hint: 'The boundary of the plan does not allow this; nothing of it was kept.',
    path,
  });
}

/** Notifications sent on this cluster so far, as pages of their queue that were touched: a commit that sends one moves it. */
export async function notifications(connection: PostgresConnection): Promise<string> {
  return (
    (await connection.value(
      `SELECT sum(blks_zeroed + blks_hit + blks_read + blks_written)::text FROM pg_catalog.pg_stat_slru WHERE lower(name) = 'notify'`,
    )) ?? ''
  );
}
