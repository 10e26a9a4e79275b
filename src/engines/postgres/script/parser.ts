import { CustodyError } from '../../../errors.ts';

/** A node of PostgreSQL's parse tree as libpg-query prints it: `{InsertStmt: {relation: …}}`. */
export type ParseTree =
  null | boolean | number | string | readonly ParseTree[] | { readonly [name: string]: ParseTree };
export type TreeMap = Readonly<Record<string, ParseTree>>;

export interface ParsedStatement {
  /** `InsertStmt`, `SelectStmt`, … */
  readonly kind: string;
  readonly body: TreeMap;
  /** The statement's own text, without the semicolon. */
  readonly text: string;
  /** Line of its first character, from 1. */
  readonly line: number;
}

/**
 * Parses with PostgreSQL's own grammar (libpg-query, version 18). Positions in its answer are byte offsets.
 * @throws CustodyError SQL_SYNTAX, with `path` `line N`; what is the parser's own fault passes as it is.
 */
export async function parseSql(sql: string): Promise<ParsedStatement[]> {
  const { hasSqlDetails, parse } = await import('libpg-query');
  if (sql.includes('\0')) throw new CustodyError('SQL_SYNTAX', 'the SQL holds a NUL byte');
  let result: { readonly stmts?: readonly RawStatement[] };
  try {
    result = sql.trim() === '' ? {} : ((await parse(sql)) as unknown as typeof result);
  } catch (cause) {
    // An expression of some 10,000 levels is more than the parser's stack holds, and than the server's.
    if (cause instanceof RangeError)
      throw new CustodyError('SQL_SYNTAX', 'the SQL is nested too deeply, or too long, to be read', {
        cause,
      });
    if (!hasSqlDetails(cause)) throw cause;
    const { message, sqlDetails } = cause;
    const line = countLines(
      Buffer.from(
        Array.from(sql)
          .slice(0, sqlDetails?.cursorPosition ?? 0)
          .join(''),
      ),
    );
    throw new CustodyError('SQL_SYNTAX', `line ${line}: ${message}`, { cause, path: `line ${line}` });
  }
  const bytes = Buffer.from(sql);
  return (result.stmts ?? []).map(({ stmt, stmt_location: from = 0, stmt_len: length }) => {
    const to = length === undefined || length === 0 ? bytes.length : from + length;
    const [kind, body] = Object.entries(stmt)[0] ?? ['', {}];
    const start = from + leadingBlank(bytes.toString('utf8', from, to));
    return {
      kind,
      body,
      text: bytes.toString('utf8', start, to),
      line: countLines(bytes.subarray(0, start)),
    };
  });
}

interface RawStatement {
  readonly stmt: Readonly<Record<string, TreeMap>>;
  readonly stmt_location?: number;
  readonly stmt_len?: number;
}

/** Calls `visit` for every named node below `tree`, outermost first: (`FuncCall`, its fields). */
export function walkParseTree(tree: ParseTree, visit: (name: string, node: TreeMap) => void): void {
  if (tree === null || typeof tree !== 'object') return;
  if (Array.isArray(tree)) {
    for (const item of tree as readonly ParseTree[]) walkParseTree(item, visit);
    return;
  }
  for (const [name, node] of Object.entries(tree as TreeMap)) {
    if (isTreeMap(node)) visit(name, node);
    walkParseTree(node, visit);
  }
}

export function isTreeMap(tree: ParseTree | undefined): tree is TreeMap {
  return typeof tree === 'object' && tree !== null && !Array.isArray(tree);
}

/** A field that holds text; '' where it is absent or something else. */
export function stringOf(tree: ParseTree | undefined): string {
  return typeof tree === 'string' ? tree : '';
}

/** Parts of a name in a list of String nodes, as in `FuncCall.funcname`. */
export function nameParts(list: ParseTree | undefined): string[] {
  if (!Array.isArray(list)) return [];
  return (list as readonly ParseTree[]).map((item) => {
    const text = isTreeMap(item) && isTreeMap(item['String']) ? item['String']['sval'] : undefined;
    return typeof text === 'string' ? text : '';
  });
}

/** Bytes of white space and comments before the statement's first token. */
function leadingBlank(text: string): number {
  const rest = /^(?:\s+|--[^\n]*(?:\n|$))*/.exec(text)?.[0] ?? '';
  return Buffer.byteLength(rest);
}

function countLines(bytes: Buffer): number {
  let lines = 1;
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) lines++;
  return lines;
}
