import { CustodyError } from '../../errors.ts';
import type { Boundary } from '../engine.ts';
import { TABLE_NAMES } from './capture.ts';
import type { Connection } from './connection.ts';
import { EXECUTOR } from './roles.ts';

/**
 * Gives the executor exactly the boundary's rights on this clone: INSERT on its tables (and on the partitioned tables
 * that a leaf belongs to), USAGE on the sequences that those tables' defaults draw from; what an earlier script was
 * given is taken back. Never UPDATE on a sequence: setval is no insert.
 * @throws CustodyError BOUNDARY_VIOLATED for a table that does not exist.
 */
export async function grantBoundary(admin: Connection, boundary: Boundary): Promise<void> {
  const known = new Map((await admin.rows(TABLE_NAMES)).map(([name, oid]) => [name, oid] as const));
  const oids = boundary.tables.map((table) => {
    const oid = known.get(table);
    if (typeof oid === 'string') return oid;
    throw new CustodyError('BOUNDARY_VIOLATED', `the boundary names ${table}, which is not in the database`, {
      hint: 'Name tables as `custody snapshot` lists them, with their schema.',
      path: table,
    });
  });
  await revokeAll(admin);
  if (oids.length === 0) return;
  const list = `ARRAY[${oids.join(',')}]::oid[]`;
  for (const [table] of await admin.rows(
    `SELECT DISTINCT t.oid::regclass::text FROM unnest(${list}) AS b (oid)
     CROSS JOIN LATERAL (SELECT b.oid UNION SELECT relid::oid FROM pg_catalog.pg_partition_ancestors(b.oid)) AS t (oid)`,
  )) {
    await admin.script(`GRANT INSERT ON TABLE ${table ?? ''} TO ${EXECUTOR}`);
  }
  for (const [sequence] of await admin.rows(
    `SELECT DISTINCT d.refobjid::regclass::text FROM pg_catalog.pg_attrdef a
     JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = a.oid
       AND d.refclassid = 'pg_catalog.pg_class'::regclass
     JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind = 'S'
     WHERE a.adrelid = ANY (${list} || ARRAY(SELECT p.relid::oid FROM unnest(${list}) AS b (oid), pg_catalog.pg_partition_ancestors(b.oid) AS p))`,
  )) {
    await admin.script(`GRANT USAGE ON SEQUENCE ${sequence ?? ''} TO ${EXECUTOR}`);
  }
}

async function revokeAll(admin: Connection): Promise<void> {
  for (const [kind, name] of await admin.rows(
    `SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass::text FROM pg_catalog.pg_class c
     WHERE EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) AS x WHERE x.grantee = '${EXECUTOR}'::regrole)`,
  )) {
    await admin.script(`REVOKE ALL ON ${kind ?? ''} ${name ?? ''} FROM ${EXECUTOR}`);
  }
}

/** Display names of the tables that may grow under the boundary: its own, and the leaves of its partitioned tables. */
export async function writableTables(admin: Connection, boundary: Boundary): Promise<ReadonlySet<string>> {
  const writable = new Set(boundary.tables);
  const known = await admin.rows(TABLE_NAMES);
  const names = new Map(known.map(([name, oid]) => [oid, name] as const));
  const roots = known.filter(([name]) => name !== null && writable.has(name)).map(([, oid]) => oid);
  if (roots.length === 0) return writable;
  for (const [oid] of await admin.rows(
    `SELECT t.relid::oid::text FROM unnest(ARRAY[${roots.join(',')}]::oid[]) AS b (oid), pg_catalog.pg_partition_tree(b.oid) AS t`,
  )) {
    const name = names.get(oid);
    if (typeof name === 'string') writable.add(name);
  }
  return writable;
}
