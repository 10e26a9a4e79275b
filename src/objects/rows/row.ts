import { unreachable } from '../../errors.ts';
import { splitMultisetValue } from './multiset.ts';
import type { Stored } from '../shapes/stored.ts';
import { decodeCopyRow, encodeCopyRow } from './postgres-copy.ts';
import type { MASKED } from './masked.ts';
import { decodeRecord, encodeRecord, type SqliteValue } from './sqlite-record.ts';

/** One value of a row, whatever the engine: opaque to everything but the engine's own format and what shows it. */
export type RowValue = SqliteValue;

/**
 * The values of a row in the order of the table's columns. For a multiset give the row without its count
 * ({@link rowOf}). @throws CustodyError ROW_MALFORMED
 */
export function decodeRow(format: Stored<'table'>['format'], row: Uint8Array): RowValue[] {
  switch (format) {
    case 'sqlite-record':
      return decodeRecord(row);
    case 'postgres-copy':
      return decodeCopyRow(row);
    default:
      return unreachable(format);
  }
}

/** The inverse of {@link decodeRow}. */
export function encodeRow(format: Stored<'table'>['format'], values: readonly RowValue[]): Uint8Array {
  switch (format) {
    case 'sqlite-record':
      return encodeRecord(values);
    case 'postgres-copy':
      return encodeCopyRow(values as (Uint8Array | null | typeof MASKED)[]);
    default:
      return unreachable(format);
  }
}

/** The row inside a map's value, and how often it is there. Of a multiset the value was found sound. */
export function rowOf(table: Stored<'table'>, value: Uint8Array): { row: Uint8Array; count: number } {
  if (table.key.type !== 'multiset') return { row: value, count: 1 };
  return splitMultisetValue(value)!;
}

/** The values of a row's columns, and how often it is there. @throws CustodyError ROW_MALFORMED */
export function readRow(table: Stored<'table'>, value: Uint8Array): { values: RowValue[]; count: number } {
  const { row, count } = rowOf(table, value);
  // COPY has one empty field where there is no column.
  return { values: decodeRow(table.format, row).slice(0, table.columns.length), count };
}
