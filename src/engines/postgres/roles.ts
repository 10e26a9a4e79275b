import { ADMIN } from './cluster/cluster.ts';
import type { PostgresConnection } from './connection.ts';
import { quoteIdentifier, quoteLiteral } from './names.ts';

/** Reads everything, row security notwithstanding, and writes nothing. */
export const CAPTURE = 'custody_capture';
/** Runs scripts from outside. */
export const EXECUTOR = 'custody_executor';
/** Loads a dump, whose code runs with its rights: they end at the new database. Dropped afterwards. */
export const LOADER = 'custody_loader';
/**
 * Owns what a dump gives to nobody (pg_dump --no-owner). It may read everything, as a foreign key is checked with the
 * rights of its table's owner, and no more, so that its SECURITY DEFINER functions cannot.
 */
export const OWNER = 'custody_owner';

/** Grants to these are ours and no part of a database's state. */
export const OUR_ROLES: readonly string[] = [CAPTURE, EXECUTOR];

const PLAIN = 'NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION';

/**
 * The roles of a cluster (spec/REHEARSAL.md, "PostgreSQL roles").
 *
 * The executor reads through pg_read_all_data and does not bypass row security, so policies act as in production. It is
 * a member of the capture role only so that a capture inside its transaction can become that role for a moment; a script
 * that does so itself can write less than before, and is found out (current_user is asserted after each statement).
 */
export async function createRoles(admin: PostgresConnection): Promise<void> {
  await admin.script(
    [
      `CREATE ROLE ${LOADER} LOGIN ${PLAIN} NOBYPASSRLS`,
      `CREATE ROLE ${OWNER} NOLOGIN ${PLAIN} NOBYPASSRLS`,
      `CREATE ROLE ${CAPTURE} LOGIN ${PLAIN} BYPASSRLS`,
      `CREATE ROLE ${EXECUTOR} LOGIN ${PLAIN} NOBYPASSRLS`,
      `GRANT pg_read_all_data TO ${CAPTURE}, ${EXECUTOR}, ${OWNER}`,
      // The database is the owner's, so the loader may make schemas and fill `public`.
      `GRANT ${OWNER} TO ${LOADER}`,
      `GRANT ${CAPTURE} TO ${EXECUTOR}`,
      `ALTER ROLE ${CAPTURE} SET default_transaction_read_only = on`,
      '',
    ].join(';\n'),
  );
}

/**
 * Built-in functions that PUBLIC may call and whose effect outlives a rollback, reaches other sessions or writes outside
 * of tables. By name; every overload is meant.
 */
export const FORBIDDEN_FUNCTIONS: readonly string[] = [
  'pg_notify',
  'pg_advisory_lock',
  'pg_advisory_lock_shared',
  'pg_try_advisory_lock',
  'pg_try_advisory_lock_shared',
  'pg_advisory_xact_lock',
  'pg_advisory_xact_lock_shared',
  'pg_try_advisory_xact_lock',
  'pg_try_advisory_xact_lock_shared',
  'pg_cancel_backend',
  'pg_terminate_backend',
  'pg_logical_emit_message',
  'pg_export_snapshot',
  'lo_creat',
  'lo_create',
  'lo_from_bytea',
  'lo_import',
  'lo_export',
  'lo_open',
  'lo_put',
  'lo_truncate',
  'lo_truncate64',
  'lo_unlink',
  'lowrite',
];

/** Takes the functions above from PUBLIC, in the database of this connection. Clones inherit it. */
export async function revokeForbiddenFunctions(connection: PostgresConnection): Promise<void> {
  const names = FORBIDDEN_FUNCTIONS.map((name) => `'${name}'`).join(',');
  const rows = await connection.rows(
    `SELECT p.oid::pg_catalog.regprocedure::pg_catalog.text FROM pg_catalog.pg_proc p
     WHERE p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace AND p.proname IN (${names})`,
  );
  for (const [signature] of rows) {
    await connection.script(`REVOKE EXECUTE ON FUNCTION pg_catalog.${signature ?? ''} FROM PUBLIC`);
  }
}

/** Rights on a clone: to connect, and no more; no temporary tables, which could hide the truth from a script's reader. */
export async function lockDatabase(admin: PostgresConnection, database: string): Promise<void> {
  const name = quoteIdentifier(database);
  await admin.script(
    `REVOKE ALL ON DATABASE ${name} FROM PUBLIC; GRANT CONNECT ON DATABASE ${name} TO ${CAPTURE}, ${EXECUTOR}`,
  );
}

/** Takes the rights of {@link lockDatabase} back and ends every session: only the superuser gets in again. */
export async function closeDatabase(admin: PostgresConnection, database: string): Promise<void> {
  await admin.script(
    `REVOKE ALL ON DATABASE ${quoteIdentifier(database)} FROM PUBLIC, ${CAPTURE}, ${EXECUTOR}`,
  );
  await admin.run(
    `SELECT pg_catalog.pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity WHERE datname = ${quoteLiteral(database)}`,
  );
}

/** Whether the executor has no attribute and no membership beyond the two above, and owns nothing. */
export async function executorIsUnprivileged(admin: PostgresConnection): Promise<boolean> {
  const answer = await admin.value(
    `SELECT NOT (r.rolsuper OR r.rolcreatedb OR r.rolcreaterole OR r.rolreplication OR r.rolbypassrls)
       AND ARRAY(SELECT g.rolname::text FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
                 WHERE m.member = r.oid ORDER BY 1) = ARRAY['${CAPTURE}', 'pg_read_all_data']
       AND NOT pg_has_role(r.oid, '${ADMIN}', 'MEMBER')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend d WHERE d.refclassid = 'pg_catalog.pg_authid'::regclass
                       AND d.refobjid = r.oid AND d.deptype = 'o')
     FROM pg_catalog.pg_roles r WHERE r.rolname = '${EXECUTOR}'`,
  );
  return answer === 't';
}
