import { isCustodyError } from '../../errors.ts';
import type { KeyBefore } from './list-walk.ts';
import { compareBytes } from '../codec.ts';
import { boundKey, CUT_KEY, encodeKey, integerOfKey, MAX_KEY, TextBytes, type KeyPart } from '../rows/key.ts';
import { MASKED } from '../rows/masked.ts';
import { splitMultisetValue } from '../rows/multiset.ts';
import { decodeRow, type RowValue } from '../rows/row.ts';
import { sha256Bytes } from '../sha256.ts';
import type { Stored } from '../shapes/stored.ts';

/** What is wrong with a value under a key, in words; undefined where nothing is. `before`: the last key before it. */
export type KeyFault = (key: Uint8Array, before: KeyBefore) => string | undefined;
/** Reads a value once, under however many keys it stands. */
export type RowFault = (value: Uint8Array) => KeyFault;

/** What of a table its rows must fit. */
export type RowShape = Pick<Stored<'table'>, 'format' | 'columns' | 'key' | 'masked'>;

/**
 * Says what is wrong with a row of this table: it is a row of its format, has a value for each column, and stands under
 * its own key (spec/FORMAT.md, "Keys of rows", "Masking"). A value is as the map has it, of a multiset with its count; equal
 * masked rows are numbered.
 */
export function rowFaults({ format, columns, key: { type, columns: keyed }, masked }: RowShape): RowFault {
  const width = Math.max(columns.length, format === 'postgres-copy' ? 1 : 0);
  const mayMask = columns.map(({ name }) => masked.includes(name));
  const at = keyed.map((name) => columns.findIndex((column) => column.name === name));
  const types = at.map((i) => columns[i]?.type ?? '');
  return (value) => {
    const split = type === 'multiset' ? splitMultisetValue(value) : { row: value };
    if (!split) return () => 'a row of a multiset without a count';
    const { row } = split;
    const values = valuesOf(format, row);
    if (typeof values === 'string') return () => values;
    if (values.length !== width) return () => `${values.length} values for ${columns.length} columns`;
    if (values.length > columns.length && row.length > 0) return () => 'a value without a column';
    if (values.some((one, i) => one === MASKED && !mayMask[i]))
      return () => 'a masked value in a column that is not named as masked';
    const hash = type === 'multiset' ? sha256Bytes(row) : undefined;
    if (hash) return (key) => (same(key, hash) ? undefined : 'a row under the hash of another');
    const own = ownKeys(row, values);
    return (key, before) => (own(key, before) ? undefined : 'a row under a key that is not its own');
  };

  function ownKeys(
    row: Uint8Array,
    values: readonly RowValue[],
  ): (key: Uint8Array, before: KeyBefore) => boolean {
    if (type === 'rowid') return (key) => integerOfKey(key) !== undefined;
    const parts = at.map((i) => values[i] ?? null);
    if (parts.includes(MASKED)) {
      const own = encodeKey([null, sha256Bytes(row)]);
      return (key, before) => isNumbered(key, own, before);
    }
    if (format === 'sqlite-record') return sqliteKeys(parts as (KeyPart | TextBytes)[]);
    const own = boundKey(encodeKey(parts.map((part, i) => copyPart(types[i]!, part))));
    return (key) => same(key, own);
  }
}

/** The values, or why there are none. */
function valuesOf(format: RowShape['format'], row: Uint8Array): RowValue[] | string {
  try {
    return decodeRow(format, row);
  } catch (error) {
    if (isCustodyError(error)) return error.message;
    throw error;
  }
}

function sqliteKeys(parts: readonly (KeyPart | TextBytes)[]): (key: Uint8Array) => boolean {
  const own = encodeKey(parts);
  const bound = boundKey(own);
  if (!parts.includes(null)) return (key) => same(key, bound);
  return (key) => {
    // NULL in a key: the one column is the rowid under another name, or the rowid follows the key's parts.
    if (parts.length === 1 && integerOfKey(key) !== undefined) return true;
    if (key.length < MAX_KEY) return same(key, own) || numberAfter(key, own) !== undefined;
    // Cut, so that the rowid at its end cannot be read: what is before the hash is of these parts.
    return own.length >= MAX_KEY - ROWID && same(key.subarray(0, CUT_KEY), own.subarray(0, CUT_KEY));
  };
}

/** Bytes of a rowid at the end of a key. */
const ROWID = 9;

/** Whether a masked row has the number after that of the equal one before it, or 0 where there is none. */
function isNumbered(key: Uint8Array, own: Uint8Array, before: KeyBefore): boolean {
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
