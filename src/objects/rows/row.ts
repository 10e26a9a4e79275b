import { unreachable } from '../../errors.ts';
import { splitMultisetValue } from './multiset.ts';
import type { Table } from '../snapshots/diff.ts';
import { TextBytes } from './key.ts';
import { decodeCopyRow, encodeCopyRow } from './postgres-copy.ts';
import { MASKED } from './masked.ts';
import { decodeRecord, encodeRecord, type SqliteValue } from './sqlite-record.ts';

/** One value of a row, whatever the engine: opaque to everything but the engine's own format and {@link showValue}. */
export type RowValue = SqliteValue;

/**
 * The values of a row in the order of the table's columns. For a multiset give the row without its count
 * ({@link rowOf}). @throws CustodyError ROW_MALFORMED
 */
export function decodeRow(format: Table['format'], row: Uint8Array): RowValue[] {
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
export function encodeRow(format: Table['format'], values: readonly RowValue[]): Uint8Array {
  switch (format) {
    case 'sqlite-record':
      return encodeRecord(values);
    case 'postgres-copy':
      return encodeCopyRow(values as (Uint8Array | null | typeof MASKED)[]);
    default:
      return unreachable(format);
  }
}

/** The row inside a map's value, and how often it is there. */
export function rowOf(table: Table, value: Uint8Array): { row: Uint8Array; count: number } {
  if (table.key.type !== 'multiset') return { row: value, count: 1 };
  return splitMultisetValue(value) ?? { row: value, count: 1 };
}

/**
 * A value for people and for JSON: NULL as null, integers and reals as text that keeps every digit, text as it is,
 * bytes as `x'…'`, a masked value as `(masked)`. Text from PostgreSQL is what its COPY printed.
 */
export function showValue(format: Table['format'], value: RowValue): string | null {
  if (value === null) return null;
  if (value === MASKED) return '(masked)';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number')
    return Object.is(value, -0) ? '-0.0' : Number.isInteger(value) ? `${value}.0` : String(value);
  if (typeof value === 'string') return value;
  if (value instanceof TextBytes) return Buffer.from(value.bytes).toString('utf8');
  return format === 'postgres-copy'
    ? Buffer.from(value).toString('utf8')
    : `x'${Buffer.from(value).toString('hex')}'`;
}
