import { sha256Bytes } from '../objects/sha256.ts';
import { compareBytes } from '../objects/codec.ts';
import { encodeKey } from '../objects/key.ts';
import { decodeKind, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import { findRow, walkMap } from '../objects/map-walk.ts';
import type { MemoryObjects } from '../objects/memory-objects.ts';
import { MapBuilder } from '../objects/merkle-map.ts';
import { multisetEntries } from '../objects/multiset.ts';
import { MASKED } from '../objects/rows/masked.ts';
import { decodeRow, encodeRow, rowOf, type RowValue } from '../objects/rows/row.ts';
import { readTable, rowBytes, type Table } from '../objects/snapshot-diff.ts';
import { putObject } from '../objects/sink.ts';
import { driveSync, resultOf } from '../objects/walk.ts';
import { diffMaps } from '../objects/map-walk.ts';

export interface Declared {
  readonly table: string;
  readonly column: string;
}

/**
 * The after-state with the declared values of new and changed rows replaced by MASKED, so that two rehearsals give the
 * same id. Rows that are as they were before keep every value: comparisons with the before-state are never relaxed.
 * A row whose key holds a declared value is keyed by its masked content instead (SPEC.md, "Masking").
 */
export function maskSnapshot(
  before: Link,
  after: Link,
  declared: readonly Declared[],
  objects: MemoryObjects,
): Link {
  if (declared.length === 0 || before.equals(after)) return after;
  const old = decodeKind('snapshot', objects.get(before.digest));
  const now = decodeKind('snapshot', objects.get(after.digest));
  const tables = new MapBuilder(objects);
  for (const { key, row } of driveSync(walkMap(now.tables), objects.get)) {
    const table = resultOf(readTable(row), objects.get);
    const columns = declared.filter((d) => d.table === table.name).map((d) => d.column);
    if (columns.length === 0) {
      tables.addBounded(key, row);
      continue;
    }
    const [was] = driveSync(findRow(old.tables, key), objects.get);
    const earlier = was === undefined ? undefined : resultOf(readTable(was), objects.get);
    tables.addBounded(key, maskTable(earlier, table, columns, objects));
  }
  return putObject(objects, { ...now, tables: tables.finish().root });
}

function maskTable(
  before: Table | undefined,
  after: Table,
  columns: readonly string[],
  objects: MemoryObjects,
): Link {
  const masked = after.columns.map(({ name }) => columns.includes(name));
  const empty = new MapBuilder(objects).finish().root;
  const replaced = new Map<string, RowValue[]>();
  let any = false;
  for (const change of driveSync(diffMaps(before?.root ?? empty, after.root), objects.get)) {
    if (change.after === undefined) continue;
    const values = decodeRow(after.format, rowOf(after, resultOf(rowBytes(change.after), objects.get)).row);
    const earlier =
      change.before &&
      decodeRow(after.format, rowOf(after, resultOf(rowBytes(change.before), objects.get)).row);
    const update = after.key.type !== 'multiset' ? earlier : undefined;
    const next = values.map((value, i) =>
      masked[i] && !(update && sameValue(after, update[i], value)) ? MASKED : value,
    );
    any ||= next.includes(MASKED);
    replaced.set(hex(change.key), next);
  }
  const rows = any ? maskedEntries(after, masked, replaced, objects) : undefined;
  if (rows === undefined) return putObject(objects, after);
  const map = new MapBuilder(objects);
  for (const [key, row] of rows) map.addBounded(key, row);
  const { root, count } = map.finish();
  const names = after.columns.filter((_, i) => masked[i]).map(({ name }) => name);
  return putObject(objects, { ...after, masked: names, rows: count, root } satisfies ObjectOf<'table'>);
}

/** The table's entries in order, with the replaced rows in place. */
function maskedEntries(
  table: Table,
  masked: readonly boolean[],
  replaced: ReadonlyMap<string, RowValue[]>,
  objects: MemoryObjects,
): [Uint8Array, Uint8Array | Link][] {
  const entries: [Uint8Array, Uint8Array | Link][] = [];
  const loose: Uint8Array[] = [];
  const keyMasked = table.key.columns.some((name) => masked[table.columns.findIndex((c) => c.name === name)]);
  for (const { key, row } of driveSync(walkMap(table.root), objects.get)) {
    const values = replaced.get(hex(key));
    if (!values) entries.push([key, row]);
    else {
      const bytes = encodeRow(table.format, values);
      const { count } = rowOf(table, resultOf(rowBytes(row), objects.get));
      if (table.key.type === 'multiset') for (let i = 0; i < count; i++) loose.push(bytes);
      else if (keyMasked) loose.push(bytes);
      else entries.push([key, bytes]);
    }
  }
  if (table.key.type === 'multiset') entries.push(...multisetEntries(loose));
  else entries.push(...maskedKeys(loose));
  return mergeSorted(table, entries, objects);
}

/** Rows whose key is masked: keyed by NULL, the hash of the masked row, and a number among equal ones. */
function maskedKeys(rows: readonly Uint8Array[]): [Uint8Array, Uint8Array][] {
  const seen = new Map<string, bigint>();
  return rows.map((row) => {
    const hash = sha256Bytes(row);
    const number = seen.get(hex(hash)) ?? 0n;
    seen.set(hex(hash), number + 1n);
    return [encodeKey([null, hash, number]), row];
  });
}

/** Sorts; a masked row of a multiset that equals one that is there already joins its count. */
function mergeSorted(
  table: Table,
  entries: [Uint8Array, Uint8Array | Link][],
  objects: MemoryObjects,
): [Uint8Array, Uint8Array | Link][] {
  entries.sort(([a], [b]) => compareBytes(a, b));
  if (table.key.type !== 'multiset') return entries;
  const repeated = entries.some(([key], i) => i > 0 && compareBytes(entries[i - 1]![0], key) === 0);
  if (!repeated) return entries;
  const rows = entries.flatMap(([, value]) => {
    const { row, count } = rowOf(table, resultOf(rowBytes(value), objects.get));
    return Array.from({ length: count }, () => row);
  });
  return multisetEntries(rows);
}

function sameValue(table: Table, a: RowValue | undefined, b: RowValue): boolean {
  return a !== undefined && compareBytes(encodeRow(table.format, [a]), encodeRow(table.format, [b])) === 0;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
