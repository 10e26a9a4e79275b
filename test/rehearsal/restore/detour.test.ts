import { describe, expect, it } from 'vitest';
import { useTemp } from '../../engines/sqlite/helpers.ts';
import { isCustodyError } from '../../../src/errors.ts';
import { backFromIn, body } from './sqlite-support.ts';

const backFrom = backFromIn(useTemp().file);

/** Rows 1 to 4 of `p` with these columns, each with a child; `rows` are the values behind the id. */
const parents = (columns: string, rows: readonly string[]): string =>
  `CREATE TABLE p (id INTEGER PRIMARY KEY, ${columns});
   CREATE TABLE k (id INTEGER PRIMARY KEY, p INT NOT NULL REFERENCES p (id) ON DELETE CASCADE ON UPDATE CASCADE);
   INSERT INTO p VALUES ${rows.map((row, i) => `(${i + 1}, ${row})`).join(', ')};
   INSERT INTO k (p) SELECT id FROM p`;

/** Row 1 gets what row 2 has, row 2 what row 3 has, and the last what row 1 had. */
const turn = (ids: readonly number[], column = 'u', aside = "'aside' ||"): string =>
  [
    `CREATE TEMP TABLE was AS SELECT id, ${column} AS v FROM p`,
    ...ids.slice(1).map((id) => `UPDATE p SET ${column} = ${aside} id WHERE id = ${id}`),
    ...ids.map(
      (id, i) =>
        `UPDATE p SET ${column} = (SELECT v FROM was WHERE id = ${ids[(i + 1) % ids.length]}) WHERE id = ${id}`,
    ),
  ].join(';');

const LETTERS = ["'a'", "'b'", "'c'", "'d'"];

describe('unique values that rows swap, in a table that others refer to', () => {
  it('one row of the circle holds NULL until another has taken its value; the children stay', async () => {
    const way = await backFrom(parents('u TEXT UNIQUE', LETTERS), turn([1, 2]));
    expect(body(way)).toEqual([
      'UPDATE main."p" SET "u" = NULL WHERE "id" = 1;',
      'UPDATE main."p" SET "u" = \'b\' WHERE "id" = 2;',
      'UPDATE main."p" SET "u" = \'a\' WHERE "id" = 1;',
    ]);
    // Rows, not statements.
    expect(way.made).toMatchObject({ updated: 2, deleted: 0, inserted: 0, statements: 3 });
    expect(way.made.script).toContain('temporary value until another has taken its own: p');
    expect(way.made.script).not.toContain('deferred');
  });

  it('a circle of any length takes one detour, a chain with a free end none', async () => {
    for (const ids of [
      [1, 2, 3],
      [4, 2, 1, 3],
    ]) {
      const way = await backFrom(parents('u TEXT UNIQUE', LETTERS), turn(ids));
      expect(way.made).toMatchObject({ updated: ids.length, statements: ids.length + 1 });
    }
    const two = await backFrom(
      parents('u TEXT UNIQUE', LETTERS),
      `${turn([1, 2])}; DROP TABLE temp.was; ${turn([3, 4])}`,
    );
    expect(two.made).toMatchObject({ updated: 4, statements: 6 });
    const chain = await backFrom(
      parents('u INT UNIQUE', ['1', '2', '3', '4']),
      'UPDATE p SET u = 5 WHERE id = 4; UPDATE p SET u = 4 WHERE id = 3; UPDATE p SET u = 3 WHERE id = 2',
    );
    expect(chain.made).toMatchObject({ updated: 3, statements: 3 });
  });

  it('NOT NULL: a value of the same sort that no row of either state has', async () => {
    const text = await backFrom(
      parents('u TEXT NOT NULL UNIQUE', ["'custody-0'", "'CUSTODY-1 '", "'c'", "'d'"]),
      turn([3, 4, 1]),
    );
    expect(text.made.script).toContain(`"u" = 'custody-2'`);
    const number = await backFrom(
      parents('u INT NOT NULL UNIQUE', ['0', '1', '2.5', '-1']),
      turn([1, 2, 4], 'u', '10 +'),
    );
    expect(number.made.script).toMatch(/"u" = 2 /);
    await backFrom(
      parents('u REAL NOT NULL UNIQUE', ['0.0', '1.5', '2', '-9e999']),
      turn([1, 2, 3, 4], 'u', '10 +'),
    );
    await backFrom(parents('u NOT NULL UNIQUE', ["x'00'", "'0'", '0', "x''"]), turn([1, 2, 3, 4]));
    await backFrom(
      `${parents('u NOT NULL', LETTERS)}; CREATE UNIQUE INDEX i ON p (u COLLATE NOCASE DESC)`,
      turn([1, 2, 3, 4]),
    );
  });

  it('sets of several columns: one of them is enough, and one that can be NULL comes first', async () => {
    const way = await backFrom(
      parents(
        'l INT NOT NULL, u TEXT, UNIQUE (l, u)',
        LETTERS.map((u) => `1, ${u}`),
      ),
      turn([1, 2, 3]),
    );
    expect(body(way)[0]).toBe('UPDATE main."p" SET "u" = NULL WHERE "id" = 1;');
    // Two sets at once, in circles that cross.
    await backFrom(
      parents(
        'u TEXT UNIQUE, v TEXT NOT NULL UNIQUE',
        LETTERS.map((u) => `${u}, ${u}`),
      ),
      `${turn([1, 2, 3])}; DROP TABLE temp.was; ${turn([3, 1, 4, 2], 'v')}`,
    );
    // Another row holds the same with NULL already.
    await backFrom(
      parents('l INT NOT NULL, u TEXT, UNIQUE (l, u)', ["1, 'a'", "1, 'b'", '1, NULL', '1, NULL']),
      turn([1, 2]),
    );
  });

  it('a table that refers to itself', async () => {
    await backFrom(
      `CREATE TABLE p (id INTEGER PRIMARY KEY, u TEXT UNIQUE, up INT REFERENCES p ON DELETE SET NULL);
       INSERT INTO p VALUES (1, 'a', 1), (2, 'b', 1), (3, 'c', 2)`,
      `${turn([1, 2, 3])}; UPDATE p SET up = 3 WHERE id = 2`,
    );
  });

  it('a parent got another key: it lends its unique values to the old one until its children have moved', async () => {
    const make = `CREATE TABLE p (id INTEGER PRIMARY KEY, u TEXT NOT NULL UNIQUE);
      CREATE TABLE k (id INTEGER PRIMARY KEY, p INT NOT NULL REFERENCES p ON UPDATE CASCADE);
      CREATE TABLE g (k INT REFERENCES k ON DELETE CASCADE);
      INSERT INTO p VALUES (1, 'a'), (2, 'b'); INSERT INTO k VALUES (1, 1), (2, 2); INSERT INTO g VALUES (1), (2)`;
    const way = await backFrom(make, 'PRAGMA foreign_keys = ON; UPDATE p SET id = 9 WHERE id = 1');
    expect(way.made).toMatchObject({ deleted: 1, inserted: 1, updated: 1, statements: 4 });
    expect(way.made.script).not.toContain('deferred');
  });

  it('a column that refers to another table can only be NULL', async () => {
    const other = 'CREATE TABLE o (id INTEGER PRIMARY KEY); INSERT INTO o VALUES (1), (2), (3), (4)';
    const rows = ['1', '2', '3', '4'];
    await backFrom(`${other}; ${parents('u INT UNIQUE REFERENCES o', rows)}`, turn([1, 2], 'u', '10 +'));
    await refused(
      `${other}; ${parents('u INT NOT NULL UNIQUE REFERENCES o', rows)}`,
      turn([1, 2], 'u', '10 +'),
    );
  });
});

/** A circle that no temporary value is sure to break. */
async function refused(make: string, change: string): Promise<void> {
  const error: unknown = await backFrom(make, change).catch((thrown: unknown) => thrown);
  if (!isCustodyError(error)) throw error as Error;
  expect(error).toMatchObject({ code: 'RESTORE_UNSUPPORTED', path: 'table p' });
}

describe('what a temporary value must suit', () => {
  it('CHECK: NULL where it can only make it unknown; nothing else', async () => {
    for (const check of ['length(u) < 3', "u IN ('a', 'b', 'c', 'd')", "u BETWEEN 'a' AND 'z' OR \"id\" > 9"])
      await backFrom(
        parents(`u TEXT UNIQUE CHECK (${check})`, LETTERS),
        `PRAGMA ignore_check_constraints = ON; ${turn([1, 2, 3])}`,
      );
    for (const column of [
      'u TEXT NOT NULL UNIQUE CHECK (length(u) < 3)',
      'u TEXT UNIQUE CHECK (u IS NOT NULL)',
      "u TEXT UNIQUE, CONSTRAINT c CHECK (coalesce([u], '') <> '')",
      'u TEXT UNIQUE CHECK (CASE WHEN u THEN 1 ELSE length(u) = 1 END)',
    ])
      await refused(parents(column, LETTERS), `PRAGMA ignore_check_constraints = ON; ${turn([1, 2, 3])}`);
    // A CHECK of another column, and the word in a name, a default or a comment.
    await backFrom(
      parents(
        'u TEXT NOT NULL DEFAULT \'CHECK (u)\' UNIQUE /* CHECK (u) */, "check" INT DEFAULT 1 CHECK ("check" > 0)',
        LETTERS.map((u) => `${u}, 1`),
      ),
      turn([1, 2, 3]),
    );
    // In a free column of the set, where there is one.
    const other = await backFrom(
      parents(
        'u TEXT NOT NULL CHECK (length(u) = 1), l INT, UNIQUE (u, l)',
        LETTERS.map((u) => `${u}, 1`),
      ),
      `PRAGMA ignore_check_constraints = ON; ${turn([1, 2])}`,
    );
    expect(body(other)[0]).toBe('UPDATE main."p" SET "l" = NULL WHERE "id" = 1;');
  });

  it('a foreign key that points to the values themselves', async () => {
    const pointing = (action: string): string => `
      ${parents('u TEXT UNIQUE', LETTERS)};
      CREATE TABLE q (id INTEGER PRIMARY KEY, u TEXT REFERENCES p (u) ${action}); CREATE TABLE r (q INT REFERENCES q);
      INSERT INTO q VALUES (1, 'a'), (2, 'b')`;
    for (const action of ['ON UPDATE CASCADE', 'ON DELETE CASCADE ON UPDATE SET NULL', 'ON UPDATE RESTRICT'])
      await refused(pointing(action), turn([1, 2]));
    for (const action of ['', 'ON DELETE SET NULL', 'ON UPDATE NO ACTION']) {
      const way = await backFrom(pointing(action), turn([1, 2]), { deferred: true });
      expect(way.made.script).toContain('They must be deferred');
    }
  });

  it('partial indexes: a value that lets the row into another one', async () => {
    const rows = LETTERS.map((u) => `${u}, 'x'`);
    const make = parents('u TEXT, v TEXT', rows);
    for (const where of ['u IS NOT NULL', "u > 'A'", "v = 'x'"])
      await backFrom(`${make}; CREATE UNIQUE INDEX i ON p (u) WHERE ${where}`, turn([1, 2, 3]));
    await backFrom(
      `${make}; CREATE UNIQUE INDEX i ON p (u); CREATE UNIQUE INDEX j ON p (v) WHERE id > 9`,
      turn([1, 2, 3]),
    );
    await refused(
      `${make}; CREATE UNIQUE INDEX i ON p (u); CREATE UNIQUE INDEX j ON p (v) WHERE u IS NULL`,
      turn([1, 2, 3]),
    );
  });

  it('indexes over expressions count as over what they name', async () => {
    const make = parents('u TEXT', LETTERS);
    await backFrom(`${make}; CREATE UNIQUE INDEX i ON p (lower(u))`, turn([1, 2, 3]));
    await backFrom(`${make}; CREATE UNIQUE INDEX i ON p (lower(u)) WHERE u IS NOT NULL`, turn([1, 2, 3]));
    // A column that is called like the function.
    await backFrom(
      `${parents(
        'u TEXT, "lower" INT',
        LETTERS.map((u) => `${u}, NULL`),
      )}; CREATE UNIQUE INDEX i ON p (lower(u))`,
      turn([1, 2, 3]),
    );
    await refused(`${make}; CREATE UNIQUE INDEX i ON p (coalesce(u, 'none'))`, turn([1, 2, 3]));
    await refused(
      `${parents('u TEXT NOT NULL', LETTERS)}; CREATE UNIQUE INDEX i ON p (lower(u))`,
      turn([1, 2, 3]),
    );
    // Nobody refers to this one: its rows go and are made anew.
    await backFrom(
      `CREATE TABLE p (id INTEGER PRIMARY KEY, u TEXT); CREATE UNIQUE INDEX i ON p (coalesce(u, 'none'));
       INSERT INTO p VALUES (1, 'a'), (2, NULL), (3, 'c')`,
      turn([1, 2, 3]),
    );
    await backFrom(
      `${parents('u TEXT UNIQUE', LETTERS)}; CREATE INDEX i ON p (coalesce(u, 'none'))`,
      turn([1, 2, 3]),
    );
    await backFrom(
      `${parents('u TEXT NOT NULL UNIQUE', LETTERS)}; CREATE INDEX i ON p (id) WHERE id > 2`,
      turn([1, 2, 3]),
    );
  });

  it('generated columns that are unique', async () => {
    for (const kept of ['STORED', 'VIRTUAL']) {
      const generated = `g TEXT AS (lower(u)) ${kept} UNIQUE`;
      const rows = `INSERT INTO p (id, u) VALUES (1, 'a'), (2, 'b'), (3, 'c')`;
      const make = `CREATE TABLE p (id INTEGER PRIMARY KEY, u TEXT, ${generated}); ${rows}`;
      await backFrom(make, turn([1, 2]));
      await refused(`${make}; CREATE TABLE k (p INT REFERENCES p)`, turn([1, 2]));
    }
  });

  it('triggers run for a detour, too, and the header names them', async () => {
    const way = await backFrom(
      `${parents('u TEXT UNIQUE', LETTERS)}; CREATE TABLE log (v);
       CREATE TRIGGER noticed AFTER UPDATE OF u ON p WHEN new.u = 'never' BEGIN INSERT INTO log VALUES (1); END`,
      turn([1, 2]),
    );
    expect(way.made.script).toContain('noticed');
  });
});
