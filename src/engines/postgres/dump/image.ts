import { CustodyError } from '../../../errors.ts';
import type { Digest } from '../../../objects/digest.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { PostgresConnection } from '../connection.ts';
import { loadDump } from './dump-loader.ts';
import { createRoles, LOADER, OWNER, revokeForbiddenFunctions } from '../roles.ts';
import { assertSupported } from '../capture/unsupported.ts';

/** The restore image: a database that is loaded once, closed to every connection, and only copied from then on. */
export const IMAGE = 'custody_image';

/**
 * Loads the dump into {@link IMAGE} and closes it.
 * @returns SHA-256 of the dump's bytes as they were loaded.
 * @throws CustodyError DUMP_MALFORMED, DATABASE_UNSUPPORTED, ENGINE_FAILED, PATH_NOT_FOUND, …
 */
export async function makeImage(cluster: Cluster, path: string, signal?: AbortSignal): Promise<Digest> {
  await using admin = await cluster.connect('postgres');
  await createRoles(admin);
  await admin.script(
    `CREATE DATABASE ${IMAGE} OWNER ${OWNER} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'`,
  );
  const digest = await load(cluster, admin, path, signal);
  await admin.script(`DROP ROLE ${LOADER}; ALTER DATABASE ${IMAGE} ALLOW_CONNECTIONS false`);
  if (!(await imageIsClosed(admin)))
    throw new CustodyError('ENGINE_FAILED', 'the restore image still has sessions');
  return digest;
}

/** Whether nobody is connected to the image, and nobody can be. */
export async function imageIsClosed(admin: PostgresConnection): Promise<boolean> {
  const answer = await admin.value(
    `SELECT NOT d.datallowconn AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid)
     FROM pg_catalog.pg_database d WHERE d.datname = '${IMAGE}'`,
  );
  return answer === 't';
}

async function load(
  cluster: Cluster,
  admin: PostgresConnection,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Digest> {
  let digest: Digest;
  {
    await using loader = await cluster.connect(IMAGE, LOADER);
    await using keeper = await cluster.connect(IMAGE);
    digest = await loadDump({ loader, admin: keeper }, path, signal);
  }
  // Code of the dump may have changed settings for later sessions.
  await admin.script(`ALTER DATABASE ${IMAGE} RESET ALL`);
  await using finish = await cluster.connect(IMAGE);
  await assertSupported(finish);
  await finish.script(`REASSIGN OWNED BY ${LOADER} TO ${OWNER}; DROP OWNED BY ${LOADER}`);
  await revokeForbiddenFunctions(finish);
  await assertNoMightyOwner(finish);
  return digest;
}

/**
 * Functions run with their owner's rights when they say so: no owner of one may have rights beyond the database. (What a
 * trusted extension brings belongs to the superuser, and runs with its caller's rights unless it says otherwise.)
 */
async function assertNoMightyOwner(connection: PostgresConnection): Promise<void> {
  const rows = await connection.rows(
    `SELECT p.oid::pg_catalog.regprocedure::text, r.rolname FROM pg_catalog.pg_proc p
     JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
     WHERE p.oid >= 16384 AND (p.prosecdef OR NOT EXISTS (
       SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
       AND d.objid = p.oid AND d.deptype = 'e'))
     AND (r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls)
     ORDER BY 1`,
  );
  const [first] = rows;
  if (first) {
    throw new CustodyError(
      'DATABASE_UNSUPPORTED',
      `the function ${first[0] ?? ''} belongs to the privileged role ${first[1] ?? ''}`,
      {
        hint: 'Give it to another role before dumping.',
      },
    );
  }
}
