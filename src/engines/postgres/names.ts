/**
 * Names as plans, snapshots and diffs show them: `public.posts`, `public."Odd name"`. Quoted only where a plain SQL name
 * would not do; reserved words are left plain (their list differs between versions, a name's spelling must not).
 */
export function displayName(...parts: readonly string[]): string {
  return parts.map((part) => (/^[a-z_][a-z0-9_]*$/.test(part) ? part : quoteIdentifier(part))).join('.');
}

/** {@link displayName} of one part, as an SQL expression. */
export function displaySql(expression: string): string {
  return `CASE WHEN ${expression} ~ '^[a-z_][a-z0-9_]*$' THEN ${expression} ELSE '"' || replace(${expression}, '"', '""') || '"' END`;
}

/** For SQL text: always quoted, so that no name is ever read as anything else. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteLiteral(text: string): string {
  return `${text.includes('\\') ? 'E' : ''}'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
