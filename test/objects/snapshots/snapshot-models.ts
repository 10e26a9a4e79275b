import { integerKey } from '../../../src/objects/rows/key.ts';
import type { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { multisetEntries } from '../../../src/objects/rows/multiset.ts';
import { encodeRecord } from '../../../src/objects/rows/sqlite-record.ts';
import { SnapshotBuilder, type TableSpec } from '../../../src/objects/snapshots/builder.ts';

export interface TableModel {
  readonly columns: readonly string[];
  /** A multiset's rows are in `loose`. */
  readonly rows: ReadonlyMap<number, string>;
  readonly loose?: readonly string[];
}
export interface State {
  readonly facts: Record<string, string>;
  readonly schema: Record<string, string>;
  readonly sequences: Record<string, string>;
  readonly tables: Record<string, TableModel>;
}

export function specOf(name: string, table: TableModel): TableSpec {
  return {
    name,
    format: 'sqlite-record',
    columns: table.columns.map((column) => ({ name: column, type: 'TEXT' })),
    key: table.loose ? { type: 'multiset', columns: [] } : { type: 'rowid', columns: [] },
  };
}

/** A row of a model: its text in the first column. */
export function recordOf({ columns }: TableModel, row: string): Uint8Array {
  return encodeRecord(columns.map((_, i) => (i === 0 ? row : null)));
}

export function captureModel(
  objects: MemoryObjects,
  state: State,
  reversed = false,
): ReturnType<SnapshotBuilder['finish']> {
  const builder = new SnapshotBuilder(objects, 'sqlite');
  const each = <T>(record: Record<string, T>): [string, T][] =>
    reversed ? Object.entries(record).reverse() : Object.entries(record);
  for (const [name, value] of each(state.facts)) builder.fact(name, value);
  for (const [name, value] of each(state.schema)) builder.schema('index', name, [['sql', value]]);
  for (const [name, value] of each(state.sequences)) builder.sequence(name, [['seq', value]]);
  for (const [name, model] of each(state.tables)) {
    const table = builder.table(specOf(name, model));
    if (model.loose)
      for (const [key, value] of multisetEntries(model.loose.map((row) => recordOf(model, row))))
        table.add(key, value);
    else
      for (const [id, row] of [...model.rows].sort(([a], [b]) => a - b))
        table.add(integerKey(BigInt(id)), recordOf(model, row));
    table.close();
  }
  return builder.finish();
}

export const EMPTY: State = { facts: {}, schema: {}, sequences: {}, tables: {} };
export const people = (rows: Record<number, string>, columns = ['id', 'name']): State => ({
  ...EMPTY,
  tables: { people: { columns, rows: new Map(Object.entries(rows).map(([id, row]) => [Number(id), row])) } },
});
