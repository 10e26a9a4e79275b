import { displaySql } from '../names.ts';
import { OUR_ROLES } from '../roles.ts';

/** Oids below are made by initdb (FirstNormalObjectId); what has one is part of the server, not of the database's state. */
export const FIRST_OID = 16384;

/**
 * Whether an object belongs to the database: any schema but the server's own, and in those everything that was added.
 * @param schema alias of a pg_namespace row; @param oid the object's oid.
 */
export function inDatabase(schema: string, oid: string): string {
  return `(${oid} >= ${FIRST_OID} AND ${schema}.nspname <> 'pg_toast' AND ${schema}.nspname !~ '^pg_(toast_)?temp_')`;
}

/** `schema.name` as snapshots show it. */
export function qualified(schema: string, name: string): string {
  return `${displaySql(schema)} || '.' || ${displaySql(name)}`;
}

export function role(oid: string): string {
  return `pg_get_userbyid(${oid})`;
}

/**
 * An access control list without oids, in a fixed order, defaults written out, without our own roles.
 * @param kind the letter that acldefault takes ('r' relation, 's' sequence, 'f' function, 'n' schema, 'T' type, …);
 *   undefined: no default.
 */
export function acl(column: string, kind: string | undefined, owner: string): string {
  const list = kind === undefined ? column : `coalesce(${column}, acldefault('${kind}', ${owner}))`;
  const ours = OUR_ROLES.map((name) => `'${name}'`).join(', ');
  return `(SELECT string_agg(g.item, ', ' ORDER BY g.item COLLATE "C") FROM (
    SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(${role('x.grantee')}) END || ' ' || x.privilege_type ||
      CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END || ' BY ' || quote_ident(${role('x.grantor')}) AS item
    FROM aclexplode(${list}) AS x WHERE ${role('x.grantee')} NOT IN (${ours})) AS g)`;
}

/** An array of text as one text; NULL stays NULL. */
export function arrayText(array: string): string {
  return `array_to_string(${array}, ', ')`;
}
