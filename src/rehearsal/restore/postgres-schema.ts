import { displayName } from '../../engines/postgres/names.ts';
import type { Table } from '../../objects/snapshot-diff.ts';
import type { Reference, SchemaObject, TableInfo } from './model.ts';

/**
 * Reads what a restore script must know out of the definitions that PostgreSQL printed (`pg_get_constraintdef`,
 * `pg_get_indexdef`, and the columns as the capture writes them).
 */
export function describePostgres(
  schema: readonly SchemaObject[],
  tables: readonly Table[],
): ReadonlyMap<string, TableInfo> {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const infos = new Map<string, Draft>(
    tables.map((table) => [
      table.name,
      { table, columns: new Map(), references: [], uniques: [], fires: [] },
    ]),
  );
  for (const object of schema) {
    const definition = pair(object, 'definition');
    if (object.type === 'table') {
      const draft = infos.get(object.name);
      for (const [name, text] of object.pairs)
        if (name.startsWith('column ')) draft?.columns.set(parseName(name.slice(7))[0] ?? '', text);
    } else if (object.type === 'constraint' && pair(object, 'kind') === 'f') {
      const draft = infos.get(ownerOf(object.name));
      if (draft) draft.references.push(...foreignKey(definition, draft.table, byName));
    } else if (object.type === 'index' && definition.startsWith('CREATE UNIQUE INDEX ')) {
      const draft = infos.get(pair(object, 'relation'));
      if (draft) draft.uniques.push(...uniqueIndex(definition, draft.table));
    } else if (object.type === 'trigger' || object.type === 'rule') {
      infos.get(ownerOf(object.name))?.fires.push(object.name);
    }
  }
  return new Map([...infos].map(([name, draft]) => [name, infoOf(draft)]));
}

interface Draft {
  readonly table: Table;
  /** Name of a column to what the capture says of it. */
  readonly columns: Map<string, string>;
  readonly references: Reference[];
  readonly uniques: number[][];
  readonly fires: string[];
}

function infoOf({ table, columns, references, uniques, fires }: Draft): TableInfo {
  // `integer NOT NULL IDENTITY a`, `numeric GENERATED s DEFAULT (…)`: what follows DEFAULT is anybody's text.
  const says = (word: RegExp): Set<number> =>
    new Set(
      table.columns.flatMap(({ name, type }, i) => {
        const text = (columns.get(name) ?? '').slice(type.length);
        return word.test(text.split(' DEFAULT (')[0]!) ? [i] : [];
      }),
    );
  return {
    table,
    generated: says(/ GENERATED [sv]\b/),
    identity: says(/ IDENTITY a\b/),
    references,
    uniques,
    rowid: undefined,
    counted: false,
    collated: false,
    fires,
  };
}

const NAME = /"(?:[^"]|"")*"|[^\s",.()]+/y;

/** The parts of a printed name, `shop."Odd ""name"`, without their quotes. */
export function parseName(text: string): string[] {
  const parts: string[] = [];
  for (let at = 0; at < text.length; at++) {
    NAME.lastIndex = at;
    const part = NAME.exec(text)?.[0];
    if (part === undefined) return [];
    parts.push(part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part);
    at += part.length;
    if (at < text.length && text[at] !== '.') return [];
  }
  return parts;
}

/** `schema.table` of `schema.table.constraint`, as snapshots write names. */
function ownerOf(name: string): string {
  return displayName(...parseName(name).slice(0, 2));
}

const LIST = '\\(((?:"(?:[^"]|"")*"|[^"()])*)\\)';
const REFERENCED = '((?:"(?:[^"]|"")*"|[^\\s"(])+)';
const FOREIGN_KEY = new RegExp(`^FOREIGN KEY ${LIST} REFERENCES ${REFERENCED}${LIST}`);

function foreignKey(definition: string, table: Table, byName: ReadonlyMap<string, Table>): Reference[] {
  const [, from, to, at] = FOREIGN_KEY.exec(definition) ?? [];
  const parent = byName.get(displayName(...parseName(to ?? '')));
  if (from === undefined || at === undefined || !parent) return [];
  const columns = listed(from, table);
  const targets = listed(at, parent);
  return columns.includes(-1) || targets.includes(-1) ? [] : [{ columns, table: parent.name, targets }];
}

/** Columns of a unique index; none where one is an expression. A partial index counts as if it were whole. */
function uniqueIndex(definition: string, table: Table): number[][] {
  const list = new RegExp(` USING \\S+ ${LIST}`).exec(definition)?.[1];
  if (list === undefined) return [];
  const columns = listed(list, table);
  return columns.includes(-1) ? [] : [columns];
}

/** `a, "b c" DESC, PERIOD d`: the index of each column, -1 for what is none. */
function listed(list: string, table: Table): number[] {
  const parts = list.match(/(?:"(?:[^"]|"")*"|[^",])+/g) ?? [];
  return parts.map((part) => {
    NAME.lastIndex = 0;
    const [name] = parseName(NAME.exec(part.trim().replace(/^PERIOD /, ''))?.[0] ?? '');
    return table.columns.findIndex((column) => column.name === name);
  });
}

function pair({ pairs }: SchemaObject, name: string): string {
  return pairs.find(([key]) => key === name)?.[1] ?? '';
}
