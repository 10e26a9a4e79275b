import { CustodyError } from '../../errors.ts';
import type { Boundary } from '../engine.ts';
import { TABLE_NAMES } from './capture.ts';
import type { Connection } from './connection.ts';
import { EXECUTOR } from './roles.ts';

/** What a boundary means on a given clone; names as snapshots show them. */
export interface Granted {
  /** Tables that an INSERT may name: the boundary's, and the partitioned tables above them. */
  readonly insertable: ReadonlySet<string>;
  /** Tables that may grow: the boundary's, and the leaves of its partitioned tables. */
  readonly writable: ReadonlySet<string>;
}

/**
 * Gives the executor exactly the boundary's rights on this clone: INSERT on its tables (and on the partitioned tables
 * that a leaf belongs to), USAGE on the sequences that those tables' defaults draw from; what an earlier script was
 * given is taken back. Never UPDATE on a sequence: setval is no insert.
 * @throws CustodyError BOUNDARY_VIOLATED for a table that does not exist.
 */
export async function grantBoundary(admin: Connection, boundary: Boundary): Promise<Granted> {
  const known = await admin.rows(TABLE_NAMES);
  const oids = new Map(known.map(([name, oid]) => [name ?? '', oid ?? ''] as const));
  const names = new Map(known.map(([name, oid]) => [oid ?? '', name ?? ''] as const));
  const tables = boundary.tables.map((table) => {
    const oid = oids.get(table);
    if (oid !== undefined) return oid;
    throw new CustodyError('BOUNDARY_VIOLATED', `the boundary names ${table}, which is not in the database`, {
      hint: 'Name tables as `custody snapshot` lists them, with their schema.',
      path: table,
    });
  });
  await revokeAll(admin);
  const list = `ARRAY[${tables.join(',')}]::oid[]`;
  const above = await oidsOf(
    admin,
    `SELECT b.oid FROM unnest(${list}) AS b (oid) UNION
     SELECT p.relid FROM unnest(${list}) AS b (oid), pg_catalog.pg_partition_ancestors(b.oid) AS p`,
  );
  const below = await oidsOf(
    admin,
    `SELECT t.relid FROM unnest(${list}) AS b (oid), pg_catalog.pg_partition_tree(b.oid) AS t`,
  );
  await grant(admin, 'INSERT ON TABLE', above);
  await grant(admin, 'USAGE ON SEQUENCE', await oidsOf(admin, sequencesOf(above)));
  const named = (found: readonly string[]): string[] => found.map((oid) => names.get(oid) ?? oid);
  return { insertable: new Set(named(above)), writable: new Set([...boundary.tables, ...named(below)]) };
}

/** Sequences in the tables' defaults. (An identity column's needs no right.) */
function sequencesOf(tables: readonly string[]): string {
  return `SELECT d.refobjid FROM pg_catalog.pg_attrdef a
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = a.oid
      AND d.refclassid = 'pg_catalog.pg_class'::regclass
    JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind = 'S'
    WHERE a.adrelid = ANY (ARRAY[${tables.join(',')}]::oid[])`;
}

async function oidsOf(admin: Connection, sql: string): Promise<string[]> {
  return (await admin.rows(`SELECT DISTINCT found::oid::text FROM (${sql}) AS t (found)`)).map(
    ([oid]) => oid ?? '',
  );
}

async function grant(admin: Connection, what: string, oids: readonly string[]): Promise<void> {
  for (const oid of oids) {
    const name = await admin.value(`SELECT ${oid}::oid::regclass::text`);
    await admin.script(`GRANT ${what} ${name ?? ''} TO ${EXECUTOR}`);
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
