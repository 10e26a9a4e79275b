import type { EngineName } from '../objects/snapshots/classes.ts';
import { blockComment, bracketed, dollarQuoted, escapeQuoted, hasEscapes, quoted } from './sql-quotes.ts';

/** Where something begins that is a comment, or hides what looks like one. */
const MARKS = { sqlite: /['"`[]|--|\/\*/g, postgres: /['"$]|--|\/\*/g };
/** Where a line comment ends. */
const LINE_ENDS = { sqlite: /\n/g, postgres: /[\n\r]/g };

/**
 * SQL with its comments blanked, character for character, so that places stay where they are. Comments are what the
 * engine takes for one: PostgreSQL nests block comments, SQLite does not (its lang_comment.html).
 */
export function withoutComments(sql: string, engine: EngineName): string {
  const marks = MARKS[engine];
  const out: string[] = [];
  let from = 0;
  marks.lastIndex = 0;
  for (let mark = marks.exec(sql); mark; mark = marks.exec(sql)) {
    const at = mark.index;
    const end = at + lengthOf(mark[0], sql, at, engine);
    if (mark[0] === '--' || mark[0] === '/*') {
      out.push(sql.slice(from, at), sql.slice(at, end).replace(/[^\n]+/g, blank));
      from = end;
    }
    marks.lastIndex = end;
  }
  out.push(sql.slice(from));
  return out.join('');
}

function lengthOf(mark: string, sql: string, at: number, engine: EngineName): number {
  switch (mark) {
    case '--':
      return lineComment(sql, at, LINE_ENDS[engine]);
    case '/*':
      return blockComment(sql, at, engine === 'postgres');
    case '[':
      return bracketed(sql, at);
    case '$':
      return dollarQuoted(sql, at) || 1;
    case "'":
      return engine === 'postgres' && hasEscapes(sql, at) ? escapeQuoted(sql, at) : quoted(sql, at);
    default:
      return quoted(sql, at);
  }
}

function lineComment(sql: string, at: number, ends: RegExp): number {
  ends.lastIndex = at;
  return (ends.exec(sql)?.index ?? sql.length) - at;
}

function blank(text: string): string {
  return ' '.repeat(text.length);
}
