import { displayName } from '../names.ts';
import type { Table } from '../../../objects/snapshots/diff.ts';
import { clauseOf, indexClauses, temporaryColumns, uniqueOf, type Clause } from '../../restore/mentions.ts';
import type { Reference, SchemaObject, TableInfo, Unique } from '../../restore/model.ts';

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
      { table, columns: new Map(), references: [], uniques: [], clauses: [], fires: [] },
    ]),
  );
  const partitionKeys = schema.map((object) => pair(object, 'partition key')).join(' ');
  const domains = new Set(
    schema.filter((object) => object.type === 'type' && pair(object, 'kind') === 'd').map(({ name }) => name),
  );
  for (const object of schema) {
    const definition = pair(object, 'definition');
    if (object.type === 'table') {
      const draft = infos.get(object.name);
      for (const [name, text] of object.pairs)
        if (name.startsWith('column ')) draft?.columns.set(parseName(name.slice(7))[0] ?? '', text);
      // Such a value would belong to another partition.
      if (draft && pair(object, 'partition bound') !== '')
        draft.clauses.push({ ...clause(partitionKeys, draft.table), strict: false });
    } else if (object.type === 'constraint') {
      const draft = infos.get(ownerOf(object.name));
      if (draft) readConstraint(pair(object, 'kind'), definition, draft, byName);
    } else if (object.type === 'index') {
      const draft = infos.get(pair(object, 'relation'));
      if (draft) readIndex(definition, draft);
    } else if (object.type === 'trigger' || object.type === 'rule') {
      infos.get(ownerOf(object.name))?.fires.push(object.name);
    }
  }
  return new Map([...infos].map(([name, draft]) => [name, infoOf(draft, domains)]));
}

interface Draft {
  readonly table: Table;
  /** Name of a column to what the capture says of it. */
  readonly columns: Map<string, string>;
  readonly references: Reference[];
  readonly uniques: Unique[];
  readonly clauses: Clause[];
  readonly fires: string[];
}

function infoOf(draft: Draft, domains: ReadonlySet<string>): TableInfo {
  const { table, columns, references, uniques, fires } = draft;
  const says = (word: RegExp): Set<number> =>
    new Set(
      table.columns.flatMap(({ name, type }, i) => {
        // `integer NOT NULL IDENTITY a`, `numeric GENERATED s DEFAULT (…)`: what follows DEFAULT is anybody's text.
        const text = (columns.get(name) ?? '').slice(type.length);
        return word.test(text.split(' DEFAULT (')[0]!) ? [i] : [];
      }),
    );
  const generated = says(/ GENERATED [sv]\b/);
  const identity = says(/ IDENTITY a\b/);
  // What a generated column holds may be unique, or what a CHECK looks at.
  const made = [...generated].map((i) => clause(columns.get(table.columns[i]!.name) ?? '', table));
  const ofDomain = table.columns.flatMap(({ type }, i) => (domains.has(type) ? [i] : []));
  return {
    table,
    generated,
    identity,
    references,
    uniques,
    ...temporaryColumns(table, {
      generated,
      notNull: says(/ NOT NULL\b/),
      references,
      clauses: [
        ...draft.clauses,
        ...[...made.flatMap((one) => one.columns), ...identity, ...ofDomain].map((i) => ({
          columns: [i],
          strict: false,
        })),
      ],
    }),
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

function readConstraint(
  kind: string,
  definition: string,
  { table, references, clauses }: Draft,
  byName: ReadonlyMap<string, Table>,
): void {
  if (kind === 'c') clauses.push(clause(definition, table));
  // Of an exclusion constraint NULL is free, as of a unique one; what else it compares is not known.
  if (kind === 'x') clauses.push({ ...clause(definition, table), strict: true });
  if (kind !== 'f') return;
  const reference = foreignKey(definition, table, byName);
  if (!reference) return;
  references.push(reference);
  if (definition.includes(' MATCH FULL')) clauses.push({ columns: reference.columns, strict: false });
}

function foreignKey(
  definition: string,
  table: Table,
  byName: ReadonlyMap<string, Table>,
): Reference | undefined {
  const [all, from, to, at] = FOREIGN_KEY.exec(definition) ?? [];
  const parent = byName.get(displayName(...parseName(to ?? '')));
  if (all === undefined || from === undefined || at === undefined || !parent) return undefined;
  const columns = listed(from, table);
  const targets = listed(at, parent);
  if (columns.includes(-1) || targets.includes(-1)) return undefined;
  return { columns, table: parent.name, targets, acts: / ON UPDATE /.test(definition.slice(all.length)) };
}

/** What an index keeps unique, if it does, and the texts in it that look at a row. */
function readIndex(definition: string, { table, uniques, clauses }: Draft): void {
  const using = / USING \S+ (?=\()/.exec(definition);
  if (!using) return;
  const list = parenthesised(definition.slice(using.index + using[0].length));
  const rest = definition.slice(using.index + using[0].length + list.length + 2);
  // A call or an operator has parentheses around it.
  const columns = /[()]/.test(list.replace(/"(?:[^"]|"")*"/g, '')) ? [-1] : listed(list, table);
  const expressions = columns.includes(-1) ? [clause(list, table, 'index')] : [];
  const named = columns.filter((i) => i >= 0 && expressions.length === 0);
  const where = clause(/ WHERE .*$/s.exec(rest)?.[0].slice(7) ?? '', table);
  const unique = definition.startsWith('CREATE UNIQUE INDEX ');
  clauses.push(...indexClauses(unique, named, expressions, where));
  const set = uniqueOf(named, expressions, rest.includes(' NULLS NOT DISTINCT'));
  if (unique && set.columns.length > 0) uniques.push(set);
}

const PIECE = /"(?:[^"]|"")*"|'(?:[^']|'')*'|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|\|\||[()]/g;

/** What stands between the parenthesis that `text` begins with and the one that closes it. */
function parenthesised(text: string): string {
  let depth = 0;
  for (const { 0: piece, index } of text.matchAll(PIECE)) {
    if (piece === '(') depth++;
    else if (piece === ')' && --depth === 0) return text.slice(1, index);
  }
  return text.slice(1);
}

/** `||` of arrays is not strict; an unquoted word that is no column may be a function or a type. */
function clause(text: string, table: Table, use?: 'index'): Clause {
  const words = [...text.matchAll(PIECE)]
    .filter(({ 0: piece }) => !/^['()]/.test(piece))
    .map(({ 0: piece, index }) => ({
      name: parseName(piece)[0] ?? piece,
      quoted: piece.startsWith('"'),
      called: text[index + piece.length] === '(',
    }));
  return clauseOf(words, (name) => table.columns.findIndex((column) => column.name === name), use);
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
