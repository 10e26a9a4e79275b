import { SnapshotBuilder, type TableSpec } from '../objects/snapshots/builder.ts';
import type { EngineName } from '../objects/snapshots/classes.ts';
import { encodeKey } from '../objects/rows/key.ts';
import type { Link } from '../objects/link.ts';
import type { MemoryObjects } from '../objects/memory-objects.ts';
import { multisetEntries } from '../objects/rows/multiset.ts';
import { encodeCopyRow } from '../objects/rows/postgres-copy.ts';
import { encodeRecord, MASKED } from '../objects/rows/sqlite-record.ts';
import { sha256Bytes } from '../objects/sha256.ts';

/** What stands in one column: what SQLite holds, and its text for PostgreSQL. */
export type Cell = null | bigint | string | typeof MASKED;

/** A row in the format of an engine; values are what SQLite would hold, and their text is what COPY would print. */
export function engineRow(engine: EngineName, values: readonly Cell[]): Uint8Array {
  if (engine === 'sqlite') return encodeRecord(values);
  return encodeCopyRow(
    values.map((value) => (value === null || value === MASKED ? value : bytesOf(String(value)))),
  );
}

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

/** PostgreSQL's names carry a schema. */
export function nameOf(engine: EngineName, table: string): string {
  return engine === 'sqlite' ? table : `public.${table}`;
}

const INTEGER = { sqlite: 'INTEGER', postgres: 'integer' } as const;

export interface StateSpec {
  readonly engine: EngineName;
  /** Rows were inserted into births, tokens and notes. */
  readonly after: boolean;
  /** The sequence stands where the change moves it to. */
  readonly moved: boolean;
  /** One row of stock was updated and one deleted. */
  readonly stock: boolean;
}

/**
 * A keyed table with a clock column (births), one whose key comes from randomness (tokens), a multiset (notes), and one
 * that is long enough for a tree of lists, with a row stored out of line (stock).
 */
export function putState(sink: MemoryObjects, { engine, after, moved, stock: changed }: StateSpec): Link {
  const builder = new SnapshotBuilder(sink, engine);
  builder.fact('encoding', 'UTF8');
  builder.fact('user_version', '7');
  builder.schema('table', nameOf(engine, 'births'), [['sql', 'CREATE TABLE births …']]);
  builder.schema('index', nameOf(engine, 'births_name'), [['sql', 'CREATE INDEX …']]);
  const format = engine === 'sqlite' ? 'sqlite-record' : 'postgres-copy';
  const add = (
    table: string,
    spec: Omit<TableSpec, 'name' | 'format'>,
    entries: [Uint8Array, Uint8Array][],
  ): void => {
    const open = builder.table({ ...spec, name: nameOf(engine, table), format });
    for (const [key, row] of entries.sort(([a], [b]) => Buffer.compare(a, b))) open.add(key, row);
    open.close();
  };
  const text = (...names: string[]): TableSpec['columns'] => names.map((name) => ({ name, type: 'text' }));
  const row = (...values: Cell[]): Uint8Array => engineRow(engine, values);

  const births: [Uint8Array, Uint8Array][] = [1n, 2n].map((id) => [
    encodeKey([id]),
    row(id, `name ${id}`, '2026-01-01'),
  ]);
  if (after) births.push([encodeKey([3n]), row(3n, 'name 3', MASKED)]);
  add(
    'births',
    {
      columns: [{ name: 'id', type: INTEGER[engine] }, ...text('name', 'born')],
      key: { type: 'declared', columns: ['id'] },
      masked: after ? ['born'] : [],
    },
    births,
  );

  const token = row(MASKED, 'birth');
  add(
    'tokens',
    {
      columns: text('token', 'purpose'),
      key: { type: 'declared', columns: ['token'] },
      masked: after ? ['token'] : [],
    },
    [
      [encodeKey(['a1b2']), row('a1b2', 'login')],
      ...(after ? [0n, 1n] : []).map((n): [Uint8Array, Uint8Array] => [
        encodeKey([null, sha256Bytes(token), n]),
        token,
      ]),
    ],
  );
  const notes = [row('seen'), row('seen'), row('born')];
  add(
    'notes',
    { columns: text('note'), key: { type: 'multiset', columns: [] } },
    multisetEntries(after ? [...notes, row('born')] : notes),
  );
  const ids = Array.from({ length: 300 }, (_, i) => i).filter((i) => !(changed && i === 7));
  add(
    'stock',
    {
      columns: [{ name: 'id', type: INTEGER[engine] }, ...text('part')],
      key: { type: 'declared', columns: ['id'] },
    },
    ids.map((i) => [
      encodeKey([BigInt(i)]),
      row(BigInt(i), changed && i === 5 ? 'sold' : `part ${i} ${'.'.repeat(i === 200 ? 20_000 : 60)}`),
    ]),
  );
  if (engine === 'sqlite') builder.sequence('births', [['seq', moved ? '3' : '2']]);
  else {
    for (const name of ['public.births_id_seq', 'public.other_seq']) {
      builder.sequence(name, [
        ['last_value', moved && name === 'public.births_id_seq' ? '3' : '2'],
        ['is_called', 't'],
      ]);
    }
  }
  return builder.finish().snapshot;
}
