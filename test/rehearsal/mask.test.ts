import { describe, expect, it } from 'vitest';
import { deltaOf } from '../../src/objects/snapshots/delta.ts';
import { encodeKey } from '../../src/objects/rows/key.ts';
import type { Link } from '../../src/objects/link.ts';
import { walkMap } from '../../src/objects/map-walk.ts';
import { multisetEntries, multisetValue } from '../../src/objects/rows/multiset.ts';
import { encodeRecord } from '../../src/objects/rows/sqlite-record.ts';
import { SnapshotBuilder } from '../../src/objects/snapshots/builder.ts';
import { driveSync, resultOf } from '../../src/objects/walk.ts';
import { maskSnapshot } from '../../src/rehearsal/mask.ts';
import { BAG, KEYED, mask, objects, ROWID, rows, rowsOf, state, tableIn, type Spec } from './mask-states.ts';

const AT = [{ table: 't', column: 'at' }];

describe('masking', () => {
  it('leaves a state as it is where nothing is declared or nothing is new', () => {
    const before = rows('1|a|x');
    const after = state(KEYED, rows('1|a|x', '2|b|y'));
    expect(maskSnapshot(state(KEYED, before), after, [], objects)).toEqual(after);
    expect(maskSnapshot(after, after, AT, objects)).toEqual(after);
    expect(maskSnapshot(state(KEYED, before), after, [{ table: 'u', column: 'at' }], objects)).toEqual(after);
    expect(maskSnapshot(state(KEYED, before), after, [{ table: 't', column: 'gone' }], objects)).toEqual(
      after,
    );
    const deleted = state(KEYED, []);
    expect(maskSnapshot(state(KEYED, before), deleted, AT, objects)).toEqual(deleted);
  });

  it('masks new rows and what an update changed, and keeps what an update left', () => {
    const masked = mask(
      KEYED,
      rows('1|a|x', '2|b|x', '3|c|x'),
      rows('1|a|x', '2|B|x', '3|c|y', '4|d|x'),
      'at',
    );
    expect(rowsOf(masked)).toEqual(['1|a|x', '2|B|x', '3|c|*', '4|d|*']);
    expect(tableIn(masked).masked).toEqual(['at']);
  });

  it('keeps a key that is masked out of an update that did not touch it', () => {
    const masked = mask(KEYED, rows('1|a|x'), rows('1|b|y'), 'id', 'at');
    expect(rowsOf(masked)).toEqual(['1|b|*']);
    const { root } = tableIn(masked);
    expect([...driveSync(walkMap(root), objects.get)].map(({ key }) => key)).toEqual([encodeKey(['1'])]);
  });

  it('gives equal rows whose keys are masked a number each', () => {
    const masked = mask(KEYED, rows('1|a|x'), rows('1|a|x', 'q|b|y', 'r|b|z', 's|c|z'), 'id', 'at');
    expect(rowsOf(masked)).toEqual(['*|b|*', '*|b|*', '*|c|*', '1|a|x']);
    expect(mask(KEYED, rows('1|a|x'), rows('1|a|x', 'u|c|b', 'v|b|b', 'w|b|a'), 'id', 'at')).toEqual(masked);
  });

  it('masks rows that are stored out of line, before and after they are masked', () => {
    const long = 'y'.repeat(20_000);
    expect(
      rowsOf(
        mask(
          KEYED,
          [['1', 'a', long]],
          [
            ['1', 'a', long],
            ['2', 'b', long],
          ],
          'at',
        ),
      ),
    ).toEqual([`1|a|${long}`, '2|b|*']);
    expect(rowsOf(mask(KEYED, [], [['2', long, 'z']], 'at'))).toEqual([`2|${long}|*`]);
  });

  it('does not touch a rowid', () => {
    expect(rowsOf(mask(ROWID, rows('1|a|x'), rows('1|a|x', '2|a|x', '3|a|y'), 'at'))).toEqual([
      'a|*',
      'a|*',
      'a|x',
    ]);
  });

  it('masks in a multiset as many of equal rows as are new', () => {
    expect(rowsOf(mask(BAG, rows('a|x', 'a|x'), rows('a|x', 'a|x', 'a|x', 'a|y'), 'at'))).toEqual([
      'a|*',
      'a|*',
      'a|x',
      'a|x',
    ]);
    // A row that became rarer is not new.
    expect(rowsOf(mask(BAG, rows('a|x', 'a|x', 'b|x'), rows('a|x', 'b|x', 'c|x'), 'at'))).toEqual([
      'a|x',
      'b|x',
      'c|*',
    ]);
  });

  it('takes no longer for a row that is there very often', () => {
    const table = (count: number): Link => {
      const builder = new SnapshotBuilder(objects, 'sqlite');
      const open = builder.table({
        name: 't',
        format: 'sqlite-record',
        columns: [
          { name: 'name', type: '' },
          { name: 'at', type: '' },
        ],
        key: BAG.key,
      });
      const [[key, value]] = multisetEntries([encodeRecord(['a', 'x'])]) as [[Uint8Array, Uint8Array]];
      open.add(key, multisetValue(value.subarray(1), count));
      open.close();
      return builder.finish().snapshot;
    };
    const before = table(2 ** 40);
    const masked = maskSnapshot(before, table(2 ** 40 + 3), AT, objects);
    expect(resultOf(deltaOf(before, masked), objects.get).tables).toEqual([
      { table: 't', inserted: 3, updated: 0, deleted: 0 },
    ]);
  });

  it('takes every row of a table whose columns changed for new', () => {
    const other: Spec = { ...KEYED, columns: ['id', 'name', 'at', 'more'] };
    const masked = maskSnapshot(
      state(KEYED, rows('1|a|x')),
      state(other, rows('1|a|x|m')),
      [{ table: 't', column: 'at' }],
      objects,
    );
    expect(rowsOf(masked)).toEqual(['1|a|*|m']);
    const bag = maskSnapshot(
      state(BAG, rows('a|x')),
      state(KEYED, rows('1|a|x')),
      [{ table: 't', column: 'at' }],
      objects,
    );
    expect(rowsOf(bag)).toEqual(['1|a|*']);
  });

  it('masks a table that is new', () => {
    const empty = new SnapshotBuilder(objects, 'sqlite').finish().snapshot;
    expect(rowsOf(maskSnapshot(empty, state(KEYED, rows('1|a|x')), AT, objects))).toEqual(['1|a|*']);
  });
});
