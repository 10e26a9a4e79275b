import { constants as C, type DatabaseSync } from 'node:sqlite';
import { CustodyError } from '../../errors.ts';
import { hasWords, upper } from './tokens.ts';

/**
 * SQLite's authorizer (https://www.sqlite.org/c3ref/set_authorizer.html) as the boundary: it is asked for every action
 * while a statement is compiled, those of triggers too. Whatever is not allowed here is denied.
 *
 * What it does not see, and what is done about it: VACUUM and REINDEX without an index (script.ts allows only a few first
 * words) · the rows that REPLACE deletes (refused by words, {@link Boundary}) · how many rows a trigger's SELECT reads.
 */
export interface Denial {
  readonly action: string;
  /** Transaction control and not a matter of what is written. */
  readonly transaction: boolean;
  readonly subject: string;
  readonly trigger: string | null;
}

type Action = readonly [
  code: number,
  a: string | null,
  b: string | null,
  database: string | null,
  trigger: string | null,
];

const NAMES = new Map<number, string>(
  Object.entries(C)
    .filter(([name]) => !/^SQLITE_(CHANGESET_|OK$|DENY$|IGNORE$|COPY$)/.test(name))
    .map(([name, code]) => [code, name.slice('SQLITE_'.length)]),
);

/** Functions that reach outside the database or hand out pointers; most are not compiled in at all. */
const FUNCTIONS =
  /^(load_extension|fts3_tokenizer|readfile|writefile|edit|lsdir|fsdir|zipfile|sqlite_rename_.*|sqlar_.*)$/i;

/** Pragmas that only read, and only where they have no argument, or one that names what to look at. */
const READ_PRAGMAS =
  /^(user_version|application_id|encoding|schema_version|page_count|page_size|freelist_count|foreign_keys|compile_options|database_list|collation_list|function_list|table_list)$/;
const READ_PRAGMAS_OF =
  /^(table_list|table_info|table_xinfo|index_list|index_info|index_xinfo|foreign_key_list|foreign_key_check|integrity_check|quick_check)$/;

function reads([code, , b]: Action): boolean {
  switch (code) {
    case C.SQLITE_SELECT:
    case C.SQLITE_READ:
    case C.SQLITE_RECURSIVE:
      return true;
    case C.SQLITE_FUNCTION:
      return !FUNCTIONS.test(b ?? '');
    default:
      return false;
  }
}

/** Arms a connection and remembers the last thing it denied. */
export class Guard {
  denied: Denial | undefined;
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync, allows: (action: Action) => boolean) {
    this.#db = db;
    db.setAuthorizer((...action) => {
      if (allows(action)) return C.SQLITE_OK;
      this.denied ??= describe(action);
      return C.SQLITE_DENY;
    });
  }

  /** @throws CustodyError TRANSACTION_CONTROL or BOUNDARY_VIOLATED when something was denied since the last call. */
  check(path: string): void {
    const denied = this.denied;
    if (denied === undefined) return;
    this.denied = undefined;
    const trigger = denied.trigger === null ? '' : ` by trigger ${denied.trigger}`;
    const what = `${path}: ${denied.action}${denied.subject === '' ? '' : ` ${denied.subject}`}${trigger}`;
    if (denied.transaction) {
      throw new CustodyError('TRANSACTION_CONTROL', `${what} is refused: the runner owns the transaction`, {
        path,
        hint: 'Keep at most one BEGIN as the first and one COMMIT as the last statement.',
      });
    }
    throw new CustodyError('BOUNDARY_VIOLATED', `${what} is outside the boundary`, {
      path,
      hint: 'Insert only into tables that the plan names, or widen the plan and have it reviewed.',
    });
  }

  lift(): void {
    this.#db.setAuthorizer(null);
  }
}

function describe([code, a, b, , trigger]: Action): Denial {
  const transaction = code === C.SQLITE_TRANSACTION || code === C.SQLITE_SAVEPOINT;
  const subject = [a, b].filter((part) => part !== null && part !== '').join(' ');
  return { action: NAMES.get(code) ?? `action ${code}`, transaction, subject, trigger };
}

/** Allows reading and nothing else, with the pragmas that only report. */
export function readOnlyGuard(db: DatabaseSync): Guard {
  return new Guard(db, (action) => {
    const [code, a, b] = action;
    if (code !== C.SQLITE_PRAGMA) return reads(action);
    const name = (a ?? '').toLowerCase();
    return (b === null && READ_PRAGMAS.test(name)) || READ_PRAGMAS_OF.test(name);
  });
}

/** Allows reading, and inserting into `tables` of the main database. */
export class InsertGuard extends Guard {
  /** How the statement that is being compiled resolves conflicts: upper case, or null where it does not say. */
  conflict: string | null = null;
  /** While a script is split, so that its own BEGIN and COMMIT can be seen; SAVEPOINT never. */
  transactions = false;

  constructor(db: DatabaseSync, tables: readonly string[]) {
    const schema = db.prepare('SELECT type, name, sql FROM main.sqlite_schema WHERE sql IS NOT NULL').all();
    const named = (type: string, ...words: string[]): Set<string> =>
      new Set(
        schema
          .filter(
            (row) => row['type'] === type && (words.length === 0 || hasWords(String(row['sql']), ...words)),
          )
          .map((row) => upper(String(row['name']))),
      );
    const allowed = new Set(tables.map(upper));
    const views = named('view');
    const replacingTables = named('table', 'CONFLICT', 'REPLACE');
    const replacingTriggers = named('trigger', 'REPLACE', 'INTO');
    super(db, (action) => {
      const [code, a, b, database, trigger] = action;
      if (code === C.SQLITE_TRANSACTION)
        return this.transactions && b === null && (a === 'BEGIN' || a === 'COMMIT');
      if (code !== C.SQLITE_INSERT) return reads(action);
      const table = upper(a ?? '');
      // sqlite_sequence is written by AUTOINCREMENT without a question; an INSERT that is asked about is the script's.
      if (database !== 'main' || table.startsWith('SQLITE_')) return false;
      // A view stores nothing: what its INSTEAD OF triggers write is asked about on its own.
      if (views.has(table)) return true;
      // Deletes rows that nobody is asked about, unless the statement itself says what to do about conflicts.
      const keeps = this.conflict !== null && this.conflict !== 'REPLACE';
      if (replacingTables.has(table) && !keeps) return false;
      if (trigger !== null && replacingTriggers.has(upper(trigger)) && !keeps) return false;
      return allowed.has(table);
    });
  }
}
