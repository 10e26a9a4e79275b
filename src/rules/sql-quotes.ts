/**
 * What hides in SQL, measured from where it opens: strings, names, dollar quotes, comments. An unclosed one reaches to
 * the end, as engines read it. Not one expression for the whole of a string: `(?:[^']|'')*` overflows the stack on a
 * literal of some MiB.
 */

/** The length of a string or a quoted name whose quote stands at `at`; a doubled quote does not end it. */
export function quoted(text: string, at: number): number {
  const quote = text.charAt(at);
  for (let end = text.indexOf(quote, at + 1); end >= 0; end = text.indexOf(quote, end + 2))
    if (text.charAt(end + 1) !== quote) return end + 1 - at;
  return text.length - at;
}

const ESCAPE = /['\\]/g;

/** The length of PostgreSQL's `E'…'` from its quote on: a backslash takes the next character with it. */
export function escapeQuoted(text: string, at: number): number {
  ESCAPE.lastIndex = at + 1;
  for (let mark = ESCAPE.exec(text); mark; mark = ESCAPE.exec(text)) {
    const next = mark.index + 1;
    if (mark[0] === '\\' || text.charAt(next) === "'") ESCAPE.lastIndex = next + 1;
    else return next - at;
  }
  return text.length - at;
}

/** Whether the quote at `at` opens a string with escapes: an `E` before it that ends no name. */
export function hasEscapes(text: string, at: number): boolean {
  return /(?:^|[^\w$\u0080-\uffff])[eE]$/.test(text.slice(Math.max(0, at - 2), at));
}

const DOLLAR = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;

/** The length of PostgreSQL's `$tag$…$tag$`; 0 where the dollar at `at` opens none: `a$b$` is a name. */
export function dollarQuoted(text: string, at: number): number {
  if (at > 0 && /[\w$\u0080-\uffff]/.test(text.charAt(at - 1))) return 0;
  DOLLAR.lastIndex = at;
  const tag = DOLLAR.exec(text)?.[0];
  return tag === undefined ? 0 : throughNext(text, at + tag.length, tag) - at;
}

/** The length of `[…]`, a name of SQLite. */
export function bracketed(text: string, at: number): number {
  return throughNext(text, at, ']') - at;
}

const BLOCK = /\/\*|\*\//g;

/** The length of a comment that opens at `at`. @param nests in PostgreSQL comments do, in SQLite they do not. */
export function blockComment(text: string, at: number, nests: boolean): number {
  if (!nests) return throughNext(text, at + 2, '*/') - at;
  BLOCK.lastIndex = at;
  let depth = 0;
  for (let mark = BLOCK.exec(text); mark; mark = BLOCK.exec(text)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return BLOCK.lastIndex - at;
  }
  return text.length - at;
}

/** The place behind the next `end` from `from` on, or the text's end. */
function throughNext(text: string, from: number, end: string): number {
  const at = text.indexOf(end, from);
  return at < 0 ? text.length : at + end.length;
}
