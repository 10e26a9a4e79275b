import { tokens, upper, type Token } from '../../engines/sqlite/tokens.ts';
import type { Table } from '../../objects/snapshot-diff.ts';
import type { Reference, SchemaObject, TableInfo } from './model.ts';

/**
 * Reads what a restore script must know out of the texts in `sqlite_schema`. SQLite has accepted each of them, so this
 * only looks for what is there: columns, foreign keys, unique sets, generated columns, AUTOINCREMENT.
 */
export function describeSqlite(
  schema: readonly SchemaObject[],
  tables: readonly Table[],
): ReadonlyMap<string, TableInfo> {
  const texts = new Map(
    schema.filter(({ type }) => type === 'table').map((object) => [object.name, pair(object, 'sql')]),
  );
  const parsed = new Map(tables.map((table) => [table.name, parseTable(texts.get(table.name) ?? '')]));
  const byName = new Map(tables.map((table) => [upper(table.name), table]));
  return new Map(
    tables.map((table) => {
      const { columns, uniques, references, counted, collated } = parsed.get(table.name)!;
      const of = (type: string): SchemaObject[] =>
        schema.filter((o) => o.type === type && upper(pair(o, 'table')) === upper(table.name));
      const indexes = of('index').flatMap((object) => uniqueIndex(pair(object, 'sql')));
      const generated = columns
        .filter((column) => column.generated)
        .map((column) => indexOf(table, column.name));
      const info: TableInfo = {
        table,
        generated: new Set(generated),
        identity: new Set(),
        references: references.flatMap((reference) => resolve(reference, table, byName)),
        uniques: [...uniques, ...indexes]
          .map((names) => names.map((name) => indexOf(table, name)))
          .filter((indices) => !indices.includes(-1)),
        rowid: freeRowid([...table.columns, ...columns].map(({ name }) => name)),
        counted,
        collated,
        fires: of('trigger').map(({ name }) => name),
      };
      return [table.name, info];
    }),
  );
}

interface Parsed {
  readonly columns: { readonly name: string; readonly generated: boolean }[];
  readonly uniques: string[][];
  readonly references: { readonly columns: string[]; readonly table: string; readonly targets: string[] }[];
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
      const generated = flat(rest).some((token, i, list) => isWord('AS')(token) && list[i + 1]?.text === '(');
      out.columns.push({ name, generated });
      readConstraints(sql, rest, name, out);
    }
  }
  return out;
}

/** PRIMARY KEY, UNIQUE and REFERENCES of one item; `column` is whose item it is, undefined for a table constraint. */
function readConstraints(sql: string, item: readonly Token[], column: string | undefined, out: Parsed): void {
  let own = column === undefined ? [] : [column];
  for (let i = 0; i < item.length; i++) {
    const token = item[i]!;
    if (token.text === '(') i += inside(item, i).length + 1;
    else if (isWord('UNIQUE')(token) || (isWord('PRIMARY')(token) && isWord('KEY')(item[i + 1]))) {
      const at = i + (token.text === 'UNIQUE' ? 1 : 2);
      const names = column !== undefined ? own : listed(sql, item, at);
      if (names) out.uniques.push(names);
    } else if (isWord('FOREIGN')(token)) own = listed(sql, item, i + 2) ?? [];
    else if (isWord('REFERENCES')(token) && item[i + 1] !== undefined) {
      const targets = listed(sql, item, i + 2) ?? [];
      out.references.push({ columns: own, table: nameOf(sql, item[i + 1]!), targets });
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

/** Columns of a unique index. A partial one counts as if it were whole: that only orders more than needed. */
function uniqueIndex(sql: string): string[][] {
  const all = [...tokens(sql)];
  if (!isWord('UNIQUE')(all[1])) return [];
  const open = all.findIndex(({ text }) => text === '(');
  const names = open < 0 ? undefined : listed(sql, all, open);
  return names ? [names] : [];
}

function resolve(
  { columns, table: to, targets }: Parsed['references'][number],
  table: Table,
  byName: ReadonlyMap<string, Table>,
): Reference[] {
  const parent = byName.get(upper(to));
  if (!parent) return [];
  const names = targets.length > 0 ? targets : parent.key.columns;
  const from = columns.map((name) => indexOf(table, name));
  const at = names.map((name) => indexOf(parent, name));
  if (from.length === 0 || from.length !== at.length || from.includes(-1) || at.includes(-1)) return [];
  return [{ columns: from, table: parent.name, targets: at }];
}

function freeRowid(names: readonly string[]): string | undefined {
  const taken = new Set(names.map(upper));
  return ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(upper(name)));
}

function indexOf(table: Table, name: string): number {
  return table.columns.findIndex((column) => upper(column.name) === upper(name));
}

function pair({ pairs }: SchemaObject, name: string): string {
  return pairs.find(([key]) => key === name)?.[1] ?? '';
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
  const text = sql.slice(token.start, token.end);
  const quote = text.charAt(0);
  if (quote === '[') return text.slice(1, -1);
  if (quote === '"' || quote === '`' || quote === "'")
    return text.slice(1, -1).replaceAll(quote + quote, quote);
  return text;
}
