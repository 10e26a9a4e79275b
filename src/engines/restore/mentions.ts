import type { Table } from '../../objects/snapshots/diff.ts';
import type { TableInfo, Unique } from './model.ts';

/** A text of the schema that looks at a row: of a CHECK, a generated column, an index over expressions or with WHERE. */
export interface Clause {
  /** Columns that it names. */
  readonly columns: readonly number[];
  /** NULL in one of them cannot make it false, nor make two rows equal. */
  readonly strict: boolean;
}

/**
 * With these alone a text is strict: NULL makes what it stands in unknown, never false where it was true, and a CHECK takes
 * unknown (three-valued logic is monotone). COALESCE, IS, CASE and whatever is not known here may say anything of NULL.
 */
const STRICT = new Set(
  (
    'CHECK AND OR NOT IN BETWEEN LIKE ILIKE GLOB REGEXP ESCAPE ANY ALL ARRAY TRUE FALSE COLLATE BINARY NOCASE RTRIM LTRIM TRIM BTRIM ' +
    'LENGTH CHAR_LENGTH OCTET_LENGTH ABS LOWER UPPER SUBSTR SUBSTRING ROUND TEXT CHARACTER VARYING SMALLINT INTEGER BIGINT NUMERIC DATE'
  ).split(' '),
);

/** Of these the value may be known although an operand is not: enough for a CHECK, not for an index. */
const CONNECTIVES = new Set(['AND', 'OR', 'IN', 'BETWEEN', 'ANY', 'ALL']);

/** A word or a name of a clause; `called` where a parenthesis follows: a function, whatever columns are called. */
export interface Word {
  readonly name: string;
  readonly quoted: boolean;
  readonly called: boolean;
}

/**
 * @param words the words of the text, without literals.
 * @param use an index must be unknown itself where NULL comes in; a CHECK must not become false.
 */
export function clauseOf(
  words: Iterable<Word>,
  columnNamed: (name: string) => number,
  use: 'check' | 'index' = 'check',
): Clause {
  const columns = new Set<number>();
  let strict = true;
  for (const { name, quoted, called } of words) {
    const at = called ? -1 : columnNamed(name);
    if (at >= 0) columns.add(at);
    else if (quoted || !STRICT.has(name.toUpperCase())) strict = false;
    else if (use === 'index' && CONNECTIVES.has(name.toUpperCase())) strict = false;
  }
  return { columns: [...columns], strict };
}

/** What of the schema a temporary value of a column must suit. */
export interface Limits {
  readonly generated: ReadonlySet<number>;
  readonly notNull: ReadonlySet<number>;
  /** Columns of the table's own foreign keys: NULL refers to nothing, another value to something. */
  readonly references: TableInfo['references'];
  readonly clauses: readonly Clause[];
}

/** The columns in which NULL, or any unused value, may stand for a moment. Keys tell the row: they stay. */
export function temporaryColumns(table: Table, limits: Limits): Pick<TableInfo, 'nullable' | 'free'> {
  const key = new Set(table.key.columns);
  const open = table.columns.flatMap(({ name }, i) => (key.has(name) || limits.generated.has(i) ? [] : [i]));
  const without = (...taken: readonly (readonly number[])[]): Set<number> => {
    const all = new Set(taken.flat());
    return new Set(open.filter((i) => !all.has(i)));
  };
  const named = (strict: boolean): number[] =>
    limits.clauses.flatMap((clause) => (strict || !clause.strict ? clause.columns : []));
  return {
    nullable: without([...limits.notNull], named(false)),
    free: without(named(true), ...limits.references.map(({ columns }) => columns)),
  };
}

/** A unique set of plain columns and what is named by its expressions: those cannot say whether NULLs meet. */
export function uniqueOf(
  columns: readonly number[],
  expressions: readonly Clause[],
  nullsMeet = false,
): Unique {
  return {
    columns: [...new Set([...columns, ...expressions.flatMap((clause) => clause.columns)])],
    nullsMeet: nullsMeet || expressions.some(({ strict }) => !strict),
  };
}

/**
 * What an index has that may mind a temporary value: its expressions, and its WHERE, which may let a row in through another
 * column than those that are unknown with NULL, to meet one that was there. Without UNIQUE it meets nothing.
 */
export function indexClauses(
  unique: boolean,
  named: readonly number[],
  expressions: readonly Clause[],
  where: Clause,
): Clause[] {
  const own = [...named, ...expressions.flatMap(({ columns, strict }) => (strict ? columns : []))];
  const predicate = { columns: where.columns.filter((i) => !unique || !own.includes(i)), strict: false };
  return [...expressions, predicate].map((clause) => (unique ? clause : { ...clause, strict: true }));
}
