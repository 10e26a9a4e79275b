import { CustodyError } from '../../../errors.ts';
import { displayName, quoteIdentifier } from '../names.ts';
import { isTreeMap, nameParts, stringOf, walkParseTree, type ParseTree } from './parser.ts';
import type { Refusal } from './refusal.ts';
import { FORBIDDEN_FUNCTIONS } from '../roles.ts';
import type { NumberedStatement } from './script.ts';

export type BoundaryAction = 'insert' | 'update' | 'delete';
export const ACTIONS: readonly BoundaryAction[] = ['insert', 'update', 'delete'];

/** What a script may name as the target of each action, by display names, and whether it may call setval. */
export interface Nameable extends Readonly<Record<BoundaryAction, ReadonlySet<string>>> {
  readonly counters: boolean;
}

/** Statements (nested ones too) that a boundary can let through; what is not named is refused. */
const ALLOWED = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt']);

/** Beyond the list that the roles lose: what the server refuses as well, but later and less clearly. */
const FORBIDDEN = new Set([...FORBIDDEN_FUNCTIONS, 'pg_reload_conf', 'dblink', 'dblink_exec']);

/** Fields of the tree that are named like a statement but hold a wrapped one. */
const STATEMENT_FIELDS: Readonly<Record<string, string>> = { selectStmt: 'SelectStmt' };

/**
 * The early message: what the parser can see of a script that the boundary does not allow, as BOUNDARY_VIOLATED with
 * `path` `statement N`. Functions and dynamic SQL are the server's to stop (the role's rights) and the session's to
 * notice (session-watch.ts).
 */
export function boundaryRefusals(steps: readonly NumberedStatement[], nameable: Nameable): Refusal[] {
  return steps.flatMap((step) =>
    faultsOf(step, nameable).map((fault) => ({
      line: step.line,
      statement: step.number,
      error: new CustodyError('BOUNDARY_VIOLATED', `line ${step.line}: ${fault} is outside of the boundary`, {
        hint: 'Change the script, or allow it in the boundary of the plan where that is possible.',
        path: `statement ${step.number}`,
      }),
    })),
  );
}

/** Each fault once, in the order of the statement's tree. */
function faultsOf(step: NumberedStatement, nameable: Nameable): string[] {
  const faults = new Set<string>();
  const target = (action: BoundaryAction, relation: ParseTree | undefined, what: string): void => {
    const name = targetOf(relation);
    if (!allows(nameable[action], name)) faults.add(`${what} ${name.text}`);
  };
  walkParseTree({ [step.kind]: step.body }, (name, node) => {
    if (name.endsWith('Stmt') && !name.startsWith('Raw') && !ALLOWED.has(STATEMENT_FIELDS[name] ?? name))
      faults.add(name.replace(/Stmt$/, ''));
    const conflict = node['onConflictClause'];
    if (name === 'intoClause') faults.add('SELECT INTO');
    if (name === 'InsertStmt') target('insert', node['relation'], 'INSERT INTO');
    if (name === 'InsertStmt' && isTreeMap(conflict) && conflict['action'] !== 'ONCONFLICT_NOTHING')
      target('update', node['relation'], 'ON CONFLICT DO UPDATE of');
    if (name === 'UpdateStmt') target('update', node['relation'], 'UPDATE');
    if (name === 'DeleteStmt') target('delete', node['relation'], 'DELETE FROM');
    if (name === 'FuncCall') {
      const called = nameParts(node['funcname']);
      const last = called.at(-1) ?? '';
      if (FORBIDDEN.has(last) || (last === 'setval' && !nameable.counters))
        faults.add(`a call of ${called.join('.')}`);
    }
  });
  return [...faults];
}

interface Target {
  /** As it is shown. */
  readonly text: string;
  readonly qualified: boolean;
}

function targetOf(relation: ParseTree | undefined): Target {
  if (!isTreeMap(relation)) return { text: quoteIdentifier(''), qualified: true };
  const name = stringOf(relation['relname']);
  const schema = stringOf(relation['schemaname']);
  return schema === ''
    ? { text: displayName(name), qualified: false }
    : { text: displayName(schema, name), qualified: true };
}

/** A name without a schema may mean a table of any schema: which one it is, the role's grants decide. */
function allows(tables: ReadonlySet<string>, { text, qualified }: Target): boolean {
  return qualified ? tables.has(text) : [...tables].some((table) => table.endsWith(`.${text}`));
}
