import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { CustodyError } from '../../../errors.ts';
import type { Boundary } from '../../engine.ts';
import type { BoundaryGuard } from './boundary-guard.ts';
import { sqlError } from './sql-error.ts';
import { tokens, type Token } from './tokens.ts';

/** One statement of a script. `at` says where, for messages: `statement 3`, counted as written, from 1. */
export interface ScriptStatement {
  readonly at: string;
  readonly sql: string;
  /** First word, upper case. */
  readonly verb: string;
  /** `INSERT OR x`, `UPDATE OR x`: x, upper case; null where it does not say. */
  readonly conflict: string | null;
}

const BEGIN = new Set(['BEGIN']);
const COMMIT = new Set(['COMMIT', 'END']);

/** Refusals of one script that are collected; what comes after them is not looked at. */
const MAX_REFUSALS = 1_000;

export interface Split {
  /** What is to run, without the script's own outermost BEGIN and COMMIT. */
  readonly statements: readonly ScriptStatement[];
  /** SQL_SYNTAX, TRANSACTION_CONTROL, BOUNDARY_VIOLATED, at most one a statement, with `path` `statement N`. */
  readonly refusals: readonly CustodyError[];
}

type Judged = ScriptStatement & { readonly refusal: CustodyError | undefined };

/**
 * Splits a script into its statements and collects, before anything runs, whatever the boundary does not allow.
 *
 * SQLite itself decides where a statement ends: each is prepared, and `sourceSQL` is exactly its text. That all of them
 * can be prepared before the first one runs is because none may change the schema; a script with DDL cannot be split
 * this way (an INSERT into a table that an earlier statement creates does not compile yet).
 */
export function splitScript(db: DatabaseSync, guard: BoundaryGuard, text: string): Split {
  const nul = text.indexOf('\0');
  if (nul >= 0)
    return { statements: [], refusals: [syntax(`the script holds a NUL character at ${nul}`, 'script')] };
  const words = firstWords(guard.boundary);
  const judged: Judged[] = [];
  let refused = 0;
  let offset = 0;
  while (refused < MAX_REFUSALS) {
    const head = firstToken(text, offset);
    if (head === undefined) break;
    if (head.kind === 'semicolon') {
      offset = head.end;
      continue;
    }
    const at = `statement ${judged.length + 1}`;
    const next = prepareNext(db, guard, text, offset, at);
    const conflict = conflictOf(next.sql.slice(Math.max(0, head.start - offset)));
    const statement = { at, sql: next.sql, verb: head.text, conflict };
    const refusal = next.refusal ?? judge(statement, words);
    if (refusal !== undefined) refused++;
    judged.push({ ...statement, refusal });
    offset += next.sql.length;
  }
  return takeOver(judged, refused === MAX_REFUSALS);
}

/**
 * Prepares the statement at `offset`. The text up to the next semicolon is tried first, only so that a long script is not
 * handed over whole for each of its statements; where that fails, the whole rest decides.
 * @returns its exact text; where it does not compile, the text up to where the next one is looked for.
 */
function prepareNext(
  db: DatabaseSync,
  guard: BoundaryGuard,
  text: string,
  offset: number,
  at: string,
): { sql: string; refusal?: CustodyError } {
  const end = nextSemicolon(text, offset);
  const candidates = [...new Set([end, text.length])].map((to) => text.slice(offset, to));
  guard.mode = 'split';
  try {
    for (const candidate of candidates) {
      guard.conflict = conflictOf(candidate);
      let statement: StatementSync;
      try {
        statement = db.prepare(candidate);
      } catch (error) {
        const denied = guard.refusal(at, candidate);
        if (denied !== undefined)
          return { sql: extent(db, guard, candidates) ?? text.slice(offset, end), refusal: denied };
        if (offset + candidate.length < text.length) continue;
        const failed = sqlError(error, 'SQL_SYNTAX', at);
        if (failed.code !== 'SQL_SYNTAX') throw failed;
        return { sql: text.slice(offset, end), refusal: failed };
      }
      const sql = textOf(statement, candidate, at);
      // A parameter that nobody binds is NULL, silently.
      if (statement.expandedSQL === sql) return { sql };
      return { sql, refusal: syntax(`${at} has parameters, which nothing would bind`, at) };
    }
  } finally {
    guard.mode = 'run';
    guard.conflict = null;
  }
  throw new CustodyError('INTERNAL', `${at}: cannot be split`);
}

/** The text of a refused statement, compiled without a boundary, and never run. */
function extent(db: DatabaseSync, guard: BoundaryGuard, candidates: readonly string[]): string | undefined {
  guard.mode = 'compile';
  for (const candidate of candidates) {
    try {
      return textOf(db.prepare(candidate), candidate, 'a refused statement');
    } catch {
      guard.refusal('');
    }
  }
  return undefined;
}

function textOf(statement: StatementSync, candidate: string, at: string): string {
  const sql = statement.sourceSQL;
  if (sql !== '' && candidate.startsWith(sql)) return sql;
  throw new CustodyError('INTERNAL', `${at}: cannot be split`);
}

/** A positive list: the authorizer is not asked about VACUUM, nor about REINDEX where there is nothing to rebuild. */
function firstWords({ update, delete: deletes, counters }: Boundary): ReadonlySet<string> {
  const words = new Set(['INSERT', 'WITH', 'SELECT', 'VALUES']);
  if (counters || update.length > 0) words.add('UPDATE');
  if (counters || deletes.length > 0) words.add('DELETE');
  return words;
}

/** What is no transaction control must be one of the few statements that a boundary knows. */
function judge(
  { at, verb, conflict }: ScriptStatement,
  words: ReadonlySet<string>,
): CustodyError | undefined {
  if (BEGIN.has(verb) || COMMIT.has(verb)) return undefined;
  if (!words.has(verb) && verb !== 'REPLACE') {
    return new CustodyError('BOUNDARY_VIOLATED', `${at}: ${verb} is outside the boundary`, {
      path: at,
      hint: `Here a statement begins with ${[...words].join(', ')}.`,
    });
  }
  if (conflict !== 'REPLACE' && verb !== 'REPLACE') return undefined;
  return new CustodyError(
    'BOUNDARY_VIOLATED',
    `${at}: REPLACE deletes rows without a question, which is outside every boundary`,
    { path: at, hint: 'Use INSERT … ON CONFLICT DO NOTHING or DO UPDATE, or DELETE first.' },
  );
}

/** @param cut whether the rest of the script was not looked at. */
function takeOver(judged: readonly Judged[], cut: boolean): Split {
  const last = judged.length - 1;
  const control = ({ verb }: ScriptStatement): boolean => BEGIN.has(verb) || COMMIT.has(verb);
  // A ROLLBACK in the place of COMMIT was refused already; the BEGIN is not to blame.
  const ends = (verb: string): boolean => COMMIT.has(verb) || verb === 'ROLLBACK' || cut;
  const owns = last > 0 && BEGIN.has(judged[0]!.verb) && ends(judged[last]!.verb);
  const kept = owns ? judged.slice(1, last) : judged;
  const refusals: CustodyError[] = [];
  for (const statement of judged) {
    const { refusal } = statement;
    if (refusal !== undefined) refusals.push(refusal);
    else if (control(statement) && kept.includes(statement)) refusals.push(controls(statement));
  }
  if (kept.length === 0 && refusals.length === 0)
    refusals.push(syntax('the script holds no statement', 'script'));
  return { statements: kept, refusals };
}

function controls({ at, verb }: ScriptStatement): CustodyError {
  return new CustodyError(
    'TRANSACTION_CONTROL',
    `${at}: ${verb} is refused: the runner owns the transaction`,
    { path: at, hint: 'Keep BEGIN as the first and COMMIT as the last statement, both or neither.' },
  );
}

/** The word after the first `INSERT OR` or `UPDATE OR`; a REPLACE INTO anywhere counts as REPLACE. */
export function conflictOf(sql: string): string | null {
  let found: string | null = null;
  const before: string[] = [];
  for (const token of tokens(sql)) {
    const word = token.kind === 'word' ? token.text : '';
    const [second, first] = [before.at(-1), before.at(-2)];
    if (word === 'INTO' && second === 'REPLACE') return 'REPLACE';
    if ((first === 'INSERT' || first === 'UPDATE') && second === 'OR') found ??= word;
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
    hint: 'Correct the script: statements of SQL, with their values written out.',
  });
}
