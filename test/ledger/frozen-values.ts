import { hash32 } from '../../src/objects/cutting/cutter.ts';
import { SnapshotBuilder, type TableSpec } from '../../src/objects/snapshots/builder.ts';
import { decodeKind } from '../../src/objects/kinds.ts';
import type { Link } from '../../src/objects/link.ts';
import type { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { MapBuilder } from '../../src/objects/merkle-map.ts';
import { encodeKey, TextBytes, type KeyPart } from '../../src/objects/rows/key.ts';
import { MASKED } from '../../src/objects/rows/masked.ts';
import { multisetEntries } from '../../src/objects/rows/multiset.ts';
import { encodeCopyRow, type CopyField } from '../../src/objects/rows/postgres-copy.ts';
import { encodeRecord, type SqliteValue } from '../../src/objects/rows/sqlite-record.ts';
import { putObject } from '../../src/objects/sink.ts';
import { encodeDefinition, type Definition } from '../../src/objects/snapshots/facts.ts';
import type { EngineName } from '../../src/objects/snapshots/classes.ts';
import { sha256Bytes } from '../../src/objects/sha256.ts';
import { utf8 } from '../objects/support.ts';

/** The values in test/vectors/ledgers/frozen/. Nothing here may change: another value is another id (CONTRIBUTING.md). */

/** After this text, beyond the least size of a chunk, a chunk ends; after the second one only beyond its normal size. */
const CUT = '.................cut here 179482';
const LATE = '.................cut late 125782';
const chunk = (filling: string, length: number, mark: string): Buffer =>
  Buffer.concat([Buffer.alloc(length, filling), Buffer.from(mark)]);
const TEN = Array.from({ length: 10 }, (_, n) => chunk(String(n).padStart(4, '0'), 65_536, CUT));

/** 64 chunks: short ones, one whose digest ends a list, one above the normal size, one of the greatest size, a rest. */
export const LONG: Uint8Array = Buffer.concat([
  ...[...TEN, ...TEN, ...TEN],
  chunk('0081', 65_536, CUT),
  ...[...TEN, ...TEN, ...TEN],
  chunk('late', 131_082, LATE),
  Buffer.alloc(1_048_576),
  Buffer.from('the end\n'),
]);

export interface FrozenTable {
  readonly spec: Omit<TableSpec, 'format'>;
  /** As they were added: keys that are too long are not cut yet. */
  readonly rows: readonly (readonly [key: Uint8Array, row: Uint8Array])[];
}

const columns = (...names: string[]): TableSpec['columns'] => names.map((name) => ({ name, type: 'TEXT' }));
const declared = (...names: string[]): TableSpec['key'] => ({ type: 'declared', columns: names });
const sorted = (rows: [Uint8Array, Uint8Array][]): [Uint8Array, Uint8Array][] =>
  rows.sort(([a], [b]) => Buffer.compare(a, b));
const TOKEN = encodeRecord([MASKED, 'login']);

/** The third from the end is the longest that is held inline. */
const VALUES: SqliteValue[] = [
  ...[
    null,
    0n,
    1n,
    -1n,
    127n,
    128n,
    -32_769n,
    1n << 23n,
    1n << 31n,
    1n << 47n,
    (1n << 63n) - 1n,
    -(1n << 63n),
  ],
  ...[0, -0, 1.5, -1e308, 5e-324, Infinity, '', 'text', 'é', 'a\0b', '1', new TextBytes(Uint8Array.of(0xff))],
  ...[new Uint8Array(), Uint8Array.of(0, 255), 'x'.repeat(16_380), 'x'.repeat(16_381), 'y'.repeat(1_100_000)],
];
/** NULL in a key: the rowid follows. */
const MIXED: [values: KeyPart[], rowid?: bigint][] = [
  [[null, 'x'], 7n],
  [[null, 'x'], 8n],
  [[1n, 'a']],
  [[1n, 'b']],
  [[-1.5, '']],
  [['t', Uint8Array.of(0)]],
  [[Uint8Array.of(1), null], -1n],
];

/**
 * Rows of these weights (key and row, bytes) under the next integer keys of which one ends a list where `ends` says so, and none
 * else does.
 */
function weighed(rows: readonly { weight: number; ends?: true }[]): [Uint8Array, Uint8Array][] {
  let id = 0n;
  return rows.map(({ weight, ends = false }) => {
    const hash = (): number => hash32(encodeKey([id]));
    do id++;
    while (ends ? hash() >= weight * 2 ** 19 : hash() < 2 ** 31);
    const row = encodeRecord([null, 'x'.repeat(weight - 9 - (weight > 69 ? 4 : 3))]);
    return [encodeKey([id]), row];
  });
}

const SQLITE: FrozenTable[] = [
  {
    spec: { name: 'integers', columns: columns('id', 'name'), key: declared('id') },
    rows: Array.from({ length: 600 }, (_, i) => [
      encodeKey([BigInt(i - 300) ** 5n]),
      encodeRecord([null, `row ${i}`]),
    ]),
  },
  {
    // Keys of 904 letters and more: those that are too long are cut, and few make a list.
    spec: { name: 'texts', columns: columns('id', 'n'), key: declared('id') },
    rows: Array.from({ length: 200 }, (_, i) => {
      const id = `${String(i).padStart(4, '0')}${'.'.repeat(900 + i)}`;
      return [encodeKey([id]), encodeRecord([id, BigInt(i)])];
    }),
  },
  {
    spec: { name: 'values', columns: columns('value'), key: { type: 'rowid', columns: [] } },
    rows: VALUES.map((value, i) => [encodeKey([BigInt(i + 1)]), encodeRecord([value])]),
  },
  {
    spec: { name: 'mixed', columns: columns('a', 'b'), key: declared('a', 'b') },
    rows: sorted(
      MIXED.map(([values, rowid]) => [
        encodeKey(rowid === undefined ? values : [...values, rowid]),
        encodeRecord(values),
      ]),
    ),
  },
  {
    spec: { name: 'lines', columns: columns('line'), key: { type: 'multiset', columns: [] } },
    rows: multisetEntries(
      ['once', 'twice', 'twice', ...Array<string>(300).fill('often')].map((line) => encodeRecord([line])),
    ),
  },
  {
    spec: { name: 'births', columns: columns('id', 'born'), key: declared('id'), masked: ['born'] },
    rows: [
      [encodeKey([1n]), encodeRecord([null, '2026-01-01'])],
      [encodeKey([2n]), encodeRecord([null, MASKED])],
    ],
  },
  {
    spec: { name: 'tokens', columns: columns('id', 'use'), key: declared('id'), masked: ['id'] },
    rows: sorted([
      [encodeKey(['a1b2']), encodeRecord(['a1b2', 'login'])],
      [encodeKey([null, sha256Bytes(TOKEN), 0n]), TOKEN],
      [encodeKey([null, sha256Bytes(TOKEN), 1n]), TOKEN],
    ]),
  },
  {
    // No key ends a list: it ends where it would be too long.
    spec: { name: 'uncut', columns: columns('id', 'name'), key: declared('id') },
    rows: weighed(Array<{ weight: number }>(1_000).fill({ weight: 128 })),
  },
  {
    // A key that would end a list a byte below its least weight, and one that ends it there.
    spec: { name: 'least', columns: columns('id', 'name'), key: declared('id') },
    rows: weighed([
      ...Array<{ weight: number }>(9).fill({ weight: 100 }),
      { weight: 123, ends: true },
      { weight: 100, ends: true },
      ...Array<{ weight: number }>(9).fill({ weight: 100 }),
      { weight: 124, ends: true },
      { weight: 100 },
    ]),
  },
  {
    spec: {
      name: 'secrets',
      columns: columns('line'),
      key: { type: 'multiset', columns: [] },
      masked: ['line'],
    },
    rows: multisetEntries([[MASKED], ['kept'], [MASKED]].map((line) => encodeRecord(line as SqliteValue[]))),
  },
  { spec: { name: 'nothing', columns: columns('a'), key: { type: 'rowid', columns: [] } }, rows: [] },
];

const PEOPLE: CopyField[] = [
  utf8('tab\there'),
  utf8('back\\slash'),
  utf8('two\nlines'),
  utf8(''),
  null,
  MASKED,
];
const POSTGRES: FrozenTable[] = [
  {
    spec: {
      name: 'public.people',
      columns: [{ name: 'id', type: 'bigint' }, ...columns('name')],
      key: declared('id'),
      masked: ['name'],
    },
    rows: PEOPLE.map((name, i) => [encodeKey([BigInt(i)]), encodeCopyRow([utf8(String(i)), name])]),
  },
  {
    spec: {
      name: 'public.pages',
      columns: [...columns('book'), { name: 'page', type: 'integer' }],
      key: declared('book', 'page'),
    },
    rows: [-1n, 0n, 2n ** 31n - 1n].map((page) => [
      encodeKey(['one', page]),
      encodeCopyRow([utf8('one'), utf8(String(page))]),
    ]),
  },
  {
    spec: { name: 'public.tags', columns: columns('tag'), key: { type: 'multiset', columns: [] } },
    rows: multisetEntries(['red', 'red', 'blue'].map((tag) => encodeCopyRow([utf8(tag)]))),
  },
];

/** By class: the parts of a fact's name, and its definition. */
export const FROZEN_FACTS: Readonly<
  Record<'database' | 'schema' | 'sequence', readonly [string[], Definition][]>
> = {
  database: [
    [['encoding'], 'UTF-8'],
    [['user_version'], '7'],
  ],
  schema: [
    [['index', 'lines_by'], [['sql', 'CREATE INDEX …']]],
    [
      ['view', 'long'],
      [
        ['tbl_name', 'long'],
        ['sql', `SELECT ${'1, '.repeat(10_000)}1`],
      ],
    ],
  ],
  sequence: [
    [
      ['people_id_seq'],
      [
        ['last_value', '3'],
        ['is_called', 't'],
      ],
    ],
  ],
};

export const FROZEN_TABLES: Readonly<Record<EngineName, readonly FrozenTable[]>> = {
  sqlite: SQLITE,
  postgres: POSTGRES,
};

export function putSnapshot(
  objects: MemoryObjects,
  engine: EngineName,
  tables = FROZEN_TABLES[engine],
): Link {
  const builder = new SnapshotBuilder(objects, engine);
  const pairs = (definition: Definition) => (typeof definition === 'string' ? [] : definition);
  for (const [[name], value] of FROZEN_FACTS.database) builder.fact(name!, String(value));
  for (const [[type, name], definition] of FROZEN_FACTS.schema)
    builder.schema(type!, name!, pairs(definition));
  for (const [[name], definition] of FROZEN_FACTS.sequence) builder.sequence(name!, pairs(definition));
  for (const { spec, rows } of tables) {
    const format = engine === 'sqlite' ? 'sqlite-record' : 'postgres-copy';
    const table = builder.table({ ...spec, format });
    for (const [key, row] of rows) table.add(key, row);
    table.close();
  }
  return builder.finish().snapshot;
}

/** A snapshot of a later list of classes, with one class more, from which a fact, a table and a column were left out. */
export function putLater(objects: MemoryObjects): Link {
  const births = SQLITE.filter(({ spec }) => spec.name === 'births');
  const { digest } = putSnapshot(objects, 'sqlite', births);
  const snapshot = decodeKind('snapshot', objects.get(digest));
  const more = new MapBuilder(objects);
  more.add(encodeKey(['of', 'three', 'parts']), encodeDefinition('more'));
  return putObject(objects, {
    ...snapshot,
    facts: { ...snapshot.facts, 'some-more': more.finish().root },
    coverage: {
      list: 2,
      without: [
        { kind: 'schema', name: 'view secret', column: null },
        { kind: 'table', name: 'births', column: 'weight' },
        { kind: 'table', name: 'lines', column: null },
      ],
    },
  });
}
