import { upper, type Token } from '../script/tokens.ts';
import type { Table } from '../../../objects/snapshots/diff.ts';
import {
  clauseOf,
  indexClauses,
  temporaryColumns,
  uniqueOf,
  type Clause,
  type Word,
} from '../../restore/mentions.ts';
import type { Reference, SchemaObject, TableInfo, Unique } from '../../restore/model.ts';
import { parseIndex, parseTable, unquoted, type Parsed } from './parse.ts';

/**
 * Reads what a restore script must know out of the texts in `sqlite_schema`. SQLite has accepted each of them, so this
 * only looks for what is there: columns, foreign keys, unique sets, generated columns, what looks at values, AUTOINCREMENT.
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
      const { columns, uniques, counted, collated, checks } = parsed.get(table.name)!;
      const of = (type: string): SchemaObject[] =>
        schema.filter((o) => o.type === type && upper(pair(o, 'table')) === upper(table.name));
      const generated = new Set(
        columns.filter((column) => column.expression).map((column) => indexOf(table, column.name)),
      );
      const references = parsed
        .get(table.name)!
        .references.flatMap((reference) => resolve(reference, table, byName));
      // Of a column that is generated when read the snapshot has no values: those that it is made of stand for it.
      const expressionOf = (name: string): Clause[] => {
        const { expression } = columns.find((column) => upper(column.name) === upper(name)) ?? {};
        return expression ? [clause(expression, table)] : [];
      };
      const uniqueOn = (names: readonly string[]): Unique => {
        const at = names.map((name) => indexOf(table, name));
        const virtual = names.filter((_, i) => at[i] === -1).flatMap(expressionOf);
        return uniqueOf(
          at.filter((i) => i >= 0),
          virtual.map((made) => ({ ...made, strict: false })),
        );
      };
      const indexes = of('index').map((object) => readIndex(pair(object, 'sql'), table, uniqueOn));
      const notNull = columns.filter((column) => column.notNull).map((column) => indexOf(table, column.name));
      const info: TableInfo = {
        table,
        generated,
        identity: new Set(),
        references,
        uniques: [...uniques.map(uniqueOn), ...indexes.flatMap(({ unique }) => unique ?? [])].filter(
          (unique) => unique.columns.length > 0,
        ),
        ...temporaryColumns(table, {
          generated,
          notNull: new Set(notNull),
          references,
          clauses: [
            ...checks.map((tokens) => clause(tokens, table)),
            // What a generated column holds may be unique, or what a CHECK looks at.
            ...columns.flatMap(({ name }) => expressionOf(name).map((made) => ({ ...made, strict: false }))),
            ...indexes.flatMap(({ clauses }) => clauses),
          ],
        }),
        rowid: freeRowid([...table.columns, ...columns].map(({ name }) => name)),
        counted,
        collated,
        fires: of('trigger').map(({ name }) => name),
      };
      return [table.name, info];
    }),
  );
}

/** What an index keeps unique, if it does, and the texts in it that look at a row. */
function readIndex(
  sql: string,
  table: Table,
  uniqueOn: (names: readonly string[]) => Unique,
): { unique: Unique | undefined; clauses: Clause[] } {
  const index = parseIndex(sql);
  const expressions = index.names ? [] : [clause(index.list, table, 'index')];
  const named = uniqueOn(index.names ?? []);
  return {
    unique: index.unique ? uniqueOf(named.columns, expressions, named.nullsMeet) : undefined,
    clauses: indexClauses(index.unique, named.columns, expressions, clause(index.where, table)),
  };
}

function clause(list: readonly Token[], table: Table, use?: 'index'): Clause {
  const words = list.flatMap(({ kind, text }, i): Word[] => {
    const called = list[i + 1]?.text === '(';
    if (kind === 'word') return [{ name: text, quoted: false, called }];
    return /^["`[]/.test(text) ? [{ name: unquoted(text), quoted: true, called }] : [];
  });
  return clauseOf(words, (name) => indexOf(table, name), use);
}

function resolve(
  { columns, table: to, targets, acts }: Parsed['references'][number],
  table: Table,
  byName: ReadonlyMap<string, Table>,
): Reference[] {
  const parent = byName.get(upper(to));
  if (!parent) return [];
  const names = targets.length > 0 ? targets : parent.key.columns;
  const from = columns.map((name) => indexOf(table, name));
  const at = names.map((name) => indexOf(parent, name));
  if (from.length === 0 || from.length !== at.length || from.includes(-1) || at.includes(-1)) return [];
  return [{ columns: from, table: parent.name, targets: at, acts }];
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
