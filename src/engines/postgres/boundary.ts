import { CustodyError } from '../../errors.ts';
import type { Boundary } from '../engine.ts';
import { displayName } from './names.ts';
import { isTreeMap, nameParts, textOf, walkTree, type TreeMap } from './parser.ts';
import { FORBIDDEN_FUNCTIONS } from './roles.ts';
import type { Step } from './script.ts';

/** Statements (nested ones too) that a boundary lets through; what is not named is refused. */
const ALLOWED: Record<Boundary['mode'], ReadonlySet<string>> = {
  'insert-only': new Set(['SelectStmt', 'InsertStmt']),
};

/** Beyond the list that the roles lose: what the server refuses as well, but later and less clearly. */
const FORBIDDEN = new Set([...FORBIDDEN_FUNCTIONS, 'setval', 'pg_reload_conf', 'dblink', 'dblink_exec']);

/**
 * The early message: what the parser can see of a script that the boundary does not allow. Functions and dynamic SQL
 * are the server's to stop (the role's rights) and the session's to notice (session.ts).
 * @param insertable tables that an INSERT may name: the boundary's, and the partitioned tables above them.
 * @throws CustodyError BOUNDARY_VIOLATED, with `path` `statement N`.
 */
export function checkBoundary(
  steps: readonly Step[],
  boundary: Boundary,
  insertable: ReadonlySet<string>,
): void {
  for (const step of steps) {
    const refuse = (what: string): never => {
      throw new CustodyError(
        'BOUNDARY_VIOLATED',
        `line ${step.line}: ${what} is outside of the boundary (${boundary.mode})`,
        {
          hint: 'Change the script, or rehearse this change by other means.',
          path: `statement ${step.number}`,
        },
      );
    };
    walkTree({ [step.kind]: step.body }, (name, node) => {
      if (
        name.endsWith('Stmt') &&
        !name.startsWith('Raw') &&
        !ALLOWED[boundary.mode].has(STATEMENT_FIELDS[name] ?? name)
      ) {
        refuse(name.replace(/Stmt$/, ''));
      }
      if (name === 'intoClause') refuse('SELECT INTO');
      if (name === 'InsertStmt') checkInsert(node, insertable, refuse);
      if (name === 'FuncCall') {
        const parts = nameParts(node['funcname']);
        const called = parts.at(-1) ?? '';
        if (FORBIDDEN.has(called)) refuse(`a call of ${parts.join('.')}`);
      }
    });
  }
}

/** Fields of the tree that are named like a statement but hold a wrapped one. */
const STATEMENT_FIELDS: Readonly<Record<string, string>> = { selectStmt: 'SelectStmt' };

function checkInsert(node: TreeMap, insertable: ReadonlySet<string>, refuse: (what: string) => never): void {
  const conflict = node['onConflictClause'];
  if (isTreeMap(conflict) && conflict['action'] !== 'ONCONFLICT_NOTHING') refuse('ON CONFLICT DO UPDATE');
  const relation = node['relation'];
  if (!isTreeMap(relation) || typeof relation['schemaname'] !== 'string') return; // the role's grants decide
  const table = displayName(relation['schemaname'], textOf(relation['relname']));
  if (!insertable.has(table)) refuse(`INSERT INTO ${table}`);
}
