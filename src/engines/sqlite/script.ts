import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { CustodyError } from '../../errors.ts';
import type { InsertGuard } from './authorizer.ts';
import { sqlError } from './sql-error.ts';
import { tokens, type Token } from './tokens.ts';

/** One statement of a script. `at` says where, for messages: `statement 3`, counted as written, from 1. */
export interface Statement {
  readonly at: string;
  readonly sql: string;
  /** First word, upper case. */
  readonly verb: string;
  /** `INSERT OR x`: x, upper case; null where it does not say. */
  readonly conflict: string | null;
}

const BEGIN = new Set(['BEGIN']);
const COMMIT = new Set(['COMMIT', 'END']);
/** A positive list: the authorizer is not asked about VACUUM, nor about REINDEX where there is nothing to rebuild. */
const RUNS = new Set(['INSERT', 'WITH', 'SELECT', 'VALUES']);

/**
 * Splits a script into its statements and refuses, before anything runs, whatever the boundary does not allow.
 *
 * SQLite itself decides where a statement ends: each is prepared, and `sourceSQL` is exactly its text. That all of them
 * can be prepared before the first one runs is because none may change the schema; a script with DDL cannot be split
 * this way (an INSERT into a table that an earlier statement creates does not compile yet).
 *
 * @returns the statements to run, without the script's own outermost BEGIN and COMMIT.
 * @throws CustodyError SQL_SYNTAX, TRANSACTION_CONTROL, BOUNDARY_VIOLATED, with `path` `statement N`.
 */
export function splitScript(db: DatabaseSync, guard: InsertGuard, text: string): Statement[] {
  const nul = text.indexOf('\0');
  if (nul >= 0) throw syntax(`the script holds a NUL character at ${nul}`, 'script');
  const statements: Statement[] = [];
  let offset = 0;
  for (;;) {
    const head = firstToken(text, offset);
    if (head === undefined) break;
    if (head.kind === 'semicolon') {
      offset = head.end;
      continue;
    }
    const at = `statement ${statements.length + 1}`;
    const sql = prepareNext(db, guard, text, offset, at);
    const start = Math.max(0, head.start - offset);
    statements.push(judge({ at, sql, verb: head.text, conflict: conflictOf(sql.slice(start)) }));
    offset += sql.length;
  }
  return takeOver(statements);
}

/**
 * Prepares the statement at `offset` and returns its exact text. The text up to the next semicolon is tried first, only
 * so that a long script is not handed over whole for each of its statements; where that fails, the whole rest decides.
 */
function prepareNext(db: DatabaseSync, guard: InsertGuard, text: string, offset: number, at: string): string {
  const end = nextSemicolon(text, offset);
  guard.transactions = true;
  try {
    for (const candidate of end < text.length
      ? [text.slice(offset, end), text.slice(offset)]
      : [text.slice(offset)]) {
      guard.conflict = conflictOf(candidate);
      let statement: StatementSync;
      try {
        statement = db.prepare(candidate);
      } catch (error) {
        guard.check(at);
        if (offset + candidate.length < text.length) continue;
        throw sqlError(error, 'SQL_SYNTAX', at);
      }
      const sql = statement.sourceSQL;
      if (sql === '' || !candidate.startsWith(sql))
        throw new CustodyError('INTERNAL', `${at}: cannot be split`);
      // A parameter that nobody binds is NULL, silently.
      if (statement.expandedSQL !== sql) throw syntax(`${at} has parameters, which nothing would bind`, at);
      return sql;
    }
  } finally {
    guard.transactions = false;
    guard.conflict = null;
  }
  throw new CustodyError('INTERNAL', `${at}: cannot be split`);
}

/** What is no transaction control must be one of the few statements that insert-only knows. */
function judge(statement: Statement): Statement {
  const { at, verb, conflict } = statement;
  if (BEGIN.has(verb) || COMMIT.has(verb)) return statement;
  if (!RUNS.has(verb) && verb !== 'REPLACE') {
    throw new CustodyError('BOUNDARY_VIOLATED', `${at}: ${verb} is outside the boundary`, {
      path: at,
      hint: 'An insert-only script holds INSERT and SELECT statements.',
    });
  }
  if (conflict === 'REPLACE' || verb === 'REPLACE') {
    throw new CustodyError(
      'BOUNDARY_VIOLATED',
      `${at}: REPLACE deletes rows, which is outside the boundary`,
      {
        path: at,
        hint: 'Use INSERT, or INSERT … ON CONFLICT DO NOTHING.',
      },
    );
  }
  return statement;
}

function takeOver(statements: Statement[]): Statement[] {
  const last = statements.length - 1;
  const owns = last > 0 && BEGIN.has(statements[0]!.verb) && COMMIT.has(statements[last]!.verb);
  const kept = owns ? statements.slice(1, last) : statements;
  const control = kept.find(({ verb }) => BEGIN.has(verb) || COMMIT.has(verb));
  if (control !== undefined) {
    throw new CustodyError(
      'TRANSACTION_CONTROL',
      `${control.at}: ${control.verb} is refused: the runner owns the transaction`,
      {
        path: control.at,
        hint: 'Keep at most one BEGIN as the first and one COMMIT as the last statement.',
      },
    );
  }
  if (kept.length === 0) throw syntax('the script holds no statement', 'script');
  return kept;
}

/** The word after the first `INSERT OR`; a REPLACE INTO anywhere counts as REPLACE. */
export function conflictOf(sql: string): string | null {
  let found: string | null = null;
  const before: string[] = [];
  for (const token of tokens(sql)) {
    const word = token.kind === 'word' ? token.text : '';
    const [second, first] = [before.at(-1), before.at(-2)];
    if (word === 'INTO' && second === 'REPLACE') return 'REPLACE';
    if (first === 'INSERT' && second === 'OR') found ??= word;
    if (token.kind === 'semicolon') break;
    before.push(word);
    if (before.length > 2) before.shift();
  }
  return found;
}

function firstToken(text: string, from: number): Token | undefined {
  for (const token of tokens(text, from)) return token;
  return undefined;
}

function nextSemicolon(text: string, from: number): number {
  for (const token of tokens(text, from)) if (token.kind === 'semicolon') return token.end;
  return text.length;
}

function syntax(message: string, path: string): CustodyError {
  return new CustodyError('SQL_SYNTAX', message, {
    path,
    hint: 'Correct the script; write values out instead of parameters.',
  });
}
