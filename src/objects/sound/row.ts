import type { Before } from './list-walk.ts';
import { compareBytes } from '../codec.ts';
import { boundKey, encodeKey, integerOfKey, TextBytes, type KeyPart } from '../rows/key.ts';
import { MASKED } from '../rows/masked.ts';
import { splitMultisetValue } from '../rows/multiset.ts';
import { decodeRow, type RowValue } from '../rows/row.ts';
import { sha256Bytes } from '../sha256.ts';
import type { Stored } from '../shapes/stored.ts';

/** What of a table its rows must fit. */
export type RowShape = Pick<Stored<'table'>, 'format' | 'columns' | 'key' | 'masked'>;

/**
 * What is wrong with a row: it is a row of its format, has a value for each column, and stands under its own key (SPEC.md,
 * "Keys of rows", "Masking"). In words; undefined where nothing is.
 * @param value as the map has it: of a multiset with its count.
 * @param before the last key before it: equal masked rows are numbered. @throws CustodyError ROW_MALFORMED
 */
export function rowFault(
  table: RowShape,
  key: Uint8Array,
  value: Uint8Array,
  before: Before,
): string | undefined {
  const multiset = table.key.type === 'multiset';
  const split = multiset ? splitMultisetValue(value) : { row: value };
  if (!split) return 'a row of a multiset without a count';
  const { row } = split;
  const values = decodeRow(table.format, row);
  if (values.length !== Math.max(table.columns.length, table.format === 'postgres-copy' ? 1 : 0))
    return `${values.length} values for ${table.columns.length} columns`;
  if (values.some((value, i) => value === MASKED && !table.masked.includes(table.columns[i]?.name ?? '')))
    return 'a masked value in a column that is not named as masked';
  if (multiset) return same(key, sha256Bytes(row)) ? undefined : 'a row under the hash of another';
  return standsUnder(table, key, row, values, before) ? undefined : 'a row under a key that is not its own';
}

function standsUnder(
  table: RowShape,
  key: Uint8Array,
  row: Uint8Array,
  values: readonly RowValue[],
  before: Before,
): boolean {
  if (table.key.type === 'rowid') return integerOfKey(key) !== undefined;
  const at = table.key.columns.map((name) => table.columns.findIndex((column) => column.name === name));
  const parts = at.map((i) => values[i] ?? null);
  if (parts.includes(MASKED)) return isNumbered(key, encodeKey([null, sha256Bytes(row)]), before);
  if (table.format === 'postgres-copy')
    return same(key, boundKey(encodeKey(at.map((i) => copyPart(table.columns[i]!.type, values[i]!)))));
  const own = encodeKey(parts as (KeyPart | TextBytes)[]);
  if (!parts.includes(null)) return same(key, boundKey(own));
  // NULL in a key: the one column is the rowid under another name, or the rowid follows the key's parts.
  if (parts.length === 1 && integerOfKey(key) !== undefined) return true;
  if (key.length >= MAX_READABLE) return true;
  return same(key, own) || numberAfter(key, own) !== undefined;
}

/** A longer key may be a cut one, of which the rowid at its end cannot be read. */
const MAX_READABLE = 1_000;

/** Whether a masked row has the number after that of the equal one before it, or 0 where there is none. */
function isNumbered(key: Uint8Array, own: Uint8Array, before: Before): boolean {
  const number = numberAfter(key, own);
  if (number === undefined || before === null) return number !== undefined;
  const last = before && numberAfter(before, own);
  return number === (last === undefined ? 0n : last + 1n);
}

/** The integer that follows these parts of a key as its last one. */
function numberAfter(key: Uint8Array, own: Uint8Array): bigint | undefined {
  return same(key.subarray(0, own.length), own) ? integerOfKey(key.subarray(own.length)) : undefined;
}

function copyPart(type: string, value: RowValue): KeyPart | TextBytes {
  if (!(value instanceof Uint8Array)) return null;
  const text = Buffer.from(value).toString('latin1');
  return /^(smallint|integer|bigint)$/.test(type) && /^-?[0-9]{1,19}$/.test(text)
    ? BigInt(text)
    : new TextBytes(value);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return compareBytes(a, b) === 0;
}
