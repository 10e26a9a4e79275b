import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { CustodyError } from '../../../errors.ts';
import { readOnlyGuard, type Guard } from './authorizer.ts';
import { plainValue, shownValue } from '../../../objects/rows/shown.ts';
import { sqlError } from './sql-error.ts';
import { tokens } from './tokens.ts';

/** Where, for messages: a query has no statements to count. */
const AT = 'query';

/**
 * Runs one read-only statement that gives one row of one column.
 * @returns the value as text that tells its type (spec/REHEARSAL.md, "Rehearsal").
 * @throws CustodyError SQL_SYNTAX, BOUNDARY_VIOLATED before it runs; SQL_FAILED
 */
export function queryOne(db: DatabaseSync, sql: string): string {
  const guard = readOnlyGuard(db);
  try {
    const statement = compile(db, guard, sql);
    statement.setReadBigInts(true);
    statement.setReturnArrays(true);
    let value: unknown;
    let rows = 0;
    try {
      for (const row of statement.iterate()) {
        if (++rows > 1) break;
        value = (row as unknown as unknown[])[0];
      }
    } catch (error) {
      guard.check(AT);
      throw sqlError(error, 'SQL_FAILED', AT);
    }
    if (rows !== 1) throw failed(rows === 0 ? 'no row' : 'more than one row');
    return plainValue(shownValue('sqlite-record', value as null | bigint | number | string | Uint8Array));
  } finally {
    guard.lift();
  }
}

/** What {@link queryOne} would refuse before it runs. */
export function checkOne(db: DatabaseSync, sql: string): CustodyError | undefined {
  const guard = readOnlyGuard(db);
  try {
    compile(db, guard, sql);
    return undefined;
  } catch (error) {
    if (error instanceof CustodyError && REFUSALS.has(error.code)) return error;
    throw error;
  } finally {
    guard.lift();
  }
}

const REFUSALS: ReadonlySet<string> = new Set([
  'SQL_SYNTAX',
  'SQL_FAILED',
  'BOUNDARY_VIOLATED',
  'TRANSACTION_CONTROL',
]);

function compile(db: DatabaseSync, guard: Guard, sql: string): StatementSync {
  let statement: StatementSync;
  try {
    statement = db.prepare(sql);
  } catch (error) {
    guard.check(AT);
    throw sqlError(error, 'SQL_SYNTAX', AT);
  }
  if (tokens(sql, statement.sourceSQL.length).next().done !== true) throw failed('more than one statement');
  if (statement.expandedSQL !== statement.sourceSQL) throw failed('a parameter, which nothing would bind');
  if (statement.columns().length !== 1) throw failed(`${statement.columns().length} columns, not one`);
  return statement;
}

function failed(what: string): CustodyError {
  return new CustodyError('SQL_FAILED', `the query gives ${what}`, {
    path: AT,
    hint: 'Write one SELECT that gives one row with one column.',
  });
}
