import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { multisetEntries, splitMultisetValue } from '../../../src/objects/rows/multiset.ts';
import { sha256Hex } from '../../../src/objects/sha256.ts';
import { hex, unhex } from '../support.ts';

describe('multisets', () => {
  it('hold each row once, with how often it occurs, in order of keys, whatever order they came in', () => {
    const row = fc.oneof(fc.uint8Array({ maxLength: 2 }), fc.uint8Array({ maxLength: 40 }));
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), (rows) => {
        const model = new Map<string, number>();
        for (const item of rows) model.set(hex(item), (model.get(hex(item)) ?? 0) + 1);
        const entries = multisetEntries(rows);
        const found = entries.map(([key, value]) => {
          const split = splitMultisetValue(value)!;
          expect(hex(key)).toBe(sha256Hex(split.row));
          return [hex(split.row), split.count] as const;
        });
        expect(new Map(found)).toEqual(model);
        expect(found).toHaveLength(model.size);
        expect(entries.map(([key]) => hex(key))).toEqual(entries.map(([key]) => hex(key)).sort());
        expect(multisetEntries(rows.toReversed())).toEqual(entries);
      }),
    );
  });

  it.each([
    ['01', 1, ''],
    ['01ff', 1, 'ff'],
    ['7f61', 127, '61'],
    ['800161', 128, '61'],
    ['ff01', 255, ''],
    ['80800161', 16_384, '61'],
    ['ffffffffffff7f', 2 ** 49 - 1, ''],
  ])('%s is a count of %i', (value, count, row) => {
    expect(splitMultisetValue(unhex(value))).toEqual({ count, row: unhex(row) });
  });

  it('writes the shortest count', () => {
    const rows = (count: number): Uint8Array[] => new Array<Uint8Array>(count).fill(unhex('61'));
    expect(hex(multisetEntries(rows(127))[0]![1])).toBe('7f61');
    expect(hex(multisetEntries(rows(128))[0]![1])).toBe('800161');
    expect(hex(multisetEntries(rows(16_384))[0]![1])).toBe('80800161');
  });

  it.each([
    ['nothing', ''],
    ['a count of 0', '0061'],
    ['a longer form of 1', '810061'],
    ['a longer form of 0', '8000'],
    ['a count that does not end', 'ffff'],
    ['a count beyond 49 bits', '8080808080808001'],
  ])('refuses %s', (_, value) => {
    expect(splitMultisetValue(unhex(value))).toBeUndefined();
  });
});
