import { tokens, type Token } from '../script/tokens.ts';

/** What a CREATE TABLE says, as far as a restore script needs it. */
export interface Parsed {
  readonly columns: {
    readonly name: string;
    readonly notNull: boolean;
    /** Of a generated column; undefined for others. */
    readonly expression: readonly Token[] | undefined;
  }[];
  readonly uniques: string[][];
  readonly references: {
    readonly columns: string[];
    readonly table: string;
    readonly targets: string[];
    readonly acts: boolean;
  }[];
  readonly checks: (readonly Token[])[];
  readonly counted: boolean;
  readonly collated: boolean;
}

const TABLE_CONSTRAINTS = new Set(['CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN']);

/** @param sql the text of a CREATE TABLE statement, or '' where there is none. */
export function parseTable(sql: string): Parsed {
  const all = [...tokens(sql)];
  const out: Parsed = {
    columns: [],
    uniques: [],
    references: [],
    checks: [],
    counted: all.some(isWord('AUTOINCREMENT')),
    collated: all.some(isWord('COLLATE')),
  };
  const open = all.findIndex(({ text }) => text === '(');
  if (open < 0) return out;
  for (const item of split(inside(all, open))) {
    const first = item[0];
    if (first === undefined) continue;
    if (first.kind === 'word' && TABLE_CONSTRAINTS.has(first.text))
      readConstraints(sql, item, undefined, out);
    else {
      const name = nameOf(sql, first);
      const rest = item.slice(1);
      // `AS (` stands at depth 0 of a definition for a generated column alone.
      const top = flat(rest);
      const as = top.find((token, i) => isWord('AS')(token) && top[i + 1]?.text === '(');
      out.columns.push({
        name,
        notNull: top.some((token, i) => isWord('NOT')(token) && isWord('NULL')(top[i + 1])),
        expression: as && inside(rest, rest.indexOf(as) + 1),
      });
      readConstraints(sql, rest, name, out);
    }
  }
  return out;
}

/** PRIMARY KEY, UNIQUE, CHECK and REFERENCES of one item; `column` is whose item it is, undefined for a table constraint. */
function readConstraints(sql: string, item: readonly Token[], column: string | undefined, out: Parsed): void {
  let own = column === undefined ? [] : [column];
  for (let i = 0; i < item.length; i++) {
    const token = item[i]!;
    if (token.text === '(') i += inside(item, i).length + 1;
    else if (isWord('UNIQUE')(token) || (isWord('PRIMARY')(token) && isWord('KEY')(item[i + 1]))) {
      const at = i + (token.text === 'UNIQUE' ? 1 : 2);
      const names = column !== undefined ? own : listed(sql, item, at);
      if (names) out.uniques.push(names);
    } else if (isWord('CHECK')(token) && item[i + 1]?.text === '(') out.checks.push(inside(item, i + 1));
    else if (isWord('FOREIGN')(token)) own = listed(sql, item, i + 2) ?? [];
    else if (isWord('REFERENCES')(token) && item[i + 1] !== undefined) {
      const targets = listed(sql, item, i + 2) ?? [];
      out.references.push({
        columns: own,
        table: nameOf(sql, item[i + 1]!),
        targets,
        acts: onUpdate(item, i),
      });
    }
  }
}

/** Names in the parentheses that open at `at`; undefined where there are none, or where one is an expression. */
function listed(sql: string, list: readonly Token[], at: number): string[] | undefined {
  if (list[at]?.text !== '(') return undefined;
  const names: string[] = [];
  for (const part of split(inside(list, at))) {
    const [first, second] = part;
    const plain = second === undefined || ['COLLATE', 'ASC', 'DESC'].includes(second.text);
    if (first === undefined || first.text === '(' || !plain) return undefined;
    names.push(nameOf(sql, first));
  }
  return names;
}

/** Whether the foreign key whose REFERENCES stands at `at` does anything else ON UPDATE than NO ACTION. */
function onUpdate(item: readonly Token[], at: number): boolean {
  for (let i = at + 1; i < item.length && !isWord('REFERENCES')(item[i]); i++)
    if (isWord('ON')(item[i]) && isWord('UPDATE')(item[i + 1])) return !isWord('NO')(item[i + 2]);
  return false;
}

/** What a CREATE INDEX says. */
export function parseIndex(sql: string): {
  readonly unique: boolean;
  /** Undefined where one of them is an expression. */
  readonly names: readonly string[] | undefined;
  readonly list: readonly Token[];
  /** Behind WHERE. */
  readonly where: readonly Token[];
} {
  const all = [...tokens(sql)];
  const open = all.findIndex(({ text }) => text === '(');
  if (open < 0) return { unique: false, names: [], list: [], where: [] };
  const list = inside(all, open);
  return {
    unique: isWord('UNIQUE')(all[1]),
    names: listed(sql, all, open),
    list,
    where: all.slice(open + list.length + 3),
  };
}

const isWord =
  (word: string) =>
  (token: Token | undefined): boolean =>
    token?.kind === 'word' && token.text === word;

/** The tokens between the parenthesis at `open` and the one that closes it. */
function inside(list: readonly Token[], open: number): Token[] {
  let depth = 0;
  for (let i = open; i < list.length; i++) {
    if (list[i]!.text === '(') depth++;
    else if (list[i]!.text === ')' && --depth === 0) return list.slice(open + 1, i);
  }
  return list.slice(open + 1);
}

/** Without what stands inside parentheses; the parentheses stay. */
function flat(list: readonly Token[]): Token[] {
  let depth = 0;
  return list.filter(({ text }) => {
    if (text === ')') depth--;
    const keep = depth === 0;
    if (text === '(') depth++;
    return keep;
  });
}

function split(list: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of list) {
    if (token.text === '(') depth++;
    else if (token.text === ')') depth--;
    if (token.text === ',' && depth === 0) parts.push([]);
    else parts.at(-1)!.push(token);
  }
  return parts;
}

/** A name as SQLite stores it: words as they are written, quoted names without their quotes. */
function nameOf(sql: string, token: Token): string {
  return unquoted(sql.slice(token.start, token.end));
}

export function unquoted(text: string): string {
  const quote = text.charAt(0);
  if (quote === '[') return text.slice(1, -1);
  if (quote === '"' || quote === '`' || quote === "'")
    return text.slice(1, -1).replaceAll(quote + quote, quote);
  return text;
}
