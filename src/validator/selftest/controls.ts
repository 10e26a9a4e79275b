import { digestOf, digestToBytes } from '../../objects/digest.ts';
import { storeContent } from '../../objects/file.ts';
import { encodeKey } from '../../objects/key.ts';
import type { ObjectOf } from '../../objects/kinds.ts';
import type { Link } from '../../objects/link.ts';
import { MemoryObjects } from '../../objects/memory-objects.ts';
import { multisetEntries } from '../../objects/multiset.ts';
import { encodeCopyRow } from '../../objects/rows/postgres-copy.ts';
import { encodeRecord, MASKED } from '../../objects/rows/sqlite-record.ts';
import { sha256Bytes } from '../../objects/sha256.ts';
import { putObject } from '../../objects/sink.ts';
import { SnapshotBuilder, type TableSpec } from '../../objects/snapshot-builder.ts';
import type { Built } from './draft.ts';

type Engine = 'sqlite' | 'postgres';
/** What stands in one column: what SQLite holds, and its text for PostgreSQL. */
export type Cell = null | bigint | string | typeof MASKED;

/** A row in the format of an engine; values are what SQLite would hold, and their text is what COPY would print. */
export function rowBytes(engine: Engine, values: readonly Cell[]): Uint8Array {
  if (engine === 'sqlite') return encodeRecord(values);
  return encodeCopyRow(
    values.map((value) => (value === null || value === MASKED ? value : bytesOf(String(value)))),
  );
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

/** PostgreSQL's names carry a schema. */
export function nameOf(engine: Engine, table: string): string {
  return engine === 'sqlite' ? table : `public.${table}`;
}

const INTEGER = { sqlite: 'INTEGER', postgres: 'integer' } as const;

/**
 * A keyed table with a clock column (births), one whose key comes from randomness (tokens), a multiset (notes), and one
 * that is long enough for a tree of lists, with a row stored out of line (stock).
 * @param moved whether the sequence stands where the change moves it to.
 */
function state(sink: MemoryObjects, engine: Engine, after: boolean, moved = after): Link {
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
  const row = (...values: Cell[]): Uint8Array => rowBytes(engine, values);

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
  const stock: [Uint8Array, Uint8Array][] = Array.from({ length: 300 }, (_, i) => [
    encodeKey([BigInt(i)]),
    row(BigInt(i), `part ${i} ${'.'.repeat(i === 200 ? 20_000 : 60)}`),
  ]);
  add(
    'stock',
    {
      columns: [{ name: 'id', type: INTEGER[engine] }, ...text('part')],
      key: { type: 'declared', columns: ['id'] },
    },
    stock,
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

/** The assertions without which no rehearsal is accepted, and one that is only shown. */
const ASSERTIONS = {
  sqlite: ['clone-folder-private', 'clone-not-linked-to-source', 'source-unchanged'],
  postgres: ['cluster-folder-private', 'executor-role-unprivileged', 'source-unchanged', 'unix-socket-only'],
} as const;

/** A small rehearsal in which everything is as it must be: the control, from which each vector differs in one fault. */
export function control(engine: Engine): Built {
  const objects = new MemoryObjects();
  const name = (table: string): string => nameOf(engine, table);
  const executor = bytesOf('INSERT INTO births …');
  const hash = (text: string): Uint8Array => digestToBytes(digestOf(bytesOf(text)));
  const before = state(objects, engine, false);
  const after = state(objects, engine, true);
  const counts = (table: string, inserted: number): ObjectOf<'plan'>['delta'][number] => ({
    table: name(table),
    inserted,
    updated: 0,
    deleted: 0,
  });
  const delta = [counts('births', 1), counts('notes', 1), counts('tokens', 2)];
  const gate = { name: 'two births', sql: 'SELECT count(*) FROM births', expect: '== 2' };
  const marked = { name: 'marked', sql: 'SELECT marker FROM marks', expect: 'SURROGATE' };
  const plan = putObject(objects, {
    kind: 'plan',
    v: 1,
    name: 'one birth',
    engine,
    document: storeContent(objects, bytesOf('custody: plan/1 …')),
    source: { kind: 'surrogate', marker: 'SURROGATE', sha256: hash('source') },
    macro: null,
    timeLimit: 60_000,
    executor: sha256Bytes(executor),
    session: [],
    preflight: [gate, marked],
    boundary: { mode: 'insert-only', tables: delta.map(({ table }) => table) },
    delta,
    masked: [
      { table: name('births'), column: 'born', reason: 'the clock' },
      { table: name('tokens'), column: 'token', reason: 'random' },
    ],
    bounded: [{ effect: 'sequence', name: 'public.births_id_seq', reason: 'nextval is not undone' }],
    legs: ['T', 'R'],
  });
  const code = bytesOf('export {};');
  const validator = putObject(objects, {
    kind: 'validator',
    v: 1,
    name: 'custody',
    file: storeContent(objects, code),
    sha256: sha256Bytes(code),
    runner: 'node',
  });
  // ROLLBACK does not undo nextval: leg T of the PostgreSQL control shows the bounded sequence where it was moved to.
  const moved = engine === 'postgres' ? state(objects, engine, false, true) : before;
  const identical = engine === 'sqlite' ? true : null;
  const subject = putObject(objects, {
    kind: 'rehearsal',
    v: 1,
    plan,
    validator,
    engine,
    executor: {
      file: storeContent(objects, executor),
      before: sha256Bytes(executor),
      after: sha256Bytes(executor),
    },
    source: hash('source'),
    image: { sha256: hash('image'), restored: before },
    entry: before,
    exit: before,
    preflight: [
      { ...gate, actual: '2', ok: true },
      { ...marked, actual: 'SURROGATE', ok: true },
    ],
    delta,
    legs: [
      { leg: 'T', start: before, after, ended: 'rolled-back', open: false, back: moved, identical },
      { leg: 'R', start: before, after, ended: 'committed', open: false, back: before, identical },
    ],
    isolation: [
      ...ASSERTIONS[engine].map((assertion) => ({ assertion, holds: true })),
      { assertion: 'network-isolated', holds: false },
    ],
    observed: [],
  });
  return { subject: subject.digest, objects };
}
