import { describe, expect, it } from 'vitest';
import { renderDiff } from '../../../src/cli/diff-text.ts';
import type { Link } from '../../../src/objects/link.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { boundKey, encodeKey } from '../../../src/objects/rows/key.ts';
import { multisetEntries } from '../../../src/objects/rows/multiset.ts';
import {
  decodeRecord,
  encodeRecord,
  MASKED,
  type SqliteValue,
} from '../../../src/objects/rows/sqlite-record.ts';
import { sha256Bytes } from '../../../src/objects/sha256.ts';
import { SnapshotBuilder, type TableSpec } from '../../../src/objects/snapshots/builder.ts';
import { diffSnapshots } from '../../../src/objects/snapshots/diff.ts';
import { showChange } from '../../../src/objects/snapshots/shown-change.ts';
import { hex, itemsOf } from '../support.ts';

type Key = TableSpec['key'];
type Rows = readonly (readonly [key: Uint8Array, row: Uint8Array])[];

const objects = new MemoryObjects();

/** Whatever column has a masked value is named as masked. */
function state(key: Key, columns: readonly string[], rows: Rows): Link {
  const builder = new SnapshotBuilder(objects, 'sqlite');
  const table = builder.table({
    name: 't',
    format: 'sqlite-record',
    columns: columns.map((name) => ({ name, type: '' })),
    masked: columns.filter(
      (_, i) => key.type === 'declared' && rows.some(([, row]) => decodeRecord(row)[i] === MASKED),
    ),
    key,
  });
  for (const [k, row] of rows) table.add(k, row);
  table.close();
  return builder.finish().snapshot;
}

const declared = (...columns: string[]): Key => ({ type: 'declared', columns });
const row = (...values: SqliteValue[]): Uint8Array => encodeRecord(values);
const changes = (a: Link, b: Link) => itemsOf(diffSnapshots(a, b), objects).map(showChange);
const text = (a: Link, b: Link): string =>
  renderDiff({ equal: false, kind: 'snapshot', changes: changes(a, b) });

describe('a changed row, as it is shown', () => {
  const rowid: Key = { type: 'rowid', columns: [] };
  const one = (value: SqliteValue): Link => state(rowid, ['a'], [[encodeKey([1n]), row(value)]]);

  it('names the column that differs in its type alone, and the types', () => {
    expect(changes(one(1n), one('1'))).toEqual([
      {
        part: 'row',
        change: 'changed',
        table: 't',
        key: { rowid: '1' },
        before: { a: { integer: '1' } },
        after: { a: '1' },
        columns: ['a'],
      },
    ]);
    expect(text(one(1n), one('1'))).toContain("~ t  rowid=1\n    a: integer 1 → text '1'\n");
    expect(text(one(1n), one(1))).toContain('a: integer 1 → real 1.0\n');
    expect(text(one(null), one('NULL'))).toContain("a: NULL → 'NULL'\n");
    expect(text(one('a'), one('b'))).toContain('a: a → b\n');
  });

  it('long values that begin alike are shown from where they differ', () => {
    const long = 'x'.repeat(100);
    expect(text(one(`${long}1`), one(`${long}2`))).toContain("a: …'1' → …'2'\n".replaceAll("'", ''));
  });

  it('a column of any name is a column', () => {
    const proto = (value: SqliteValue): Link =>
      state(rowid, ['__proto__', 'a'], [[encodeKey([1n]), row(value, 1n)]]);
    const [change] = changes(proto('x'), proto('y'));
    expect(change).toMatchObject({ columns: ['__proto__'] });
    expect(JSON.stringify(change)).toContain('"after":{"__proto__":"y","a":{"integer":"1"}}');
  });
});

describe('the key of a row, as it is shown', () => {
  const keyOf = (key: Key, columns: string[], k: Uint8Array, value: Uint8Array): unknown => {
    const [change] = changes(state(key, columns, []), state(key, columns, [[k, value]]));
    return change?.part === 'row' ? change.key : undefined;
  };

  it('1 and its text are two keys', () => {
    const key = (value: SqliteValue & (bigint | string)): unknown =>
      keyOf(declared('k'), ['k', 'v'], encodeKey([value]), row(value, 'x'));
    expect(key(1n)).toEqual({ columns: { k: { integer: '1' } } });
    expect(key('1')).toEqual({ columns: { k: '1' } });
  });

  it('INTEGER PRIMARY KEY, which the record leaves to the key', () => {
    expect(keyOf(declared('id'), ['id', 'v'], encodeKey([7n]), row(null, 'x'))).toEqual({
      columns: { id: { integer: '7' } },
    });
  });

  it('with NULL in it: the row is told by its rowid; by the whole key where the rowid was cut with it', () => {
    const k = encodeKey(['a', null, 9n]);
    expect(keyOf(declared('k', 'l'), ['k', 'l'], k, row('a', null))).toEqual({
      columns: { k: 'a', l: null },
      rowid: '9',
    });
    const long = 'a'.repeat(2000);
    const cut = boundKey(encodeKey([long, null, 9n]));
    expect(keyOf(declared('k', 'l'), ['k', 'l'], encodeKey([long, null, 9n]), row(long, null))).toEqual({
      columns: { k: long, l: null },
      bytes: hex(cut),
    });
  });

  it('with a masked value in it: two masked rows that are equal are two', () => {
    const masked = encodeKey([null, sha256Bytes(row(MASKED)), 0n]);
    expect(keyOf(declared('k'), ['k'], masked, row(MASKED))).toEqual({
      columns: { k: { masked: true } },
      bytes: hex(masked),
    });
  });

  it('of a table without a key: its hash, and how often it was and is there', () => {
    const bag = (n: number): Link =>
      state(
        { type: 'multiset', columns: [] },
        ['a'],
        multisetEntries(Array.from({ length: n }, () => row('x'))),
      );
    expect(changes(bag(3), bag(1))).toMatchObject([
      {
        change: 'changed',
        columns: [],
        key: { bytes: hex(sha256Bytes(row('x'))) },
        count: { before: 3, after: 1 },
      },
    ]);
    expect(changes(bag(0), bag(1))).toMatchObject([{ change: 'added', count: { before: 0, after: 1 } }]);
    expect(text(bag(3), bag(1))).toContain('    (times): 3 → 1\n');
    expect(text(bag(0), bag(1))).not.toContain('(times)');
  });
});
