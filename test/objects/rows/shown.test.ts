import { describe, expect, it } from 'vitest';
import { TextBytes } from '../../../src/objects/rows/key.ts';
import { MASKED } from '../../../src/objects/rows/masked.ts';
import type { RowValue } from '../../../src/objects/rows/row.ts';
import { plainValue, sameShown, shownType, shownValue } from '../../../src/objects/rows/shown.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

/** Each a value that is no other. */
const VALUES: readonly [RowValue, json: string, plain: string, type: string][] = [
  [null, 'null', 'NULL', 'null'],
  ['NULL', '"NULL"', "'NULL'", 'text'],
  ['null', '"null"', "'null'", 'text'],
  ["'NULL'", '"\'NULL\'"', "''NULL''", 'text'],
  ['', '""', "''", 'text'],
  [1n, '{"integer":"1"}', '1', 'integer'],
  ['1', '"1"', "'1'", 'text'],
  [1, '{"real":"1.0"}', '1.0', 'real'],
  ['1.0', '"1.0"', "'1.0'", 'text'],
  [bytes('1'), '{"blob":"31"}', "x'31'", 'blob'],
  [bytes('x'), '{"blob":"78"}', "x'78'", 'blob'],
  ["x'78'", '"x\'78\'"', "'x'78''", 'text'],
  ['x', '"x"', 'x', 'text'],
  [new TextBytes(Uint8Array.of(0xff)), '{"textBytes":"ff"}', "x'ff'", 'text bytes'],
  [Uint8Array.of(0xff), '{"blob":"ff"}', "x'ff'", 'blob'],
  [-1e308, '{"real":"-1e+308"}', '-1e+308', 'real'],
  ['-1e+308', '"-1e+308"', "'-1e+308'", 'text'],
  [-0, '{"real":"-0.0"}', '-0.0', 'real'],
  [0, '{"real":"0.0"}', '0.0', 'real'],
  [-Infinity, '{"real":"-Infinity"}', '-Infinity', 'real'],
  ['-Infinity', '"-Infinity"', "'-Infinity'", 'text'],
  [2n ** 63n - 1n, '{"integer":"9223372036854775807"}', '9223372036854775807', 'integer'],
  [0.1, '{"real":"0.1"}', '0.1', 'real'],
  [MASKED, '{"masked":true}', '(masked)', 'masked'],
  ['(masked)', '"(masked)"', "'(masked)'", 'text'],
];

describe('a value of SQLite, as it is shown', () => {
  it.each(VALUES)('%s is %s', (value, json, plain, type) => {
    const shown = shownValue('sqlite-record', value);
    expect([JSON.stringify(shown), plainValue(shown), shownType(shown)]).toEqual([json, plain, type]);
  });

  it('no two look alike', () => {
    const all = VALUES.map(([value]) => shownValue('sqlite-record', value));
    for (const [i, a] of all.entries())
      for (const [j, b] of all.entries()) {
        expect(sameShown(a, b), `${JSON.stringify(a)} and ${JSON.stringify(b)}`).toBe(i === j);
        const texts = [a, b].map((value) => `${shownType(value)} ${plainValue(value)}`);
        expect(texts[0] === texts[1]).toBe(i === j);
      }
  });
});

it('a value of PostgreSQL is the text that COPY printed, or NULL', () => {
  const shown = (value: RowValue) => shownValue('postgres-copy', value);
  expect([shown(null), shown(bytes('NULL')), shown(bytes('1')), shown(MASKED)]).toEqual([
    null,
    'NULL',
    '1',
    { masked: true },
  ]);
});
