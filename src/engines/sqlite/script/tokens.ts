import { blockComment, bracketed, quoted } from '../../../rules/sql-quotes.ts';

/**
 * SQLite's lexical rules (https://www.sqlite.org/draft/tokenreq.html), as far as a boundary needs them: words, where
 * statements may end, and nothing inside comments, strings and quoted names. It only ever refuses or proposes: where a
 * statement ends is decided by SQLite itself (script.ts).
 */
export interface Token {
  readonly kind: 'word' | 'semicolon' | 'other';
  /** Words in upper case (ASCII only); the text itself for the rest. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const SPACE = /[ \t\n\f\r\ufeff]+/y;
const LINE_COMMENT = /--[^\n]*/y;
const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const NUMBER = /[0-9][A-Za-z0-9_.]*/y;

/** Tokens of `sql` from `from` on, without white space and comments. */
export function* tokens(sql: string, from = 0): Generator<Token> {
  let at = from;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(sql)?.[0];
  };
  while (at < sql.length) {
    const skipped =
      (match(SPACE) ?? match(LINE_COMMENT))?.length ??
      (sql.startsWith('/*', at) ? blockComment(sql, at, false) : 0);
    if (skipped > 0) {
      at += skipped;
      continue;
    }
    const start = at;
    const literal = literalAt(sql, at) ?? match(NUMBER);
    const word = literal === undefined ? match(WORD) : undefined;
    const text = literal ?? word ?? sql.charAt(at);
    at += text.length;
    if (word !== undefined) yield { kind: 'word', text: upper(word), start, end: at };
    else yield { kind: text === ';' ? 'semicolon' : 'other', text, start, end: at };
  }
}

/** A string, a blob or a quoted name. */
function literalAt(sql: string, at: number): string | undefined {
  const char = sql.charAt(at);
  if (char === '[') return sql.slice(at, at + bracketed(sql, at));
  const prefix = (char === 'x' || char === 'X') && sql.charAt(at + 1) === "'" ? 1 : 0;
  return prefix > 0 || char === "'" || char === '"' || char === '`'
    ? sql.slice(at, at + prefix + quoted(sql, at + prefix))
    : undefined;
}

/** Whether these words stand side by side in `sql`, comments aside: `hasWords(sql, 'REPLACE', 'INTO')`. */
export function hasWords(sql: string, ...words: readonly string[]): boolean {
  let found = 0;
  for (const token of tokens(sql)) {
    if (token.kind !== 'word') found = 0;
    else if (token.text === words[found]) found++;
    else found = token.text === words[0] ? 1 : 0;
    if (found === words.length) return true;
  }
  return false;
}

/** Upper case of ASCII letters alone, which is how SQLite compares keywords and names. */
export function upper(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}
