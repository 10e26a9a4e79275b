import { describe, expect, it } from 'vitest';
import type { Link } from '../../../src/objects/link.ts';
import { boundKey, encodeKey, integerKey } from '../../../src/objects/rows/key.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { multisetEntries } from '../../../src/objects/rows/multiset.ts';
import { encodeRow, type RowValue } from '../../../src/objects/rows/row.ts';
import { SnapshotBuilder, type TableSpec } from '../../../src/objects/snapshots/builder.ts';
import { resultOf, resultOfAsync } from '../../../src/objects/walk.ts';
import { maskSnapshot } from '../../../src/rehearsal/mask.ts';
import { restoreScript } from '../../../src/rehearsal/restore-script.ts';
import { refuses } from '../../support/refusals.ts';

const objects = new MemoryObjects();
const SQL = 'CREATE TABLE t (id INTEGER, v)';

interface State {
  readonly sql?: string;
  readonly version?: string;
  readonly table?: Partial<TableSpec>;
  readonly rows?: readonly RowValue[][];
  readonly sequence?: [string, string][];
  readonly virtual?: boolean;
}

/** A SQLite state of one table `t` (id, v) with a declared key, but for what is said otherwise. */
function state({ sql = SQL, version = '0', table = {}, rows = [], sequence, virtual }: State): Link {
  const builder = new SnapshotBuilder(objects, 'sqlite');
  const spec: TableSpec = {
    name: 't',
    format: 'sqlite-record',
    columns: [
      { name: 'id', type: 'INT' },
      { name: 'v', type: '' },
    ],
    key: { type: 'declared', columns: ['id'] },
    ...table,
  };
  builder.fact('user_version', version);
  builder.schema('table', spec.name, [['sql', sql]]);
  if (virtual) builder.schema('table', 'docs', [['sql', 'CREATE VIRTUAL TABLE docs USING fts5(x)']]);
  const made = builder.table(spec);
  for (const values of rows) {
    const key =
      spec.key.type === 'rowid' ? integerKey(values[0] as bigint) : encodeKey([values[0] as bigint]);
    made.add(key, encodeRow('sqlite-record', values));
  }
  made.close();
  if (sequence) builder.sequence('t', sequence);
  return builder.finish().snapshot;
}

const script = (before: Link, after: Link) => (): unknown =>
  resultOf(restoreScript(before, after), objects.get);

const row = (id: number, v: RowValue): RowValue[] => [BigInt(id), v];
const base = { rows: [row(1, 'a'), row(2, 'b')] };

describe('what no restore script can do', () => {
  it.each<[what: string, before: State, after: State, path: string]>([
    ['equal states', base, base, 'snapshot'],
    ['another fact', base, { ...base, version: '1' }, 'database user_version'],
    ['another definition', base, { ...base, sql: `${SQL} STRICT` }, 'schema table t'],
    ['a column of another type', base, { ...base, table: { columns: [{ name: 'id', type: 'INT' }, { name: 'v', type: 'TEXT' }] } }, 'table t'],
    ['columns in another order', { rows: [] }, { table: { columns: [{ name: 'v', type: '' }, { name: 'id', type: 'INT' }] } }, 'table t'],
    ['a table that A does not have', { table: { name: 'u' } }, {}, 'schema table t'],
    ['a counter of two rows', { ...base, sequence: [['seq', '1']] }, { ...base, sequence: [['seq', '1'], ['seq', '2']] }, 'sequence t'],
    ['a counter that is no integer', { ...base, sequence: [['seq', "'x'"]] }, { ...base, sequence: [['seq', '1']] }, 'sequence t'],
    ['the content of a virtual table', { table: { name: 'docs_data' }, virtual: true }, { table: { name: 'docs_data' }, virtual: true, ...base }, 'table docs_data'],
    [
      'a hidden rowid without a name',
      { table: { key: { type: 'rowid', columns: [] } }, sql: 'CREATE TABLE t (id, v, rowid AS (1), oid AS (1), _rowid_ AS (1))' },
      { table: { key: { type: 'rowid', columns: [] } }, sql: 'CREATE TABLE t (id, v, rowid AS (1), oid AS (1), _rowid_ AS (1))', ...base },
      'table t',
    ],
    [
      'a computed column alone',
      { ...base, sql: 'CREATE TABLE t (id INT PRIMARY KEY, v AS (random()) STORED)' },
      { rows: [row(1, 'a'), row(2, 'c')], sql: 'CREATE TABLE t (id INT PRIMARY KEY, v AS (random()) STORED)' },
      'table t',
    ],
  ])('%s: RESTORE_UNSUPPORTED', (_what, before, after, path) => {
    const error = refuses(script(state(before), state(after)), 'RESTORE_UNSUPPORTED', path);
    expect(error.hint).not.toBe('');
  }); // prettier-ignore

  it('two engines: KIND_NOT_COMPARABLE', () => {
    const other = new SnapshotBuilder(objects, 'postgres').finish().snapshot;
    refuses(script(state(base), other), 'KIND_NOT_COMPARABLE');
  });

  it('a large key with NULL, which is kept cut', () => {
    const columns = [
      { name: 'id', type: '' },
      { name: 'v', type: '' },
    ];
    const long = 'k'.repeat(2000);
    const builder = (rows: boolean): Link => {
      const b = new SnapshotBuilder(objects, 'sqlite');
      const table = b.table({
        name: 't',
        format: 'sqlite-record',
        columns,
        key: { type: 'declared', columns: ['id', 'v'] },
      });
      if (rows) table.add(boundKey(encodeKey([null, long, 7n])), encodeRow('sqlite-record', [null, long]));
      table.close();
      return b.finish().snapshot;
    };
    refuses(script(builder(false), builder(true)), 'RESTORE_UNSUPPORTED');
  });
});

describe('masked states', () => {
  const before = state(base);
  const changed = state({ rows: [row(1, 'now'), row(2, 'b'), row(3, 'later')] });

  it('B masked: inserted rows go by their key, changed values come from A', () => {
    const masked = maskSnapshot(before, changed, [{ table: 't', column: 'v' }], objects);
    expect(masked.digest).not.toBe(changed.digest);
    const raw = resultOf(restoreScript(before, changed), objects.get);
    const made = resultOf(restoreScript(before, masked), objects.get);
    const body = (script: string): string => script.slice(script.indexOf('BEGIN'));
    expect(body(made.script)).toBe(body(raw.script));
    expect(made).toMatchObject({ deleted: 1, updated: 1, inserted: 0 });
  });

  it('a masked key in B, a masked value in A: RESTORE_UNSUPPORTED', () => {
    const key = maskSnapshot(before, changed, [{ table: 't', column: 'id' }], objects);
    refuses(script(before, key), 'RESTORE_UNSUPPORTED', 'table t');
    const value = maskSnapshot(before, changed, [{ table: 't', column: 'v' }], objects);
    refuses(script(value, before), 'RESTORE_UNSUPPORTED', 'table t');
  });

  it('a masked row of a multiset', () => {
    const bag = (values: string[]): Link => {
      const b = new SnapshotBuilder(objects, 'postgres');
      const table = b.table({
        name: 'public.t',
        format: 'postgres-copy',
        columns: [{ name: 'v', type: 'text' }],
        key: { type: 'multiset', columns: [] },
      });
      for (const [k, v] of multisetEntries(values.map((v) => Buffer.from(v)))) table.add(k, v);
      table.close();
      return b.finish().snapshot;
    };
    const after = maskSnapshot(bag(['a']), bag(['a', 'b']), [{ table: 'public.t', column: 'v' }], objects);
    refuses(script(bag(['a']), after), 'RESTORE_UNSUPPORTED', 'table public.t');
  });
});

it('is the same over an asynchronous store', async () => {
  const [a, b] = [state(base), state({ rows: [row(1, 'x')] })];
  const made = await resultOfAsync(restoreScript(a, b), (id) => Promise.resolve(objects.get(id)));
  expect(made).toEqual(resultOf(restoreScript(a, b), objects.get));
});
