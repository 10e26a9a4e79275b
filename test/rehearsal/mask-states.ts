import { encodeKey } from '../../src/objects/rows/key.ts';
import type { Link } from '../../src/objects/link.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { walkMap } from '../../src/objects/map-walk.ts';
import { multisetEntries } from '../../src/objects/rows/multiset.ts';
import { decodeRow, rowOf } from '../../src/objects/rows/row.ts';
import { encodeRecord, MASKED, type SqliteValue } from '../../src/objects/rows/sqlite-record.ts';
import { decodeKind } from '../../src/objects/kinds.ts';
import { rowBytes } from '../../src/objects/map-walk.ts';
import { readTable, type Table } from '../../src/objects/snapshots/diff.ts';
import { SnapshotBuilder, type TableSpec } from '../../src/objects/snapshots/builder.ts';
import { driveSync, resultOf } from '../../src/objects/walk.ts';
import { maskSnapshot } from '../../src/rehearsal/mask.ts';

export type Values = SqliteValue[];
export interface Spec {
  readonly columns: readonly string[];
  readonly key: TableSpec['key'];
}
export const KEYED: Spec = { columns: ['id', 'name', 'at'], key: { type: 'declared', columns: ['id'] } };
export const BAG: Spec = { columns: ['name', 'at'], key: { type: 'multiset', columns: [] } };
export const ROWID: Spec = { columns: ['name', 'at'], key: { type: 'rowid', columns: [] } };
export const objects = new MemoryObjects();

/** Rows of a rowid table have the rowid in front, which is the key and no value. */
export function state(spec: Spec, rows: readonly Values[]): Link {
  const builder = new SnapshotBuilder(objects, 'sqlite');
  const table = builder.table({
    name: 't',
    format: 'sqlite-record',
    columns: spec.columns.map((name) => ({ name, type: '' })),
    key: spec.key,
  });
  const entries: [Uint8Array, Uint8Array][] =
    spec.key.type === 'multiset'
      ? multisetEntries(rows.map(encodeRecord))
      : rows.map((row) => [
          encodeKey([row[0] as string]),
          encodeRecord(spec.key.type === 'rowid' ? row.slice(1) : row),
        ]);
  for (const [key, row] of entries.sort(([a], [b]) => Buffer.compare(a, b))) table.add(key, row);
  table.close();
  return builder.finish().snapshot;
}

export function tableIn(snapshot: Link): Table {
  const { tables } = decodeKind('snapshot', objects.get(snapshot.digest));
  const [entry] = driveSync(walkMap(tables), objects.get);
  return resultOf(readTable(entry!.row), objects.get);
}

/** The rows of the one table, as often as they are there, as text that can be compared. */
export function rowsOf(snapshot: Link): string[] {
  const table = tableIn(snapshot);
  return [...driveSync(walkMap(table.root, table.rows), objects.get)]
    .flatMap(({ row }) => {
      const { row: bytes, count } = rowOf(table, resultOf(rowBytes(row), objects.get));
      return Array<string>(count).fill(show(decodeRow('sqlite-record', bytes)));
    })
    .sort();
}

export const show = (values: Values): string =>
  values.map((v) => (v === MASKED ? '*' : typeof v === 'string' ? v : '?')).join('|');
/** Rows of texts from what {@link show} makes of them. */
export const rows = (...shown: readonly string[]): Values[] => shown.map((row) => row.split('|'));
export const mask = (spec: Spec, before: Values[], after: Values[], ...columns: string[]): Link =>
  maskSnapshot(
    state(spec, before),
    state(spec, after),
    columns.map((column) => ({ table: 't', column })),
    objects,
  );
