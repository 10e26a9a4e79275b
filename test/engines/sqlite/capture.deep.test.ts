import { describe, expect, it } from 'vitest';
import { DatabaseSync } from 'node:sqlite';
import { TextBytes } from '../../../src/objects/rows/key.ts';
import type { SqliteValue } from '../../../src/objects/rows/sqlite-record.ts';
import { capture, useTemp } from './helpers.ts';
import { hexBytes, maker, roots, stored } from './stored.ts';

const made = maker(useTemp().file);

describe('values', () => {
  it('1, 1.0, text 1 and the blob 31 are four different states', async () => {
    const seen = new Set<string>();
    for (const value of ['1', '1.0', `'1'`, `x'31'`]) {
      seen.add(
        (
          await roots(made('CREATE TABLE t(id INTEGER PRIMARY KEY, v)', `INSERT INTO t VALUES (1, ${value})`))
        )['t']!,
      );
    }
    expect(seen.size).toBe(4);
  });

  it('come back as they are: NULL, integers beyond 2^53, -0.0, infinities, NUL in text, blobs', async () => {
    const path = made('CREATE TABLE t(id INTEGER PRIMARY KEY, v)');
    const values = [
      null,
      9007199254740993n,
      -(2n ** 63n),
      -0.0,
      Infinity,
      -Infinity,
      'a\0b',
      '\ufeffbom',
      '',
      hexBytes(''),
      hexBytes('00ff'),
    ];
    const db = new DatabaseSync(path);
    for (const value of values) db.prepare('INSERT INTO t(v) VALUES (?)').run(value);
    db.close();
    const { rows } = await stored(path, 't');
    expect(rows).toEqual(values.map((value) => [null, value]));
    expect(Object.is(rows[3]![1], -0)).toBe(true);
  });

  it('a whole number in a REAL column is a real, however it is stored', async () => {
    const a = made('CREATE TABLE t(id INTEGER PRIMARY KEY, v REAL)', 'INSERT INTO t VALUES (1, 5)');
    expect((await stored(a, 't')).rows).toEqual([[null, 5]]);
    expect((await stored(a, 't')).rows[0]![1]).toBeTypeOf('number');
  });

  it('-0.0 survives only in a column without affinity, which is SQLite, not us', async () => {
    const path = made(
      'CREATE TABLE t(id INTEGER PRIMARY KEY, none, real REAL, n NUMERIC)',
      'INSERT INTO t VALUES (1, -0.0, -0.0, -0.0)',
    );
    const [row] = (await stored(path, 't')).rows;
    expect(Object.is(row![1], -0)).toBe(true);
    expect(Object.is(row![2], 0)).toBe(true);
    expect(row![3]).toBe(0n);
  });

  it('text that is not UTF-8 keeps its bytes, beside text that holds U+FFFD', async () => {
    const texts = ['61', 'ff', 'eda080', 'efbfbd', 'c080', '62'];
    const path = made(
      'CREATE TABLE t(k TEXT PRIMARY KEY, v)',
      ...texts.map((hex, i) => `INSERT INTO t VALUES (CAST(x'${hex}' AS TEXT), ${i + 2})`),
    );
    const { rows } = await stored(path, 't');
    const invalid = (hex: string, i: bigint): SqliteValue[] => [new TextBytes(hexBytes(hex)), i];
    expect(rows).toEqual([
      ['a', 2n],
      ['b', 7n],
      invalid('c080', 6n),
      invalid('eda080', 4n),
      ['\ufffd', 5n],
      invalid('ff', 3n),
    ]);
  });

  it('and so at any place of a larger table, whatever its key', async () => {
    for (const key of ['id INTEGER PRIMARY KEY', 'id TEXT PRIMARY KEY', 'id']) {
      const series = 'WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s LIMIT 1000) SELECT i';
      const path = made(
        `CREATE TABLE t(${key}, v)`,
        `INSERT INTO t ${series}, 'row ' || i FROM s`,
        `UPDATE t SET v = CAST(x'ff' AS TEXT) WHERE id % 300 = 0`,
      );
      const { rows } = await stored(path, 't');
      expect(rows.length).toBe(1000);
      expect(rows.filter(([, v]) => v instanceof TextBytes).length).toBe(3);
      expect(new Set(rows.map(([, v]) => (v instanceof TextBytes ? '' : v))).size).toBe(998);
    }
  });

  it.each(['UTF-16le', 'UTF-16be'])('%s is transcoded, and is a fact of its own', async (encoding) => {
    const sql = [
      'CREATE TABLE t(k TEXT PRIMARY KEY, v)',
      `INSERT INTO t VALUES ('grüße', 1), ('\u{1f600}', 2), ('\uff5e', 3), ('a', '\ufffd')`,
    ];
    const utf8 = await capture(made(...sql));
    const utf16 = await capture(made(`PRAGMA encoding = '${encoding}'; ${sql.join(';')}`));
    expect(utf16.tables).toEqual(utf8.tables);
    expect(utf16.snapshot.digest).not.toBe(utf8.snapshot.digest);
    const lone = made(
      `PRAGMA encoding = '${encoding}'; CREATE TABLE t(a)`,
      `INSERT INTO t VALUES (CAST(x'${encoding === 'UTF-16le' ? '3dd8' : 'd83d'}' AS TEXT))`,
    );
    expect((await stored(lone, 't')).rows).toEqual([[new TextBytes(hexBytes('eda0bd'))]]);
  });

  it('of columns added later are their defaults, as in a table that was made with them', async () => {
    const a = made(
      `CREATE TABLE t(id INTEGER PRIMARY KEY, a)`,
      `INSERT INTO t VALUES (1, 1), (2, 2)`,
      `ALTER TABLE t ADD COLUMN b DEFAULT 'x'`,
      `ALTER TABLE t ADD COLUMN c REAL DEFAULT 3`,
      `INSERT INTO t(id, a) VALUES (3, 3)`,
    );
    expect((await stored(a, 't')).rows).toEqual([1n, 2n, 3n].map((n) => [null, n, 'x', 3]));
    const b = made(
      `CREATE TABLE t(id INTEGER PRIMARY KEY, a, b, c REAL)`,
      `INSERT INTO t VALUES (1, 1, 'x', 3), (2, 2, 'x', 3), (3, 3, 'x', 3)`,
    );
    expect(await roots(a)).toEqual(await roots(b));
  });

  it('generated columns: stored ones are state, virtual ones are not', async () => {
    const path = made(
      'CREATE TABLE t(a, b AS (a + 1), c AS (a + 2) STORED, d)',
      'INSERT INTO t(a, d) VALUES (1, 9)',
    );
    const { object, rows } = await stored(path, 't');
    expect(object.columns.map(({ name }) => name)).toEqual(['a', 'c', 'd']);
    expect(rows).toEqual([[1n, 3n, 9n]]);
  });
});
