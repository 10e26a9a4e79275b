import { constants as C, type DatabaseSync } from 'node:sqlite';
import { CustodyError } from '../../../errors.ts';
import type { Boundary } from '../../engine.ts';
import { Guard, reads, type AuthorizerCall } from './authorizer.ts';
import { hasWords, upper } from './tokens.ts';

/** Where AUTOINCREMENT keeps its counters: https://www.sqlite.org/autoinc.html */
export const COUNTERS = 'sqlite_sequence';

/** `compile`: to find out where a refused statement ends; nothing that is compiled then may run. */
type Mode = 'run' | 'split' | 'compile';

/**
 * Allows reading, and what a {@link Boundary} allows, of the main database. Foreign key actions (ON DELETE CASCADE, ON
 * UPDATE SET NULL, …) are asked about like statements of their own, and so is a DELETE without WHERE, which then empties
 * the table without looking at its rows (the truncate optimisation).
 *
 * The authorizer sees tables and columns, no rows. Which rows were written is judged by the captured states; so is what
 * counters were moved to ({@link CounterWatch}: not whose they were).
 */
export class BoundaryGuard extends Guard {
  /** How the statement that is being compiled resolves conflicts: upper case, or null where it does not say. */
  conflict: string | null = null;
  /** `split`: a script's own BEGIN and COMMIT can be seen; SAVEPOINT never. */
  mode: Mode = 'run';
  /** Whether what was compiled since {@link next} writes counters. */
  movesCounters = false;
  readonly boundary: Boundary;
  readonly #schema: Schema;

  constructor(db: DatabaseSync, boundary: Boundary) {
    const schema = new Schema(db);
    const allowed = {
      insert: new Set(boundary.insert.map(upper)),
      update: new Set(boundary.update.map(upper)),
      delete: new Set(boundary.delete.map(upper)),
    };
    const allows = (action: AuthorizerCall): boolean => {
      const [code, a, b, database, trigger] = action;
      // Some pragmas act while they are compiled: https://www.sqlite.org/pragma.html
      if (this.mode === 'compile')
        return code === C.SQLITE_FUNCTION ? reads(action) : code !== C.SQLITE_PRAGMA;
      if (code === C.SQLITE_TRANSACTION)
        return this.mode === 'split' && b === null && (a === 'BEGIN' || a === 'COMMIT');
      const kind = WRITES.get(code);
      if (kind === undefined) return reads(action);
      if (database !== 'main') return false;
      const table = upper(a ?? '');
      if (table.startsWith('SQLITE_')) {
        this.movesCounters ||= movesCounter(action);
        return boundary.counters && movesCounter(action);
      }
      // A view stores nothing: what its INSTEAD OF triggers write is asked about on its own.
      if (schema.views.has(table)) return true;
      // Deletes rows that nobody is asked about, unless the statement itself says what to do about conflicts. Its word
      // does not reach everywhere in triggers: what a DELETE fires follows the trigger's own words again.
      const keeps = trigger === null && this.conflict !== null && this.conflict !== 'REPLACE';
      if (kind !== 'delete' && !keeps && schema.replaces(table, trigger)) return false;
      return allowed[kind].has(table);
    };
    super(db, allows, (table) => !schema.virtual.has(upper(table)));
    this.#schema = schema;
    this.boundary = boundary;
  }

  override refusal(path: string, sql?: string): CustodyError | undefined {
    const { denied } = this;
    const refused = super.refusal(path, sql);
    if (!denied?.widens || denied.action === 'DELETE') return refused;
    const table = upper(denied.table);
    const allowed = this.boundary[denied.action === 'INSERT' ? 'insert' : 'update']
      .map(upper)
      .includes(table);
    if (!allowed || !this.#schema.replaces(table, denied.trigger)) return refused;
    const what = denied.trigger === null ? `the table ${denied.table}` : `the trigger ${denied.trigger}`;
    return new CustodyError(
      'BOUNDARY_VIOLATED',
      `${path}: ${what} replaces rows on conflict, which deletes them without a question`,
      {
        path,
        hint: 'Say in the statement what is to happen: INSERT OR ABORT, UPDATE OR ABORT, ON CONFLICT DO NOTHING.',
      },
    );
  }

  /** Before a statement is compiled to be run. */
  next(conflict: string | null): void {
    this.conflict = conflict;
    this.movesCounters = false;
  }
}

const WRITES = new Map<number, 'insert' | 'update' | 'delete'>([
  [C.SQLITE_INSERT, 'insert'],
  [C.SQLITE_UPDATE, 'update'],
  [C.SQLITE_DELETE, 'delete'],
]);

/**
 * AUTOINCREMENT writes its counter without a question: who is asked is the script. It may set a counter, make one or
 * remove one, never rename one, and no trigger may do it.
 */
function movesCounter([code, a, b, , trigger]: AuthorizerCall): boolean {
  return trigger === null && a === COUNTERS && (code !== C.SQLITE_UPDATE || b === 'seq');
}

/** The counters of tables outside the boundary, which a script with `counters` must leave as they are. */
export class CounterWatch {
  readonly #db: DatabaseSync;
  readonly #tables: ReadonlySet<string>;
  readonly #before: string;

  constructor(db: DatabaseSync, { insert, update, delete: deletes }: Boundary) {
    this.#db = db;
    this.#tables = new Set([...insert, ...update, ...deletes].map(upper));
    this.#before = this.#others();
  }

  get kept(): boolean {
    return this.#others() === this.#before;
  }

  #others(): string {
    if (this.#db.prepare(`SELECT 1 FROM main.sqlite_schema WHERE name = '${COUNTERS}'`).get() === undefined)
      return '';
    const rows = this.#db
      .prepare(`SELECT name, quote(name) || ' ' || quote(seq) AS row FROM main.${COUNTERS}`)
      .all();
    return rows
      .filter(({ name }) => typeof name !== 'string' || !this.#tables.has(upper(name)))
      .map(({ row }) => String(row))
      .sort()
      .join('\n');
  }
}

/** What the guard must know of the schema, which no script may change. Names in upper case. */
class Schema {
  readonly views: ReadonlySet<string>;
  readonly virtual: ReadonlySet<string>;
  readonly #replacingTables: ReadonlySet<string>;
  readonly #replacingTriggers: ReadonlySet<string>;

  constructor(db: DatabaseSync) {
    const rows = db.prepare('SELECT type, name, sql FROM main.sqlite_schema WHERE sql IS NOT NULL').all();
    const named = (type: string, ...phrases: string[][]): Set<string> =>
      new Set(
        rows
          .filter((row) => row['type'] === type)
          .filter(
            ({ sql }) => phrases.length === 0 || phrases.some((words) => hasWords(String(sql), ...words)),
          )
          .map(({ name }) => upper(String(name))),
      );
    this.views = named('view');
    this.virtual = named('table', ['CREATE', 'VIRTUAL', 'TABLE']);
    this.#replacingTables = named('table', ['CONFLICT', 'REPLACE']);
    this.#replacingTriggers = named('trigger', ['REPLACE', 'INTO'], ['OR', 'REPLACE']);
  }

  /** Whether a conflict may delete rows of `table`, as far as the statement does not say otherwise. */
  replaces(table: string, trigger: string | null): boolean {
    if (this.#replacingTables.has(table)) return true;
    return trigger !== null && this.#replacingTriggers.has(upper(trigger));
  }
}
