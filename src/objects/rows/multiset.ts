import { sha256Bytes } from '../sha256.ts';

/**
 * A table without a key is a multiset: rows by the SHA-256 of their bytes, with counts.
 * @returns entries for a Merkle map, ascending: key = SHA-256 of the row; value = the count as unsigned LEB128
 *   (https://en.wikipedia.org/wiki/LEB128, shortest form), then the row.
 */
export function multisetEntries(rows: Iterable<Uint8Array>): [key: Uint8Array, value: Uint8Array][] {
  const seen = new Map<string, { key: Uint8Array; row: Uint8Array; count: number }>();
  for (const row of rows) {
    const key = sha256Bytes(row);
    const name = Buffer.from(key).toString('latin1');
    const found = seen.get(name);
    if (found) found.count++;
    else seen.set(name, { key, row, count: 1 });
  }
  return [...seen.values()]
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ key, row, count }) => [key, multisetValue(row, count)]);
}

/** The value of one row of a multiset that is there `count` times (at least once). */
export function multisetValue(row: Uint8Array, count: number): Uint8Array {
  return new Uint8Array(Buffer.concat([uleb128(count), row]));
}

/** Splits a multiset's value. @returns undefined when the count is not a shortest LEB128 of at least 1. */
export function splitMultisetValue(value: Uint8Array): { count: number; row: Uint8Array } | undefined {
  let count = 0;
  for (let i = 0; i < 7 && i < value.length; i++) {
    const byte = value[i]!;
    count += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) {
      return count > 0 && (i === 0 || byte > 0) ? { count, row: value.subarray(i + 1) } : undefined;
    }
  }
  return undefined;
}

function uleb128(value: number): Uint8Array {
  const out: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    out.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return Uint8Array.from(out);
}
