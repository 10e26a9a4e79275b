import { expect, it } from 'vitest';
import { multisetValue } from '../../../src/objects/rows/multiset.ts';
import { sha256Bytes } from '../../../src/objects/sha256.ts';
import { rowFaults } from '../../../src/objects/sound/row.ts';
import { utf8 } from '../support.ts';

it('a row of a table without columns is empty', () => {
  const fault = rowFaults({
    format: 'postgres-copy',
    columns: [],
    key: { type: 'multiset', columns: [] },
    masked: [],
  });
  const of = (text: string): string | undefined =>
    fault(multisetValue(utf8(text), 1))(sha256Bytes(utf8(text)), undefined);
  expect(of('')).toBeUndefined();
  expect(of('hidden')).toBe('a value without a column');
  expect(of('\\N')).toBe('a value without a column');
});
