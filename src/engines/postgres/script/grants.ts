import { CustodyError } from '../../../errors.ts';
import type { Boundary } from '../../engine.ts';
import { ACTIONS, type BoundaryAction, type Nameable } from './boundary.ts';
import { TABLE_NAMES } from '../capture/capture.ts';
import type { PostgresConnection } from '../connection.ts';
import type { Refusal } from './refusal.ts';
import { EXECUTOR } from '../roles.ts';

export type Tables = Readonly<Record<BoundaryAction, ReadonlySet<string>>>;

/** What a boundary means on a given clone; names as snapshots show them. */
export interface Resolved {
  /** Tables that a statement may name: the boundary's, and the partitioned tables above them. */
  readonly nameable: Nameable;
  /** Tables whose rows may be written: the boundary's, and the leaves of its partitioned tables. */
  readonly writable: Tables;
  /** BOUNDARY_VIOLATED for each table that does not exist, with its name as `path`. */
  readonly refusals: readonly Refusal[];
  /** The rights that the nameable tables and their sequences need: `INSERT ON TABLE`, oids. */
  readonly rights: readonly (readonly [what: string, oids: readonly string[]])[];
}

/** Looks a boundary up in the catalogue; changes nothing. */
export async function resolveBoundary(admin: PostgresConnection, boundary: Boundary): Promise<Resolved> {
  const known = await admin.rows(TABLE_NAMES);
  const oids = new Map(known.map(([name, oid]) => [name ?? '', oid ?? ''] as const));
  const names = new Map(known.map(([name, oid]) => [oid ?? '', name ?? ''] as const));
  const named = (found: readonly string[]): string[] => found.map((oid) => names.get(oid) ?? oid);
  const look = async (action: BoundaryAction): Promise<{ above: string[]; below: string[] }> => {
    const list = array(boundary[action].flatMap((table) => oids.get(table) ?? []));
    return {
      above: await oidsOf(
        admin,
        `SELECT b.oid FROM unnest(${list}) AS b (oid) UNION
         SELECT p.relid FROM unnest(${list}) AS b (oid), pg_catalog.pg_partition_ancestors(b.oid) AS p`,
      ),
      below: await oidsOf(
        admin,
        `SELECT t.relid FROM unnest(${list}) AS b (oid), pg_catalog.pg_partition_tree(b.oid) AS t`,
      ),
    };
  };
  const found = { insert: await look('insert'), update: await look('update'), delete: await look('delete') };
  const drawing = [...found.insert.above, ...found.update.above];
  const counted = boundary.counters ? [...drawing, ...found.delete.above] : [];
  return {
    nameable: {
      insert: new Set(named(found.insert.above)),
      update: new Set(named(found.update.above)),
      delete: new Set(named(found.delete.above)),
      counters: boundary.counters,
    },
    writable: {
      insert: new Set([...boundary.insert, ...named(found.insert.below)]),
      update: new Set([...boundary.update, ...named(found.update.below)]),
      delete: new Set([...boundary.delete, ...named(found.delete.below)]),
    },
    refusals: missing(boundary, oids),
    rights: [
      ...ACTIONS.map((action) => [`${action.toUpperCase()} ON TABLE`, found[action].above] as const),
      ['USAGE ON SEQUENCE', await oidsOf(admin, inDefaults(drawing))],
      ['UPDATE ON SEQUENCE', await oidsOf(admin, `${inDefaults(counted)} UNION ${ownedBy(counted)}`)],
    ],
  };
}

/**
 * Gives the executor exactly the boundary's rights on this clone; what an earlier script was given is taken back.
 * INSERT, UPDATE and DELETE on the tables that it may name, USAGE on the sequences that their defaults draw from, and
 * UPDATE on a sequence (that is setval) with `counters` alone.
 */
export async function grantBoundary(admin: PostgresConnection, { rights }: Resolved): Promise<void> {
  await revokeAll(admin);
  for (const [what, oids] of rights) {
    for (const oid of oids) {
      const name = await admin.value(`SELECT ${oid}::oid::regclass::text`);
      await admin.script(`GRANT ${what} ${name ?? ''} TO ${EXECUTOR}`);
    }
  }
}

function missing(boundary: Boundary, oids: ReadonlyMap<string, string>): Refusal[] {
  const tables = new Set(ACTIONS.flatMap((action) => boundary[action]).filter((table) => !oids.has(table)));
  return [...tables].map((table) => ({
    line: 0,
    error: new CustodyError(
      'BOUNDARY_VIOLATED',
      `the boundary names ${table}, which is not in the database`,
      {
        hint: 'Name tables as `custody snapshot` lists them, with their schema.',
        path: table,
      },
    ),
  }));
}

/** Sequences in the tables' defaults. (An identity column's needs no right.) */
function inDefaults(tables: readonly string[]): string {
  return `SELECT d.refobjid FROM pg_catalog.pg_attrdef a
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = a.oid
      AND d.refclassid = 'pg_catalog.pg_class'::regclass
    JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind = 'S'
    WHERE a.adrelid = ANY (${array(tables)})`;
}

/** Sequences that the tables own: OWNED BY ('a'), and those of identity columns ('i'). */
function ownedBy(tables: readonly string[]): string {
  return `SELECT c.oid FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
      AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
    WHERE c.relkind = 'S' AND d.refobjid = ANY (${array(tables)})`;
}

function array(oids: readonly string[]): string {
  return `ARRAY[${oids.join(',')}]::oid[]`;
}

async function oidsOf(admin: PostgresConnection, sql: string): Promise<string[]> {
  return (await admin.rows(`SELECT DISTINCT found::oid::text FROM (${sql}) AS t (found)`)).map(
    ([oid]) => oid ?? '',
  );
}

async function revokeAll(admin: PostgresConnection): Promise<void> {
  for (const [kind, name] of await admin.rows(
    `SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass::text FROM pg_catalog.pg_class c
     WHERE EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) AS x WHERE x.grantee = '${EXECUTOR}'::regrole)`,
  )) {
    await admin.script(`REVOKE ALL ON ${kind ?? ''} ${name ?? ''} FROM ${EXECUTOR}`);
  }
}
