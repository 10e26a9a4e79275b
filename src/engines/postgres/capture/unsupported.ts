import { CustodyError } from '../../../errors.ts';
import type { PostgresConnection } from '../connection.ts';

/** What reaches beyond the database or is not captured yet: each query names the objects found. Never skipped silently. */
const CHECKS: readonly (readonly [what: string, sql: string])[] = [
  ['foreign data wrapper', 'SELECT fdwname FROM pg_catalog.pg_foreign_data_wrapper'],
  ['foreign server', 'SELECT srvname FROM pg_catalog.pg_foreign_server'],
  ['foreign table', "SELECT oid::pg_catalog.regclass::text FROM pg_catalog.pg_class WHERE relkind = 'f'"],
  ['subscription', 'SELECT subname FROM pg_catalog.pg_subscription'],
  ['publication', 'SELECT pubname FROM pg_catalog.pg_publication'],
  ['event trigger', 'SELECT evtname FROM pg_catalog.pg_event_trigger'],
  ['security label', 'SELECT label FROM pg_catalog.pg_seclabel'],
  ['access method', 'SELECT amname FROM pg_catalog.pg_am WHERE oid >= 16384'],
  [
    'untrusted language',
    "SELECT lanname FROM pg_catalog.pg_language WHERE NOT lanpltrusted AND lanname NOT IN ('internal', 'c')",
  ],
  [
    'function in machine code outside of an extension',
    `SELECT p.oid::pg_catalog.regprocedure::text FROM pg_catalog.pg_proc p
     JOIN pg_catalog.pg_language l ON l.oid = p.prolang
     WHERE p.oid >= 16384 AND l.lanname IN ('internal', 'c') AND NOT EXISTS (
       SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
       AND d.objid = p.oid AND d.deptype = 'e')`,
  ],
];

/** @throws CustodyError DATABASE_UNSUPPORTED that names the first object of a kind that we do not prove. */
export async function assertSupported(connection: PostgresConnection): Promise<void> {
  const union = CHECKS.map(
    ([, sql], i) => `SELECT ${i} AS kind, found::text FROM (${sql}) AS t (found)`,
  ).join(' UNION ALL ');
  const [first] = await connection.rows(`SELECT kind::text, found FROM (${union}) AS u ORDER BY 1, 2`);
  if (first) {
    const what = CHECKS[Number(first[0])]?.[0] ?? 'object';
    throw new CustodyError(
      'DATABASE_UNSUPPORTED',
      `the database has a ${what} (${first[1] ?? ''}), which is not proven`,
      {
        hint: `Make the dump without it (a ${what} is no part of what can be rehearsed).`,
      },
    );
  }
}
