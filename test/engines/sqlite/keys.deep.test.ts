import { describe, expect, it } from 'vitest';
import type { ObjectOf } from '../../../src/objects/kinds.ts';
import type { SqliteValue } from '../../../src/objects/rows/sqlite-record.ts';
import { useTemp } from './helpers.ts';
import { hexBytes, maker, roots, stored } from './stored.ts';

const made = maker(useTemp().file);

describe('keys', () => {
  const key = async (
    create: string,
    ...inserts: string[]
  ): Promise<[ObjectOf<'table'>['key'], SqliteValue[][], string[]]> => {
    const { object, rows, keys } = await stored(made(create, ...inserts), 't');
    return [object.key, rows, keys];
  };

  it('INTEGER PRIMARY KEY is the rowid, which the record leaves out', async () => {
    const [spec, rows, keys] = await key(
      'CREATE TABLE t(a, "the id" INTEGER PRIMARY KEY)',
      'INSERT INTO t VALUES (7, 2), (8, -1)',
    );
    expect(spec).toEqual({ type: 'declared', columns: ['the id'] });
    expect(rows).toEqual([
      [8n, null],
      [7n, null],
    ]);
    expect(keys).toEqual(['107fffffffffffffff', '108000000000000002']);
  });

  it.each(['INT PRIMARY KEY', 'INTEGER PRIMARY KEY DESC', 'BIGINT PRIMARY KEY'])(
    '%s is not the rowid',
    async (type) => {
      const [spec, rows] = await key(`CREATE TABLE t(id ${type})`, 'INSERT INTO t VALUES (2), (1)');
      expect(spec).toEqual({ type: 'declared', columns: ['id'] });
      expect(rows).toEqual([[1n], [2n]]);
    },
  );

  it('without a declared key the rowid is the key, and is state', async () => {
    const [spec, rows, keys] = await key(
      'CREATE TABLE t(a)',
      'INSERT INTO t(rowid, a) VALUES (5, 1), (3, 2)',
    );
    expect(spec).toEqual({ type: 'rowid', columns: [] });
    expect(rows).toEqual([[2n], [1n]]);
    expect(keys).toEqual(['108000000000000003', '108000000000000005']);
  });

  it('WITHOUT ROWID: the key in its own order, the record in the order of declaration', async () => {
    const [spec, rows] = await key(
      'CREATE TABLE t(a, b, c, PRIMARY KEY (c DESC, a)) WITHOUT ROWID',
      `INSERT INTO t VALUES (1, 2, 'x'), (0, 2, 'x'), (5, 5, 'a')`,
    );
    expect(spec).toEqual({ type: 'declared', columns: ['c', 'a'] });
    expect(rows).toEqual([
      [5n, 5n, 'a'],
      [0n, 2n, 'x'],
      [1n, 2n, 'x'],
    ]);
  });

  it('NULL in a declared key: the rowid tells such rows apart, and only such rows', async () => {
    const [, rows, keys] = await key(
      'CREATE TABLE t(a, b, PRIMARY KEY (a, b))',
      'INSERT INTO t(rowid, a, b) VALUES (9, NULL, 1), (4, NULL, 1), (1, 2, 3)',
    );
    expect(rows).toEqual([
      [null, 1n],
      [null, 1n],
      [2n, 3n],
    ]);
    expect(keys).toEqual([
      '05' + '108000000000000001' + '108000000000000004',
      '05' + '108000000000000001' + '108000000000000009',
      '108000000000000002' + '108000000000000003',
    ]);
  });

  it('mixed types come in the order of keys, which is not the order of SQLite', async () => {
    const [, rows] = await key(
      'CREATE TABLE t(a PRIMARY KEY)',
      `INSERT INTO t VALUES (2), (1.5), (-1), (-2.5), ('b'), ('B'), (x'00'), (NULL), (NULL)`,
    );
    expect(rows.map(([a]) => a)).toEqual([null, null, -1n, 2n, -2.5, 1.5, 'B', 'b', hexBytes('00')]);
  });

  it('a collation does not change the order', async () => {
    const [, rows] = await key(
      'CREATE TABLE t(a TEXT COLLATE NOCASE PRIMARY KEY)',
      `INSERT INTO t VALUES ('b'), ('A'), ('C')`,
    );
    expect(rows).toEqual([['A'], ['C'], ['b']]);
  });

  it('long keys are cut, and ordered by their hash where they begin alike', async () => {
    const series = 'WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s LIMIT 50)';
    const path = made(
      'CREATE TABLE t(a TEXT PRIMARY KEY)',
      `INSERT INTO t ${series} SELECT printf('%.*c', 980 + i, 'x') || i FROM s`,
      `INSERT INTO t ${series} SELECT printf('%.*c', 5000, 'x') || i FROM s`,
      `INSERT INTO t VALUES ('y'), ('a')`,
    );
    const { rows, keys } = await stored(path, 't');
    expect(rows.length).toBe(102);
    expect(keys).toEqual([...keys].sort());
  });

  it('a table that hides all names of its rowid', async () => {
    const hidden = 'CREATE TABLE t(rowid, _rowid_, "OID")';
    const [spec, rows] = await key(hidden, 'INSERT INTO t VALUES (3, 2, 1), (6, 5, 4)');
    expect(spec).toEqual({ type: 'rowid', columns: [] });
    expect(rows).toEqual([
      [3n, 2n, 1n],
      [6n, 5n, 4n],
    ]);
    const { object } = await stored(made(hidden), 't');
    expect(object.columns.map(({ name }) => name)).toEqual(['rowid', '_rowid_', 'OID']);
    // The rowid is still state: the same rows with another one.
    const a = made(hidden, 'INSERT INTO t VALUES (0, 0, 0), (3, 2, 1)', 'DELETE FROM t WHERE "OID" = 0');
    const b = made(hidden, 'INSERT INTO t VALUES (3, 2, 1)');
    expect(await roots(a)).not.toEqual(await roots(b));
    const [declared, nulls] = await key(
      'CREATE TABLE t(rowid, _rowid_, oid PRIMARY KEY)',
      'INSERT INTO t VALUES (1, 1, NULL), (2, 2, NULL)',
    );
    expect(declared).toEqual({ type: 'declared', columns: ['oid'] });
    expect(nulls).toEqual([
      [1n, 1n, null],
      [2n, 2n, null],
    ]);
  });

  it('names with quotes, spaces and keywords', async () => {
    const path = made(
      'CREATE TABLE "sel""ect from"("a""b" PRIMARY KEY, "order" INTEGER)',
      'INSERT INTO "sel""ect from" VALUES (1, 2)',
    );
    const { object, rows } = await stored(path, 'sel"ect from');
    expect(object.columns).toEqual([
      { name: 'a"b', type: '' },
      { name: 'order', type: 'INTEGER' },
    ]);
    expect(rows).toEqual([[1n, 2n]]);
  });
});
