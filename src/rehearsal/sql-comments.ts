/** Strings and names in quotes, and where a line comment ends. Unclosed ones reach to the end, as engines read them. */
const SQLITE = /'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$)|--[^\n]*/y;
const POSTGRES =
  /[eE]'(?:[^'\\]|\\[^]|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|--[^\n\r]*|(\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)[^]*?(?:\1|$)/y;

/**
 * SQL with its comments blanked, character for character, so that places stay where they are. Comments are what the
 * engine takes for one: PostgreSQL nests block comments, SQLite does not (its lang_comment.html).
 */
export function withoutComments(sql: string, engine: 'sqlite' | 'postgres'): string {
  const quoted = engine === 'sqlite' ? SQLITE : POSTGRES;
  const out: string[] = [];
  let from = 0;
  for (let at = 0; at < sql.length;) {
    const length = sql.startsWith('/*', at) ? blockLength(sql, at, engine === 'postgres') : 0;
    const hidden = length > 0 ? undefined : matchAt(quoted, sql, at, engine);
    const end = at + (length || (hidden?.length ?? 1));
    if (length > 0 || hidden?.startsWith('--')) {
      out.push(sql.slice(from, at), sql.slice(at, end).replace(/[^\n]/g, ' '));
      from = end;
    }
    at = end;
  }
  out.push(sql.slice(from));
  return out.join('');
}

function matchAt(
  pattern: RegExp,
  sql: string,
  at: number,
  engine: 'sqlite' | 'postgres',
): string | undefined {
  // `a$b$` is a name of PostgreSQL, and `nameE'x'` no escape string.
  if (
    engine === 'postgres' &&
    at > 0 &&
    /[eE$]/.test(sql.charAt(at)) &&
    /[\w$\u0080-\uffff]/.test(sql.charAt(at - 1))
  )
    return undefined;
  pattern.lastIndex = at;
  return pattern.exec(sql)?.[0];
}

function blockLength(sql: string, at: number, nests: boolean): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = at + 2;
  let depth = 1;
  for (let mark = marks.exec(sql); mark; mark = marks.exec(sql)) {
    if (mark[0] === '*/') depth--;
    else if (nests) depth++;
    if (depth === 0) return marks.lastIndex - at;
  }
  return sql.length - at;
}
