import { acl, FIRST_OID, inDatabase, arrayText, qualified, role } from './catalog-sql.ts';

const COLLATION = `(SELECT ${qualified('cn.nspname', 'co.collname')} FROM pg_collation co
  JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = `;

/** Schema objects that do not hang on a relation. Each query: type, name, then what defines it; never an oid. */
export const OBJECT_QUERIES: readonly string[] = [
  `SELECT 'schema' AS type, quote_ident(n.nspname) AS name, ${role('n.nspowner')} AS owner,
     ${acl('n.nspacl', 'n', 'n.nspowner')} AS acl
   FROM pg_namespace n WHERE (n.oid >= ${FIRST_OID} OR n.nspname = 'public') AND n.nspname !~ '^pg_(toast|temp)'`,

  `SELECT 'extension' AS type, quote_ident(e.extname) AS name, e.extversion AS version, n.nspname AS schema,
     ${role('e.extowner')} AS owner, e.extrelocatable::text AS relocatable
   FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace`,

  `SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END AS type,
     ${qualified('n.nspname', 'p.proname')} || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS name,
     CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END AS definition,
     CASE WHEN p.prokind = 'a' THEN pg_get_function_result(p.oid) END AS result,
     CASE WHEN p.prokind = 'a' THEN concat_ws(', ', p.proparallel::text, p.provolatile::text, a.aggkind::text, a.aggnumdirectargs,
       a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn,
       a.aggmfinalfn, a.aggfinalextra, a.aggmfinalextra, a.aggfinalmodify::text, a.aggmfinalmodify::text,
       a.aggsortop::regoperator, a.aggtranstype::regtype, a.aggtransspace, a.aggmtranstype::regtype, a.aggmtransspace,
       quote_nullable(a.agginitval), quote_nullable(a.aggminitval)) END AS aggregate,
     ${role('p.proowner')} AS owner, ${acl('p.proacl', 'f', 'p.proowner')} AS acl
   FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid
   WHERE ${inDatabase('n', 'p.oid')}`,

  `SELECT 'type' AS type, ${qualified('n.nspname', 't.typname')} AS name, t.typtype::text AS kind,
     ${role('t.typowner')} AS owner, ${acl('t.typacl', 'T', 't.typowner')} AS acl,
     (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid) AS labels,
     (SELECT string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod) ||
        coalesce(' COLLATE ' || ${COLLATION}nullif(a.attcollation, 0)), ''), ', ' ORDER BY a.attnum)
      FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) AS attributes,
     CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END AS base,
     CASE WHEN t.typtype = 'd' THEN t.typnotnull::text END AS "not null",
     CASE WHEN t.typtype IN ('d', 'b') THEN t.typdefault END AS "default",
     CASE WHEN t.typtype = 'd' THEN ${COLLATION}nullif(t.typcollation, 0)) END AS collation,
     (SELECT concat_ws(', ', r.rngsubtype::regtype, r.rngmultitypid::regtype, ${COLLATION}nullif(r.rngcollation, 0)),
        (SELECT ${qualified('oc_n.nspname', 'oc.opcname')} FROM pg_opclass oc JOIN pg_namespace oc_n ON oc_n.oid = oc.opcnamespace
         WHERE oc.oid = r.rngsubopc), r.rngcanonical, r.rngsubdiff) FROM pg_range r WHERE r.rngtypid = t.oid) AS range,
     CASE WHEN t.typtype = 'b' THEN concat_ws(', ', t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout,
       t.typanalyze, t.typlen, t.typbyval, t.typalign::text, t.typstorage::text, t.typcategory::text, t.typispreferred,
       t.typdelim::text, t.typsubscript, t.typcollation <> 0) END AS implementation
   FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
   WHERE t.typtype IN ('b', 'c', 'd', 'e', 'p', 'r') AND (t.typrelid = 0 OR c.relkind = 'c')
     AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid) AND ${inDatabase('n', 't.oid')}`,

  `SELECT 'operator' AS type, ${qualified('n.nspname', 'o.oprname')} || '(' || coalesce(format_type(nullif(o.oprleft, 0), NULL), 'NONE') || ', ' ||
       coalesce(format_type(nullif(o.oprright, 0), NULL), 'NONE') || ')' AS name,
     concat_ws(', ', o.oprcode, o.oprcom::regoperator, o.oprnegate::regoperator, o.oprrest, o.oprjoin, o.oprcanhash, o.oprcanmerge,
       o.oprresult::regtype) AS definition, ${role('o.oprowner')} AS owner
   FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE ${inDatabase('n', 'o.oid')} AND o.oprcode <> 0`,

  `SELECT 'cast' AS type, pg_describe_object('pg_cast'::regclass, c.oid, 0) AS name, c.castfunc::regprocedure::text AS function,
     c.castcontext::text AS context, c.castmethod::text AS method FROM pg_cast c WHERE c.oid >= ${FIRST_OID}`,

  `SELECT 'collation' AS type, ${qualified('n.nspname', 'c.collname')} || ' ' || c.collencoding::text AS name,
     (to_jsonb(c) - '{oid,collname,collnamespace,collowner,collversion}'::text[])::text AS definition, ${role('c.collowner')} AS owner
   FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace WHERE ${inDatabase('n', 'c.oid')}`,

  `SELECT 'conversion' AS type, ${qualified('n.nspname', 'c.conname')} AS name, concat_ws(', ', c.conproc, c.condefault,
     pg_encoding_to_char(c.conforencoding), pg_encoding_to_char(c.contoencoding)) AS definition, ${role('c.conowner')} AS owner
   FROM pg_conversion c JOIN pg_namespace n ON n.oid = c.connamespace WHERE ${inDatabase('n', 'c.oid')}`,

  `SELECT 'operator-class' AS type, pg_describe_object('pg_opclass'::regclass, o.oid, 0) AS name,
     concat_ws(', ', pg_describe_object('pg_opfamily'::regclass, o.opcfamily, 0), o.opcintype::regtype, o.opcdefault,
       o.opckeytype::regtype) AS definition, ${role('o.opcowner')} AS owner
   FROM pg_opclass o WHERE o.oid >= ${FIRST_OID}`,

  `SELECT 'operator-family' AS type, pg_describe_object('pg_opfamily'::regclass, o.oid, 0) AS name, ${role('o.opfowner')} AS owner,
     (SELECT string_agg(m.item, '; ' ORDER BY m.item COLLATE "C") FROM (
        SELECT pg_describe_object('pg_amop'::regclass, a.oid, 0) FROM pg_amop a WHERE a.amopfamily = o.oid UNION ALL
        SELECT pg_describe_object('pg_amproc'::regclass, a.oid, 0) FROM pg_amproc a WHERE a.amprocfamily = o.oid) AS m (item)) AS members
   FROM pg_opfamily o WHERE o.oid >= ${FIRST_OID}`,

  `SELECT 'language' AS type, quote_ident(l.lanname) AS name, ${role('l.lanowner')} AS owner, l.lanpltrusted::text AS trusted,
     concat_ws(', ', l.lanplcallfoid::regprocedure, l.laninline::regprocedure, l.lanvalidator::regprocedure) AS functions,
     ${acl('l.lanacl', 'l', 'l.lanowner')} AS acl FROM pg_language l WHERE l.oid >= ${FIRST_OID}`,

  `SELECT 'transform' AS type, pg_describe_object('pg_transform'::regclass, t.oid, 0) AS name,
     concat_ws(', ', t.trffromsql, t.trftosql) AS functions FROM pg_transform t WHERE t.oid >= ${FIRST_OID}`,

  `SELECT 'text-search-configuration' AS type, ${qualified('n.nspname', 'c.cfgname')} AS name, ${role('c.cfgowner')} AS owner,
     pg_describe_object('pg_ts_parser'::regclass, c.cfgparser, 0) AS parser,
     (SELECT string_agg(m.maptokentype || ' ' || m.mapdict::regdictionary, ', ' ORDER BY m.maptokentype, m.mapseqno)
      FROM pg_ts_config_map m WHERE m.mapcfg = c.oid) AS map
   FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace WHERE ${inDatabase('n', 'c.oid')}`,

  `SELECT 'text-search-dictionary' AS type, ${qualified('n.nspname', 'd.dictname')} AS name, ${role('d.dictowner')} AS owner,
     pg_describe_object('pg_ts_template'::regclass, d.dicttemplate, 0) AS template, d.dictinitoption AS options
   FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace WHERE ${inDatabase('n', 'd.oid')}`,

  `SELECT 'text-search-parser' AS type, ${qualified('n.nspname', 'p.prsname')} AS name,
     concat_ws(', ', p.prsstart, p.prstoken, p.prsend, p.prsheadline, p.prslextype) AS functions
   FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace WHERE ${inDatabase('n', 'p.oid')}`,

  `SELECT 'text-search-template' AS type, ${qualified('n.nspname', 't.tmplname')} AS name, concat_ws(', ', t.tmplinit, t.tmpllexize) AS functions
   FROM pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace WHERE ${inDatabase('n', 't.oid')}`,

  `SELECT 'default-acl' AS type, concat_ws(' ', quote_ident(${role('d.defaclrole')}), quote_ident(n.nspname), d.defaclobjtype::text) AS name,
     ${acl('d.defaclacl', undefined, '')} AS acl
   FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace`,

  `SELECT 'comment' AS type, o.type || ' ' || o.identity AS name, c.description AS text
   FROM pg_description c CROSS JOIN LATERAL pg_identify_object(c.classoid, c.objoid, c.objsubid) AS o
   WHERE c.objoid >= ${FIRST_OID} OR (c.classoid = 'pg_namespace'::regclass AND c.objoid = 'public'::regnamespace)`,

  `SELECT 'large-object' AS type, l.oid::text AS name, ${role('l.lomowner')} AS owner, ${acl('l.lomacl', 'L', 'l.lomowner')} AS acl
   FROM pg_largeobject_metadata l`,
];

/** Exact facts of the whole database: name, value. */
export const FACTS = `
SELECT 'encoding', pg_encoding_to_char(d.encoding) FROM pg_database d WHERE d.datname = current_database()
UNION ALL SELECT 'collate', d.datcollate FROM pg_database d WHERE d.datname = current_database()
UNION ALL SELECT 'ctype', d.datctype FROM pg_database d WHERE d.datname = current_database()
UNION ALL SELECT 'large-objects', count(*)::text FROM pg_largeobject_metadata
UNION ALL SELECT 'settings', ${arrayText(
  `ARRAY(SELECT concat_ws(' ', quote_ident(pg_get_userbyid(nullif(s.setrole, 0))), x) FROM pg_db_role_setting s, unnest(s.setconfig) AS x
     WHERE s.setdatabase <> 0 AND s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1)`,
)}`;
