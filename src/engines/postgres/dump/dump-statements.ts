import { CustodyError } from '../../../errors.ts';
import {
  isTreeMap,
  nameParts,
  stringOf,
  walkParseTree,
  type ParsedStatement,
  type ParseTree,
} from '../script/parser.ts';
import { OWNER } from '../roles.ts';

/**
 * What a plain dump may hold: what pg_dump writes. A dump is loaded by a role whose rights end at the new database, as its
 * functions run while it loads (CHECK constraints, defaults, indexes); what pg_dump would not write is refused besides.
 */
const ALLOWED = new Set([
  'AlterCollationStmt',
  'AlterDefaultPrivilegesStmt',
  'AlterDomainStmt',
  'AlterEnumStmt',
  'AlterFunctionStmt',
  'AlterObjectDependsStmt',
  'AlterObjectSchemaStmt',
  'AlterOpFamilyStmt',
  'AlterOperatorStmt',
  'AlterOwnerStmt',
  'AlterSeqStmt',
  'AlterStatsStmt',
  'AlterTSConfigurationStmt',
  'AlterTSDictionaryStmt',
  'AlterTableStmt',
  'AlterTypeStmt',
  'CommentStmt',
  'CompositeTypeStmt',
  'CopyStmt',
  'CreateCastStmt',
  'CreateConversionStmt',
  'CreateDomainStmt',
  'CreateEnumStmt',
  'CreateExtensionStmt',
  'CreateFunctionStmt',
  'CreateOpClassStmt',
  'CreateOpFamilyStmt',
  'CreatePolicyStmt',
  'CreateRangeStmt',
  'CreateSchemaStmt',
  'CreateSeqStmt',
  'CreateStatsStmt',
  'CreateStmt',
  'CreateTableAsStmt',
  'CreateTransformStmt',
  'CreateTrigStmt',
  'DefineStmt',
  'DropStmt',
  'GrantStmt',
  'IndexStmt',
  'InsertStmt',
  'RefreshMatViewStmt',
  'RuleStmt',
  'SelectStmt',
  'TransactionStmt',
  'VariableSetStmt',
  'ViewStmt',
]);

/** Functions that pg_dump calls by itself: settings, sequences, large objects. */
const ALLOWED_FUNCTIONS = new Set([
  'set_config',
  'setval',
  'lo_create',
  'lo_open',
  'lowrite',
  'lo_close',
  'lo_unlink',
]);

/** Extensions that reach other servers, files or programs. */
const FORBIDDEN_EXTENSION =
  /^(dblink|postgres_fdw|file_fdw|adminpack|pg_cron|pg_background|.*_fdw|pl(perl|python\d?|tcl)u)$/;

/**
 * Predefined roles that a dump may name; the others could make a function of its own reach files and programs. Ours is in
 * dumps that were made of a clone.
 */
const HARMLESS_ROLES = new Set([
  OWNER,
  'pg_database_owner',
  'pg_read_all_data',
  'pg_monitor',
  'pg_read_all_settings',
  'pg_read_all_stats',
]);

const SHARED_OBJECTS = new Set([
  'OBJECT_DATABASE',
  'OBJECT_TABLESPACE',
  'OBJECT_LANGUAGE',
  'OBJECT_EVENT_TRIGGER',
]);

/** @throws CustodyError DATABASE_UNSUPPORTED for a statement that pg_dump would not write or that we cannot prove. */
export function checkDumpStatement({ kind, body }: ParsedStatement, path: string): void {
  const refuse = (what: string): never => {
    throw new CustodyError('DATABASE_UNSUPPORTED', `${path}: the dump holds ${what}`, {
      hint: 'Make the dump with pg_dump (plain format), leaving that object out.',
      path,
    });
  };
  if (!ALLOWED.has(kind)) refuse(`a ${kind.replace(/Stmt$/, '')} statement, which is not loaded`);
  if (kind === 'SelectStmt' || kind === 'InsertStmt') checkCalls(body, refuse);
  if (kind === 'SelectStmt' && body['intoClause'] !== undefined) refuse('a SELECT INTO');
  if (kind === 'CreateTableAsStmt') {
    if (body['objtype'] !== 'OBJECT_MATVIEW') refuse('a CREATE TABLE AS');
    // pg_dump writes WITH NO DATA, and the REFRESH runs the query as the view's owner.
    const into = body['into'];
    if (!isTreeMap(into) || into['skipData'] !== true) checkCalls(body, refuse);
  }
  if (kind === 'AlterOwnerStmt' && SHARED_OBJECTS.has(stringOf(body['objectType'])))
    refuse('a new owner of something outside of the database');
  if (
    kind === 'CopyStmt' &&
    (body['is_from'] !== true || body['filename'] !== undefined || body['query'] !== undefined)
  ) {
    refuse('a COPY that is not FROM stdin');
  }
  if (kind === 'VariableSetStmt') checkSetting(body, refuse);
  if (kind === 'CreateExtensionStmt' && FORBIDDEN_EXTENSION.test(stringOf(body['extname']))) {
    refuse(`the extension ${stringOf(body['extname'])}, which reaches beyond the database`);
  }
  walkParseTree({ [kind]: body }, (name) => {
    if (name === 'DoStmt' || name === 'CallStmt') refuse('code that runs while it loads');
  });
}

/** What is evaluated at once calls only what pg_dump calls. */
function checkCalls(body: ParsedStatement['body'], refuse: (what: string) => never): void {
  walkParseTree(body, (name, node) => {
    if (name !== 'FuncCall') return;
    const parts = nameParts(node['funcname']);
    if (parts.length > 1 && parts[0] !== 'pg_catalog') refuse(`a call of ${parts.join('.')} while it loads`);
    if (!ALLOWED_FUNCTIONS.has(parts.at(-1) ?? '')) refuse(`a call of ${parts.join('.')} while it loads`);
  });
}

function checkSetting(body: ParsedStatement['body'], refuse: (what: string) => never): void {
  const name = body['name'];
  if (name === 'session_authorization' || name === 'role')
    refuse(`SET ${name} (made with --use-set-session-authorization)`);
  const [value] = Array.isArray(body['args']) ? (body['args'] as readonly ParsedStatement['body'][]) : [];
  const text = JSON.stringify(value ?? '').toLowerCase();
  if (name === 'client_encoding' && !/utf-?8/.test(text)) refuse('text that is not UTF-8 (client_encoding)');
  if (name === 'standard_conforming_strings' && /"off"|"false"|"0"/.test(text))
    refuse('old string literals (standard_conforming_strings off)');
}

/** Names of roles in the statement, owners and grantees alike. @throws CustodyError DATABASE_UNSUPPORTED for ours and dangerous ones. */
export function rolesNamed({ kind, body }: ParsedStatement, path: string): string[] {
  const found = new Set<string>();
  const visit = (node: ParsedStatement['body']): void => {
    if (typeof node['rolename'] === 'string') found.add(node['rolename']);
  };
  walkParseTree({ [kind]: body }, (_name, node) => visit(node));
  for (const role of found) {
    if (/^(custody|pg)_/.test(role) && !HARMLESS_ROLES.has(role)) {
      throw new CustodyError('DATABASE_UNSUPPORTED', `${path}: the dump names the role ${role}`, {
        hint: 'Give the object to another role before dumping.',
        path,
      });
    }
  }
  return [...found].filter((role) => !HARMLESS_ROLES.has(role));
}

/** Whether data follows the statement. */
export function isCopyFromStdin({ kind, body }: ParsedStatement): boolean {
  return kind === 'CopyStmt' && isTreeMap(body['relation']);
}

/**
 * Whether the cluster's superuser runs the statement: it evaluates nothing of the dump, and a lesser role may not run it.
 * That is a new owner, named, of something in a schema of the dump (a lesser role could give it only to roles that may
 * create in that schema), and an extension's comment (the server's own extensions belong to the superuser). An object
 * without its schema, or in one of the server's, is never meant: whoever owns pg_catalog's objects rules the server.
 */
export function needsSuperuser({ kind, body }: ParsedStatement): boolean {
  switch (kind) {
    case 'CommentStmt':
      return body['objtype'] === 'OBJECT_EXTENSION';
    case 'AlterOwnerStmt':
      return isNamedRole(body['newowner']) && isOfDump(objectName(body));
    case 'AlterTableStmt': {
      const { cmds, relation } = body;
      if (!Array.isArray(cmds) || cmds.length !== 1 || !isTreeMap(relation)) return false;
      const command = (cmds as readonly ParseTree[])[0];
      const only = isTreeMap(command) ? command['AlterTableCmd'] : undefined;
      if (!isTreeMap(only) || only['subtype'] !== 'AT_ChangeOwner' || !isNamedRole(only['newowner']))
        return false;
      return (
        relation['catalogname'] === undefined &&
        isOfDump([stringOf(relation['schemaname']), stringOf(relation['relname'])])
      );
    }
    default:
      return false;
  }
}

/** Parts of the name of what ALTER … OWNER means; an access method before it (operator classes and families) is left out. */
function objectName(body: ParsedStatement['body']): string[] {
  const object = body['object'];
  if (!isTreeMap(object)) return [];
  if (isTreeMap(object['ObjectWithArgs'])) return nameParts(object['ObjectWithArgs']['objname']);
  if (!isTreeMap(object['List'])) return [];
  const parts = nameParts(object['List']['items']);
  return /^OBJECT_OP(CLASS|FAMILY)$/.test(stringOf(body['objectType'])) ? parts.slice(1) : parts;
}

function isOfDump(parts: readonly string[]): boolean {
  const [schema = ''] = parts;
  return parts.length === 2 && schema !== '' && !/^(pg_.*|information_schema)$/s.test(schema);
}

/** CURRENT_USER and the like would be somebody else in another session. */
function isNamedRole(role: ParseTree | undefined): boolean {
  return isTreeMap(role) && role['roletype'] === 'ROLESPEC_CSTRING';
}
