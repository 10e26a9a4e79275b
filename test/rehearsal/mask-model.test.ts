import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MASKED } from '../../src/objects/rows/masked.ts';
import { BAG, KEYED, mask, rowsOf, show, tableIn, type Values } from './mask-states.ts';

describe('masking agrees with a model', () => {
  const text = fc.constantFrom('a', 'b', 'c');

  it('for keyed tables', () => {
    const rows = fc.uniqueArray(fc.tuple(fc.constantFrom('1', '2', '3', '4', '5'), text, text), {
      selector: ([id]) => id,
    });
    fc.assert(
      fc.property(rows, rows, fc.subarray(['id', 'name', 'at']), (before, after, columns) => {
        const masked = mask(KEYED, before, after, ...columns);
        const expected = after.map((row) => {
          const was = before.find(([id]) => id === row[0]);
          return show(
            row.map((value, i) =>
              columns.includes(KEYED.columns[i]!) && was?.[i] !== value ? MASKED : value,
            ),
          );
        });
        expect(rowsOf(masked)).toEqual(expected.sort());
        const any = expected.some((row) => row.includes('*'));
        expect(tableIn(masked).masked).toEqual(
          any ? KEYED.columns.filter((name) => columns.includes(name)) : [],
        );
      }),
    );
  });

  it('for multisets', () => {
    const rows = fc.array(fc.tuple(text, text), { maxLength: 8 });
    fc.assert(
      fc.property(rows, rows, fc.subarray(['name', 'at'], { minLength: 1 }), (before, after, columns) => {
        const left = before.map(show);
        const expected = after
          .map((row) => {
            const at = left.indexOf(show(row));
            if (at >= 0) left.splice(at, 1);
            return at >= 0
              ? show(row)
              : show(row.map((value, i) => (columns.includes(BAG.columns[i]!) ? MASKED : value)));
          })
          .sort();
        expect(rowsOf(mask(BAG, before, after, ...columns))).toEqual(expected);
      }),
    );
  });

  it('and the order of rows and their hidden values make no difference', () => {
    const rows = fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(rows, fc.array(fc.string(), { minLength: 6, maxLength: 6 }), (names, values) => {
        const first = names.map(([name], i): Values => [`x${i}`, name, '1']);
        const second = names.map(([name], i): Values => [`y${values[i]}${i}`, name, values[i]!]).reverse();
        expect(mask(KEYED, [], first, 'id', 'at')).toEqual(mask(KEYED, [], second, 'id', 'at'));
      }),
    );
  });
});
