import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deltaOf } from '../../../src/objects/snapshots/delta.ts';
import { integerKey } from '../../../src/objects/rows/key.ts';
import type { Link } from '../../../src/objects/link.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { multisetEntries } from '../../../src/objects/rows/multiset.ts';
import { SnapshotBuilder } from '../../../src/objects/snapshots/builder.ts';
import { diffSnapshots, type SnapshotChange, type Table } from '../../../src/objects/snapshots/diff.ts';
import { resultOf } from '../../../src/objects/walk.ts';
import { hex, itemsOf, noise, utf8 } from '../support.ts';
import {
  captureModel,
  EMPTY,
  people,
  specOf,
  type State,
  type TableModel,
  recordOf,
} from './snapshot-models.ts';
import { refusedWith } from '../../support/refusals.ts';

/** A change as text, to compare with the model's. */
function show(change: SnapshotChange): string {
  const { part, before, after } = change;
  switch (part) {
    case 'coverage':
    case 'fact':
      return `${part === 'fact' ? change.class : part} ${change.name} ${before} ${after}`;
    case 'table':
      return `table ${change.name} ${columnsOf(before)} ${columnsOf(after)}`;
    case 'row':
      return `row ${change.table.name} ${hex(change.key)} ${before && hex(before)} ${after && hex(after)}`;
  }
}
const columnsOf = (table: Table | undefined): string | undefined =>
  table && `${table.key.type}(${table.columns.map(({ name }) => name).join()})`;

/** What differs, straight from the models. */
function naive(a: State, b: State): string[] {
  const out: string[] = [];
  const names = (x: object, y: object): string[] => [...new Set([...Object.keys(x), ...Object.keys(y)])];
  const own = <T>(record: Record<string, T>, name: string): T | undefined =>
    Object.hasOwn(record, name) ? record[name] : undefined;
  const compare = (
    part: string,
    x: Record<string, string>,
    y: Record<string, string>,
    label: (text: string) => string,
    prefix = '',
  ): void => {
    for (const name of names(x, y)) {
      const [p, q] = [own(x, name), own(y, name)];
      if (p !== q)
        out.push(
          `${part} ${prefix}${name} ${p === undefined ? p : label(p)} ${q === undefined ? q : label(q)}`,
        );
    }
  };
  compare('database', a.facts, b.facts, (text) => text);
  compare('schema', a.schema, b.schema, (text) => `sql: ${text}`, 'index ');
  compare('sequence', a.sequences, b.sequences, (text) => `seq: ${text}`);
  for (const name of names(a.tables, b.tables)) {
    const [x, y] = [own(a.tables, name), own(b.tables, name)];
    const shape = (t: TableModel | undefined): string | undefined =>
      t && `${t.loose ? 'multiset' : 'rowid'}(${t.columns.join()})`;
    const [before, after] = [rowsOf(x), rowsOf(y)];
    const same = shape(x) === shape(y);
    if (!same) out.push(`table ${name} ${shape(x)} ${shape(y)}`);
    const row = (key: string, p: string | undefined, q: string | undefined): number =>
      out.push(`row ${name} ${key} ${p} ${q}`);
    if (same) {
      for (const key of new Set([...before.keys(), ...after.keys()]))
        if (before.get(key) !== after.get(key)) row(key, before.get(key), after.get(key));
    } else {
      for (const [key, value] of before) row(key, value, undefined);
      for (const [key, value] of after) row(key, undefined, value);
    }
  }
  return out.sort();
}

function rowsOf(table: TableModel | undefined): Map<string, string> {
  if (!table) return new Map();
  return new Map(
    table.loose
      ? multisetEntries(table.loose.map((row) => recordOf(table, row))).map(([key, value]) => [
          hex(key),
          hex(value),
        ])
      : [...table.rows].map(([id, row]) => [hex(integerKey(BigInt(id))), hex(recordOf(table, row))]),
  );
}

const name = fc.oneof(
  fc.constantFrom('a', 'b', 'people', 'x y', 'é', '__proto__', '10'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }),
);
const texts = fc.dictionary(name, fc.constantFrom('1', '2', 'CREATE INDEX'), {
  maxKeys: 4,
  noNullPrototype: true,
});
const tableModel: fc.Arbitrary<TableModel> = fc
  .record({
    columns: fc.constantFrom(['id', 'name'], ['name', 'id'], ['id']),
    rows: fc
      .array(fc.tuple(fc.nat(30), fc.constantFrom('x', 'y', 'z')), { maxLength: 20 })
      .map((rows) => new Map(rows)),
  })
  .chain((table) =>
    fc.oneof(
      fc.constant(table),
      fc.array(fc.constantFrom('p', 'q', 'r'), { maxLength: 9 }).map((loose) => ({ ...table, loose })),
    ),
  );
const state: fc.Arbitrary<State> = fc.record({
  facts: texts,
  schema: texts,
  sequences: texts,
  tables: fc.dictionary(name, tableModel, { maxKeys: 4, noNullPrototype: true }),
});

describe('snapshots', () => {
  it('differ as their models do; none means equal', () => {
    fc.assert(
      fc.property(state, state, fc.boolean(), (a, other, near) => {
        const b: State = near ? { ...a, tables: { ...a.tables, ...other.tables } } : other;
        const objects = new MemoryObjects();
        const x = captureModel(objects, a).snapshot;
        const y = captureModel(objects, b).snapshot;
        const found = itemsOf(diffSnapshots(x, y), objects).map(show);
        expect(found.toSorted()).toEqual(naive(a, b));
        expect(found.length === 0).toBe(x.equals(y));
      }),
      { numRuns: 300 },
    );
  });

  it('are the same in whatever order things came', () => {
    fc.assert(
      fc.property(state, (a) => {
        const objects = new MemoryObjects();
        const forwards = captureModel(objects, a);
        expect(captureModel(objects, a, true)).toEqual(forwards);
        expect(Object.keys(forwards.tables).sort()).toEqual(Object.keys(a.tables).sort());
        const counts = Object.values(a.tables).map(({ loose, rows }) => loose?.length ?? rows.size);
        expect(forwards.rows).toBe(counts.reduce((sum, count) => sum + count, 0));
      }),
      { numRuns: 100 },
    );
  });

  it('count what changed, a multiset by its occurrences', () => {
    const objects = new MemoryObjects();
    const loose = (...rows: string[]): State['tables'] => ({
      log: { columns: ['line'], rows: new Map(), loose: rows },
    });
    const a = captureModel(objects, { ...people({ 1: 'x', 2: 'y', 3: 'z' }), facts: { v: '1' } });
    const b = captureModel(objects, { ...people({ 1: 'x', 2: 'Y', 4: 'w', 5: 'v' }), facts: { v: '2' } });
    expect(resultOf(deltaOf(a.snapshot, b.snapshot), objects.get)).toMatchObject({
      tables: [{ table: 'people', inserted: 2, updated: 1, deleted: 1 }],
      others: [{ part: 'database', name: 'v' }],
    });
    const p = captureModel(objects, { ...EMPTY, tables: loose('a', 'a', 'a', 'b') });
    const q = captureModel(objects, { ...EMPTY, tables: loose('a', 'b', 'b', 'c', 'c') });
    expect(resultOf(deltaOf(p.snapshot, q.snapshot), objects.get).tables).toEqual([
      { table: 'log', inserted: 3, updated: 0, deleted: 2 },
    ]);
    expect(resultOf(deltaOf(p.snapshot, p.snapshot), objects.get)).toEqual({ tables: [], others: [] });
  });

  it('a row of 2 MB, a definition of 100 KB, names above the key limit', () => {
    const objects = new MemoryObjects();
    const big = Buffer.from(noise(2_000_000)).toString('latin1');
    const long = 'n'.repeat(3_000);
    const a = captureModel(objects, EMPTY).snapshot;
    const b = captureModel(objects, {
      ...EMPTY,
      schema: { [long]: 'x'.repeat(100_000) },
      tables: { [long]: { columns: ['c'], rows: new Map([[1, big]]) } },
    }).snapshot;
    const changes = itemsOf(diffSnapshots(a, b), objects);
    expect(changes.map(({ part }) => part)).toEqual(['fact', 'table', 'row']);
    const row = changes[2]!;
    expect(row.part === 'row' && row.after?.length).toBe(
      recordOf({ columns: ['c'], rows: new Map() }, big).length,
    );
    expect(row.part === 'row' && row.table.name).toBe(long);
  });

  it('which columns are masked is no difference by itself', () => {
    const objects = new MemoryObjects();
    const builder = (masked: string[]): Link => {
      const snapshot = new SnapshotBuilder(objects, 'sqlite');
      snapshot.table({ ...specOf('t', { columns: ['c'], rows: new Map() }), masked }).close();
      return snapshot.finish().snapshot;
    };
    expect(itemsOf(diffSnapshots(builder([]), builder(['c'])), objects)).toEqual([]);
  });

  it('refuse rows out of order and things of the same name', () => {
    const builder = new SnapshotBuilder(new MemoryObjects(), 'postgres');
    const table = builder.table({
      ...specOf('t', { columns: ['c'], rows: new Map() }),
      format: 'postgres-copy',
    });
    table.add(integerKey(2n), utf8('x'));
    expect(refusedWith(() => table.add(integerKey(1n), utf8('x')))).toBe('TREE_MALFORMED');
    table.close();
    builder.sequence('s', []);
    builder.sequence('s', []);
    expect(refusedWith(() => builder.finish())).toBe('TREE_MALFORMED');
  });

  it('of two engines cannot be compared', () => {
    const objects = new MemoryObjects();
    const a = new SnapshotBuilder(objects, 'sqlite').finish().snapshot;
    const b = new SnapshotBuilder(objects, 'postgres').finish().snapshot;
    expect(refusedWith(() => itemsOf(diffSnapshots(a, b), objects))).toBe('KIND_NOT_COMPARABLE');
  });
});
