import { constants as C, type DatabaseSync } from 'node:sqlite';
import { CustodyError } from '../../../errors.ts';

/**
 * SQLite's authorizer (https://www.sqlite.org/c3ref/set_authorizer.html) as the boundary: it is asked for every action
 * while a statement is compiled, those of triggers too. Whatever is not allowed here is denied.
 *
 * What it does not see, and what is done about it: VACUUM and REINDEX without an index (script.ts allows only a few first
 * words) · the rows that REPLACE deletes (boundary-guard.ts refuses by words) · which rows of a table are meant · how many
 * rows a trigger's SELECT reads.
 */
export interface Denial {
  readonly action: string;
  /** Transaction control and not a matter of what is written. */
  readonly transaction: boolean;
  /** A plan could allow it: rows of a table. */
  readonly widens: boolean;
  readonly subject: string;
  readonly table: string;
  readonly trigger: string | null;
}

export type AuthorizerCall = readonly [
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

/** CREATE, ALTER and DROP are asked about as writes of these. */
const SCHEMA_TABLES = /^sqlite_(temp_)?(master|schema)$/i;

/**
 * Pragmas that only read, and only where they have no argument, or one that names what to look at. FTS5 asks for
 * `data_version` whenever its index is read.
 */
const READ_PRAGMAS =
  /^(user_version|application_id|encoding|schema_version|data_version|page_count|page_size|freelist_count|foreign_keys|compile_options|database_list|collation_list|function_list|table_list)$/;
const READ_PRAGMAS_OF =
  /^(table_list|table_info|table_xinfo|index_list|index_info|index_xinfo|foreign_key_list|foreign_key_check|integrity_check|quick_check)$/;

/** Whether an action only reads. */
export function reads([code, , b]: AuthorizerCall): boolean {
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

  /** @param holdsRows whether a plan could name this table. */
  constructor(
    db: DatabaseSync,
    allows: (action: AuthorizerCall) => boolean,
    holdsRows: (table: string) => boolean = () => true,
  ) {
    this.#db = db;
    db.setAuthorizer((...action) => {
      if (allows(action)) return C.SQLITE_OK;
      this.denied ??= describe(action, holdsRows);
      return C.SQLITE_DENY;
    });
  }

  /**
   * What was denied since the last call, as the error to refuse with: TRANSACTION_CONTROL or BOUNDARY_VIOLATED.
   * @param sql the statement: of a table that it does not name a foreign key is the reason, where no trigger is.
   */
  refusal(path: string, sql?: string): CustodyError | undefined {
    const denied = this.denied;
    this.denied = undefined;
    if (denied === undefined) return undefined;
    const subject = denied.subject === '' ? '' : ` ${denied.subject}`;
    const action = SCHEMA_TABLES.test(denied.table) ? 'a change of the schema' : denied.action + subject;
    const what = `${path}: ${action}${cause(denied, sql)}`;
    if (denied.transaction) {
      return new CustodyError('TRANSACTION_CONTROL', `${what} is refused: the runner owns the transaction`, {
        path,
        hint: 'Keep BEGIN as the first and COMMIT as the last statement, both or neither.',
      });
    }
    return new CustodyError('BOUNDARY_VIOLATED', `${what} is outside the boundary`, {
      path,
      hint: denied.widens
        ? 'Write only what the plan allows, or widen the plan, with a reason, and have it reviewed.'
        : 'No plan can allow this: a script inserts, updates and deletes rows of ordinary tables, and changes no schema.',
    });
  }

  /** @throws CustodyError what {@link refusal} gives. */
  check(path: string): void {
    const refusal = this.refusal(path);
    if (refusal !== undefined) throw refusal;
  }

  lift(): void {
    this.#db.setAuthorizer(null);
  }
}

function cause({ widens, table, trigger }: Denial, sql: string | undefined): string {
  if (trigger !== null) return ` by trigger ${trigger}`;
  const named = sql === undefined || sql.toLowerCase().includes(table.toLowerCase());
  return widens && !named ? " by a foreign key's action" : '';
}

function describe([code, a, b, , trigger]: AuthorizerCall, holdsRows: (table: string) => boolean): Denial {
  const transaction = code === C.SQLITE_TRANSACTION || code === C.SQLITE_SAVEPOINT;
  const subject = [a, b].filter((part) => part !== null && part !== '').join(' ');
  const rows = code === C.SQLITE_INSERT || code === C.SQLITE_UPDATE || code === C.SQLITE_DELETE;
  const table = a ?? '';
  const widens = rows && !/^sqlite_/i.test(table) && holdsRows(table);
  return { action: NAMES.get(code) ?? `action ${code}`, transaction, widens, subject, table, trigger };
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
