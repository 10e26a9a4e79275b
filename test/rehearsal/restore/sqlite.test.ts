import { describe, expect, it } from 'vitest';
import { useTemp } from '../../engines/sqlite/helpers.ts';
import { backFromIn, body } from './sqlite-support.ts';

const backFrom = backFromIn(useTemp().file);

describe('restore scripts for SQLite', () => {
  it('takes away what was inserted, brings back what was deleted, sets only the columns that changed', async () => {
    const way = await backFrom(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b TEXT); INSERT INTO t VALUES (1, 'x', 'y'), (2, 'p', 'q'), (3, NULL, '')",
      "INSERT INTO t VALUES (4, 4, 4); DELETE FROM t WHERE id = 1; UPDATE t SET b = 'other' WHERE id = 2",
    );
    expect(body(way)).toEqual([
      'DELETE FROM main."t" WHERE "id" = 4;',
      'UPDATE main."t" SET "b" = \'q\' WHERE "id" = 2;',
      'INSERT INTO main."t" ("id", "a", "b") VALUES (1, \'x\', \'y\');',
    ]);
    const { statements, inserted, updated, deleted, sequences, engine } = way.made;
    expect({ statements, inserted, updated, deleted, sequences, engine }).toEqual({
      statements: 3,
      inserted: 1,
      updated: 1,
      deleted: 1,
      sequences: 0,
      engine: 'sqlite',
    });
  });

  it('writes every kind of value exactly', async () => {
    const values = [
      'NULL', '0', '-1', '9007199254740993', '-9223372036854775808', '9223372036854775807',
      '0.1', '-0.0', '0.0', '1.0', '19.99', '1e21', '1e22', '123456789012345680.0', '5e-324', '2.2250738585072011e-308',
      '1.7976931348623157e308', '9e999', '-9e999', '3.141592653589793', '0.30000000000000004', '-1e-7',
      "''", "'a'", "'it''s'", "'1'", "x'31'", "x''", "x'00ff'", "'line' || char(10) || 'next' || char(13)", "'a' || char(0) || 'b'",
      "CAST(x'66ff00c3' AS TEXT)", "'Ünïcödé 世界 🜚'", "char(8238) || 'abc'", "'-- ; /* \"'", 'zeroblob(5000)',
    ]; // prettier-ignore
    const rows = values
      .map((value, i) => `INSERT INTO t VALUES (${i}, ${value}, ${value}, ${value})`)
      .join(';');
    const create = 'CREATE TABLE t (id INTEGER PRIMARY KEY, a, b REAL, c TEXT)';
    const gone = await backFrom(`${create}; ${rows}`, 'DELETE FROM t');
    expect(gone.made.inserted).toBe(values.length);
    await backFrom(`${create}; ${rows}`, "UPDATE t SET a = 'other', b = 'other', c = 7");
    // Each statement on its line: nothing in a value may break it.
    expect(body(gone)).toHaveLength(values.length);
    expect(gone.made.script).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
  });

  it('UTF-16: bytes of text are those of the encoding, lone surrogates included', async () => {
    for (const encoding of ['UTF-16le', 'UTF-16be']) {
      const lone = encoding === 'UTF-16le' ? "x'61003dd862000a00'" : "x'0061d83d0062000a'";
      await backFrom(
        `PRAGMA encoding = '${encoding}'; CREATE TABLE t (id TEXT PRIMARY KEY, a);
         INSERT INTO t VALUES ('k' || char(10), CAST(${lone} AS TEXT)), ('é', 'a' || char(10) || '🜚')`,
        'UPDATE t SET a = 1; DELETE FROM t WHERE rowid = 1',
      );
    }
  });

  it('finds its row and no other: 1, 1.0, text and blob, in a column without affinity', async () => {
    const others = [
      "('1' || char(10))",
      "CAST('1' || char(10) AS BLOB)",
      "'1'",
      "x'31'",
      '2',
      '2.5',
      "'2.5'",
      "'a'",
      "'A'",
    ];
    const make = `CREATE TABLE t (k PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO t VALUES ${others.map((k) => `(${k}, 0)`).join(', ')}`;
    for (const key of others) {
      const way = await backFrom(make, `UPDATE t SET v = 1 WHERE k IS +${key}`);
      expect(way.made).toMatchObject({ updated: 1, deleted: 0, inserted: 0 });
      await backFrom(make, `DELETE FROM t WHERE k IS +${key}`);
      expect(body(way)[0]).toMatch(/ AND typeof\("k"\) = '(integer|real|text|blob)';$/);
    }
    const way = await backFrom(`${make}; INSERT INTO t VALUES (1, 0)`, 'UPDATE t SET k = 1.0 WHERE k = 1');
    expect(way.made).toMatchObject({ updated: 0, deleted: 1, inserted: 1 });
  });

  it('collations of keys: NOCASE and RTRIM', async () => {
    const make =
      "CREATE TABLE t (k TEXT COLLATE NOCASE PRIMARY KEY, v); CREATE TABLE u (a TEXT, k TEXT COLLATE RTRIM, v, PRIMARY KEY (a, k)); INSERT INTO t VALUES ('Key', 1), ('b', 2); INSERT INTO u VALUES ('x', 'k  ', 1), ('X', 'k', 2)";
    await backFrom(make, "UPDATE t SET k = 'kEY' WHERE v = 1");
    await backFrom(make, "UPDATE t SET v = 9; UPDATE u SET v = 9 WHERE a = 'x'");
    await backFrom(make, "UPDATE u SET k = 'k' WHERE a = 'x'; DELETE FROM t");
    // The column's collation calls these equal, the key's does not.
    const both =
      "CREATE TABLE t (k TEXT COLLATE NOCASE, v, PRIMARY KEY (k COLLATE BINARY)) WITHOUT ROWID; INSERT INTO t VALUES ('a', 1), ('A', 5)";
    await backFrom(both, "UPDATE t SET v = 2 WHERE k = 'a' COLLATE BINARY");
    await backFrom(both, "DELETE FROM t WHERE k = 'A' COLLATE BINARY; UPDATE t SET v = 3");
  });

  it('WITHOUT ROWID with a composite key, columns in another order than the key', async () => {
    await backFrom(
      "CREATE TABLE t (v, b TEXT, a INT, PRIMARY KEY (a, b)) WITHOUT ROWID; INSERT INTO t VALUES (1, 'x', 1), (2, 'y', 1), (3, 'x', 2)",
      "DELETE FROM t WHERE a = 1 AND b = 'y'; UPDATE t SET v = 7 WHERE a = 2; INSERT INTO t VALUES (4, 'z', 2)",
    );
  });

  it('no declared key: by rowid, whatever name is free', async () => {
    const change = 'DELETE FROM t WHERE v = 2; UPDATE t SET v = 9 WHERE v = 3; INSERT INTO t (v) VALUES (4)';
    for (const column of ['x', 'rowid', '"RowId"']) {
      const way = await backFrom(
        `CREATE TABLE t (v, ${column}); INSERT INTO t (v, ${column}) VALUES (1, 0), (2, 0), (2, 0), (3, 0)`,
        change,
      );
      expect(way.made.script).toContain(column === 'x' ? '(rowid, ' : '(_rowid_, ');
    }
    // A column that is generated when read is not in the snapshot, and hides the name all the same.
    await backFrom('CREATE TABLE t (v, rowid AS (v + 1)); INSERT INTO t (v) VALUES (1), (2), (3)', change);
  });

  it('NULL in a declared key: the rowid tells the rows', async () => {
    const way = await backFrom(
      'CREATE TABLE t (a TEXT, b, v, PRIMARY KEY (a, b)); INSERT INTO t VALUES (NULL, 1, 1), (NULL, 1, 2), (NULL, 1, 3), (1, NULL, 4), (1, 1, 5)',
      'DELETE FROM t WHERE v = 2; UPDATE t SET v = 9 WHERE v IN (3, 4); INSERT INTO t VALUES (NULL, 1, 8)',
    );
    expect(way.made).toMatchObject({ inserted: 1, updated: 2, deleted: 1 });
    expect(way.made.script).toContain('(rowid, ');
  });

  it('generated columns are left to the database', async () => {
    const way = await backFrom(
      'CREATE TABLE t (id INTEGER PRIMARY KEY, v, twice INT GENERATED ALWAYS AS (v * 2) STORED, thrice AS (v * 3), "as" TEXT DEFAULT (1)); INSERT INTO t (v) VALUES (1), (2)',
      'UPDATE t SET v = 5 WHERE id = 1; DELETE FROM t WHERE id = 2',
    );
    expect(body(way).join('\n')).not.toMatch(/twice|thrice/);
  });

  it('names are quoted: keywords, quotes, spaces, other letters', async () => {
    await backFrom(
      'CREATE TABLE "sel""ect" ("or der" INTEGER PRIMARY KEY, "a""b", [c d], `é`); INSERT INTO "sel""ect" VALUES (1, 2, 3, 4)',
      'UPDATE "sel""ect" SET "a""b" = 0, [c d] = 0, `é` = 0',
    );
  });

  it('AUTOINCREMENT counters: moved, made, removed, and those that the script itself would move', async () => {
    const make =
      'CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, v); INSERT INTO t (v) VALUES (1), (2)';
    const moved = await backFrom(make, 'INSERT INTO t (v) VALUES (3); DELETE FROM t WHERE v = 1');
    expect(body(moved).at(-1)).toBe("UPDATE main.sqlite_sequence SET seq = 2 WHERE name = 't';");
    expect(moved.made.sequences).toBe(1);
    await backFrom(
      'CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, v)',
      'INSERT INTO t (v) VALUES (3)',
    );
    await backFrom(make, 'DELETE FROM t; DELETE FROM sqlite_sequence');
    // The counter is the same in both, and lower than the row that comes back.
    const lower = await backFrom(`${make}; UPDATE sqlite_sequence SET seq = 1`, 'DELETE FROM t');
    expect(lower.made.sequences).toBe(1);
    const none = await backFrom(`${make}; DELETE FROM sqlite_sequence`, 'DELETE FROM t');
    expect(body(none).at(-1)).toBe("DELETE FROM main.sqlite_sequence WHERE name = 't';");
    const same = await backFrom(make, 'DELETE FROM t WHERE id = 1');
    expect(same.made.sequences).toBe(0);
  });

  it('names the triggers that will run', async () => {
    const way = await backFrom(
      `CREATE TABLE t (id INTEGER PRIMARY KEY, v); CREATE TABLE u (x);
       CREATE TRIGGER "line\nbreak" AFTER UPDATE ON T WHEN 0 BEGIN DELETE FROM u; END;
       CREATE TRIGGER other AFTER INSERT ON u BEGIN DELETE FROM t; END; INSERT INTO t VALUES (1, 1)`,
      'UPDATE t SET v = 2',
    );
    expect(way.made.script).toContain('line\\u{a}break');
    expect(way.made.script).not.toContain('other');
  });

  it('the same two snapshots give the same bytes, which name both and say that nothing was proven', async () => {
    const make = 'CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 1)';
    const first = await backFrom(make, 'DELETE FROM t');
    const second = await backFrom(make, 'DELETE FROM t');
    expect(second.made).toEqual(first.made);
    expect(first.made.script).toContain(first.a);
    expect(first.made.script).toContain(first.b);
    expect(first.made.script).toContain('proves nothing');
  });
});

describe('foreign keys and unique values', () => {
  it('children before parents, parents before children, with keys checked at once', async () => {
    const make = `CREATE TABLE c (id INTEGER PRIMARY KEY, b TEXT REFERENCES "B" (code)); CREATE TABLE a (id INTEGER PRIMARY KEY);
      CREATE TABLE "B" (code TEXT, a INT NOT NULL, UNIQUE (code), FOREIGN KEY (a) REFERENCES A);
      INSERT INTO a VALUES (1), (2); INSERT INTO "B" VALUES ('x', 1), ('y', 2); INSERT INTO c VALUES (1, 'x'), (2, 'y')`;
    await backFrom(make, 'DELETE FROM c; DELETE FROM "B"; DELETE FROM a');
    // Whole tables are kept in that order, also where these rows do not refer to each other.
    const order = await backFrom(
      make,
      'INSERT INTO a VALUES (9); INSERT INTO c VALUES (9, NULL); INSERT INTO "B" VALUES (NULL, 1)',
    );
    expect(body(order).map((line) => /FROM main\."(.)"/.exec(line)?.[1])).toEqual(['c', 'B', 'a']);
    await backFrom(
      make,
      `INSERT INTO a VALUES (3); INSERT INTO "B" VALUES ('z', 3); INSERT INTO c VALUES (3, 'z')`,
    );
  });

  it('a child leaves its parent before the parent goes, and joins it after it came back', async () => {
    const make = `CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT UNIQUE); CREATE TABLE c (id INTEGER PRIMARY KEY, p INT REFERENCES p ON DELETE CASCADE);
      INSERT INTO p VALUES (1, 'one'); INSERT INTO c VALUES (1, 1)`;
    await backFrom(make, "INSERT INTO p VALUES (2, 'two'); UPDATE c SET p = 2; DELETE FROM p WHERE id = 1");
  });

  it('rows of one table that refer to one another', async () => {
    const make = `CREATE TABLE t (id INTEGER PRIMARY KEY, up INT REFERENCES t (id), "by" INT REFERENCES t);
      INSERT INTO t VALUES (5, NULL, 5), (1, 5, NULL), (4, 1, 5), (2, 4, 4), (3, 2, 1)`;
    await backFrom(make, 'PRAGMA foreign_keys = OFF; DELETE FROM t');
    await backFrom(make, 'INSERT INTO t VALUES (10, 3, NULL), (9, 10, 10), (8, 9, 9), (7, 8, 7)');
  });

  it('composite foreign keys and a NULL in one', async () => {
    const make = `CREATE TABLE zparent (a INT, b TEXT, PRIMARY KEY (b, a)) WITHOUT ROWID;
      CREATE TABLE child (x TEXT, y INT, FOREIGN KEY (x, y) REFERENCES zparent);
      INSERT INTO zparent VALUES (1, 'x'), (2, 'y'); INSERT INTO child VALUES ('x', 1), ('y', 2), (NULL, 9)`;
    await backFrom(make, 'DELETE FROM child; DELETE FROM zparent');
  });

  it('unique values that moved along, and values that two rows swapped', async () => {
    const make = `CREATE TABLE t (id INTEGER PRIMARY KEY, list INT, place INT, UNIQUE (list, place)); INSERT INTO t VALUES (1, 1, 1), (2, 1, 2), (3, 1, 3)`;
    const along = await backFrom(
      make,
      'UPDATE t SET place = place + 1 WHERE id = 3; UPDATE t SET place = place + 1 WHERE id = 2',
    );
    expect(along.made).toMatchObject({ updated: 2, deleted: 0 });
    const swapped = await backFrom(
      make,
      'UPDATE t SET place = -1 WHERE id = 1; UPDATE t SET place = 1 WHERE id = 2; UPDATE t SET place = 2 WHERE id = 1',
    );
    expect(swapped.made).toMatchObject({ updated: 0, deleted: 2, inserted: 2 });
    await backFrom(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, code); CREATE UNIQUE INDEX i ON t (code COLLATE NOCASE); INSERT INTO t VALUES (1, 'a')",
      "DELETE FROM t; INSERT INTO t VALUES (2, 'A')",
    );
  });

  it('rows in a circle: the header says that constraints must be deferred, and then it works', async () => {
    const make = `CREATE TABLE a (id INTEGER PRIMARY KEY, b INT NOT NULL REFERENCES b DEFERRABLE INITIALLY DEFERRED);
      CREATE TABLE b (id INTEGER PRIMARY KEY, a INT NOT NULL REFERENCES a DEFERRABLE INITIALLY DEFERRED);
      INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1, 1)`;
    const way = await backFrom(make, 'DELETE FROM a; DELETE FROM b');
    expect(way.made.script).toContain('circle');
    // The tables refer to each other, but these rows do not.
    const none = await backFrom(
      'CREATE TABLE a (id INTEGER PRIMARY KEY, b INT REFERENCES b); CREATE TABLE b (id INTEGER PRIMARY KEY, a INT REFERENCES a); INSERT INTO a VALUES (1, NULL); INSERT INTO b VALUES (1, 1); INSERT INTO a VALUES (2, 1)',
      'DELETE FROM a; DELETE FROM b',
    );
    expect(none.made.script).not.toContain('circle');
  });
});
