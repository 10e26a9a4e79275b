import { describe, expect, it } from 'vitest';
import { DatabaseSync } from 'node:sqlite';
import { captureFile } from '../../../src/engines/sqlite/index.ts';
import { TextBytes } from '../../../src/objects/rows/key.ts';
import { decodeKind, type ObjectOf } from '../../../src/objects/kinds.ts';
import type { Link } from '../../../src/objects/link.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { decodeRecord, type SqliteValue } from '../../../src/objects/rows/sqlite-record.ts';
import { capture, make, useTemp } from './helpers.ts';

const temp = useTemp();
let count = 0;
const made = (...sql: string[]): string => make(temp.file(`${++count}.db`), ...sql);
const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

interface Table {
  readonly object: ObjectOf<'table'>;
  readonly keys: string[];
  readonly rows: SqliteValue[][];
}

/** The table as it is stored, rows decoded. */
async function stored(path: string, name: string): Promise<Table> {
  const sink = new MemoryObjects();
  const { snapshot } = await captureFile(path, sink);
  const { tables } = decodeKind('snapshot', sink.get(snapshot.digest));
  for (const [, link] of entries(sink, tables)) {
    const object = decodeKind('table', sink.get((link as Link).digest));
    if (object.name !== name) continue;
    const all = [...entries(sink, object.root)];
    return {
      object,
      keys: all.map(([key]) => Buffer.from(key).toString('hex')),
      rows: all.map(([, row]) => decodeRecord(row as Uint8Array)),
    };
  }
  throw new Error(`no table ${name}`);
}

function* entries(sink: MemoryObjects, root: Link): Generator<[Uint8Array, Uint8Array | Link]> {
  const bytes = sink.get(root.digest);
  const list = Buffer.from(bytes).includes('rows') ? decodeKind('rows', bytes) : decodeKind('node', bytes);
  if (list.kind === 'rows') yield* list.entries as [Uint8Array, Uint8Array | Link][];
  else for (const [, link] of list.entries) yield* entries(sink, link);
}

async function roots(path: string): Promise<Record<string, string>> {
  const { tables } = await capture(path);
  return Object.fromEntries(Object.entries(tables).map(([name, { root }]) => [name, root]));
}

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
      bytes(''),
      bytes('00ff'),
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
    const invalid = (hex: string, i: bigint): SqliteValue[] => [new TextBytes(bytes(hex)), i];
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
    expect((await stored(lone, 't')).rows).toEqual([[new TextBytes(bytes('eda0bd'))]]);
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
    expect(rows.map(([a]) => a)).toEqual([null, null, -1n, 2n, -2.5, 1.5, 'B', 'b', bytes('00')]);
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
