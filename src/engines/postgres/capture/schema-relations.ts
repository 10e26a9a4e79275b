import { acl, inDatabase, qualified, role } from './catalog-sql.ts';

/** Tables, views and materialised views. Columns follow separately: their order is state. */
export const RELATIONS = `
SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view' ELSE 'materialized-view' END AS type,
  ${qualified('n.nspname', 'c.relname')} AS name,
  c.oid::text AS relation,
  ${role('c.relowner')} AS owner,
  ${acl('c.relacl', 'r', 'c.relowner')} AS acl,
  c.relpersistence::text AS persistence,
  am.amname AS "access method",
  t.spcname AS tablespace,
  array_to_string(c.reloptions, ', ') AS options,
  array_to_string(o.reloptions, ', ') AS "toast options",
  CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS definition,
  CASE WHEN c.relkind = 'm' THEN c.relispopulated::text END AS populated,
  CASE WHEN c.relrowsecurity THEN 'enabled' END AS "row security",
  CASE WHEN c.relforcerowsecurity THEN 'forced' END AS "row security of the owner",
  CASE WHEN c.relkind IN ('r', 'p', 'm') THEN c.relreplident::text END AS "replica identity",
  CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END AS "of type",
  pg_get_partkeydef(c.oid) AS "partition key",
  pg_get_expr(c.relpartbound, c.oid) AS "partition bound",
  (SELECT string_agg(${qualified('pn.nspname', 'p.relname')} || CASE WHEN i.inhdetachpending THEN ' (detaching)' ELSE '' END, ', '
     ORDER BY i.inhseqno)
   FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
   WHERE i.inhrelid = c.oid) AS inherits
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_am am ON am.oid = c.relam LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace
LEFT JOIN pg_class o ON o.oid = c.reltoastrelid
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND ${inDatabase('n', 'c.oid')}`;

/** One text for each column of a relation (or composite type), in order: a column that moved is a difference. */
export const COLUMNS = `
SELECT a.attrelid::text, a.attname,
  concat_ws(' ', format_type(a.atttypid, a.atttypmod),
    CASE WHEN a.attcollation <> t.typcollation THEN 'COLLATE ' ||
      (SELECT ${qualified('cn.nspname', 'co.collname')} FROM pg_collation co
       JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = a.attcollation) END,
    CASE WHEN a.attnotnull THEN 'NOT NULL' END,
    CASE WHEN a.attidentity <> '' THEN 'IDENTITY ' || a.attidentity::text END,
    CASE WHEN a.attgenerated <> '' THEN 'GENERATED ' || a.attgenerated::text END,
    CASE WHEN d.oid IS NOT NULL THEN 'DEFAULT (' || pg_get_expr(d.adbin, d.adrelid) || ')' END,
    CASE WHEN a.attstorage <> t.typstorage THEN 'STORAGE ' || a.attstorage::text END,
    CASE WHEN a.attcompression <> '' THEN 'COMPRESSION ' || a.attcompression::text END,
    CASE WHEN a.attstattarget >= 0 THEN 'STATISTICS ' || a.attstattarget::text END,
    CASE WHEN a.attoptions IS NOT NULL THEN 'OPTIONS ' || array_to_string(a.attoptions, ', ') END,
    CASE WHEN a.attinhcount > 0 THEN 'INHERITED ' || a.attinhcount::text || CASE WHEN a.attislocal THEN ' AND LOCAL' ELSE '' END END,
    CASE WHEN a.attacl IS NOT NULL THEN 'ACL ' || ${acl('a.attacl', undefined, '')} END)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm') AND ${inDatabase('n', 'c.oid')}
ORDER BY a.attrelid, a.attnum`;

/** Name of the relation or domain that `c` (pg_constraint, pg_trigger, …) belongs to. */
const RELATION = qualified('n.nspname', 'r.relname');
const OF_RELATION = 'JOIN pg_namespace n ON n.oid = r.relnamespace';

/** What hangs on relations. Type, name, then what defines it. */
export const RELATION_OBJECTS: readonly string[] = [
  // The internal triggers that enforce a foreign key can be switched off one by one, so their state is shown.
  `SELECT 'constraint' AS type,
     CASE WHEN c.conrelid <> 0 THEN ${RELATION} ELSE ${qualified('tn.nspname', 't.typname')} END || '.' || quote_ident(c.conname) AS name,
     pg_get_constraintdef(c.oid) AS definition, c.contype::text AS kind, c.convalidated::text AS validated,
     c.conislocal::text AS local, c.coninhcount::text AS inherited,
     (SELECT string_agg(p.proname || ' ' || g.tgenabled::text, ', ' ORDER BY p.proname COLLATE "C", g.tgtype, g.tgenabled)
      FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid WHERE g.tgconstraint = c.oid AND g.tgisinternal) AS enforced
   FROM pg_constraint c LEFT JOIN pg_class r ON r.oid = c.conrelid LEFT JOIN pg_namespace n ON n.oid = r.relnamespace
   LEFT JOIN pg_type t ON t.oid = c.contypid LEFT JOIN pg_namespace tn ON tn.oid = t.typnamespace WHERE c.oid >= 16384`,

  `SELECT 'index' AS type, ${qualified('n.nspname', 'x.relname')} AS name, pg_get_indexdef(i.indexrelid) AS definition,
     ${RELATION.replaceAll('n.nspname', 'rn.nspname')} AS relation,
     i.indisvalid::text AS valid, i.indisready::text AS ready, i.indislive::text AS live, i.indisprimary::text AS primary,
     i.indimmediate::text AS immediate, i.indisclustered::text AS clustered, i.indisreplident::text AS "replica identity",
     s.spcname AS tablespace,
     (SELECT ${qualified('pn.nspname', 'p.relname')} FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent
      JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE h.inhrelid = x.oid) AS "part of"
   FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace n ON n.oid = x.relnamespace
   JOIN pg_class r ON r.oid = i.indrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace
   LEFT JOIN pg_tablespace s ON s.oid = x.reltablespace WHERE ${inDatabase('n', 'x.oid')}`,

  `SELECT 'trigger' AS type, ${RELATION} || '.' || quote_ident(g.tgname) AS name, pg_get_triggerdef(g.oid) AS definition,
     g.tgenabled::text AS enabled, (g.tgparentid <> 0)::text AS cloned
   FROM pg_trigger g JOIN pg_class r ON r.oid = g.tgrelid ${OF_RELATION} WHERE NOT g.tgisinternal`,

  `SELECT 'rule' AS type, ${RELATION} || '.' || quote_ident(u.rulename) AS name, pg_get_ruledef(u.oid) AS definition,
     u.ev_enabled::text AS enabled
   FROM pg_rewrite u JOIN pg_class r ON r.oid = u.ev_class ${OF_RELATION}
   WHERE u.oid >= 16384 AND NOT (u.rulename = '_RETURN' AND r.relkind IN ('v', 'm'))`,

  `SELECT 'policy' AS type, ${RELATION} || '.' || quote_ident(p.polname) AS name, p.polcmd::text AS command,
     p.polpermissive::text AS permissive,
     (SELECT string_agg(CASE q WHEN 0 THEN 'PUBLIC' ELSE quote_ident(${role('q')}) END, ', ' ORDER BY ${role('q')} COLLATE "C")
      FROM unnest(p.polroles) AS q) AS roles,
     pg_get_expr(p.polqual, p.polrelid) AS using, pg_get_expr(p.polwithcheck, p.polrelid) AS "with check"
   FROM pg_policy p JOIN pg_class r ON r.oid = p.polrelid ${OF_RELATION}`,

  `SELECT 'statistics' AS type, ${qualified('n.nspname', 's.stxname')} AS name, pg_get_statisticsobjdef(s.oid) AS definition,
     ${role('s.stxowner')} AS owner, s.stxstattarget::text AS target
   FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace`,

  `SELECT 'sequence' AS type, ${RELATION} AS name, ${role('r.relowner')} AS owner, ${acl('r.relacl', 's', 'r.relowner')} AS acl,
     format_type(s.seqtypid, NULL) AS "data type", s.seqstart::text AS start, s.seqincrement::text AS increment,
     s.seqmin::text AS minimum, s.seqmax::text AS maximum, s.seqcache::text AS cache, s.seqcycle::text AS cycle,
     r.relpersistence::text AS persistence,
     (SELECT ${qualified('tn.nspname', 't.relname')} || '.' || quote_ident(a.attname) || ' ' || d.deptype::text
      FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
      JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
      WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
      AND d.deptype IN ('a', 'i')) AS "owned by"
   FROM pg_sequence s JOIN pg_class r ON r.oid = s.seqrelid ${OF_RELATION} WHERE ${inDatabase('n', 'r.oid')}`,
];
