import { describe, expect, it } from 'vitest';
import type { Captured } from '../../../src/engines/engine.ts';
import { capture, make, useTemp } from './helpers.ts';
import { refuses } from '../../support/refusals.ts';

const temp = useTemp();
let count = 0;
const made = (...sql: string[]): string => make(temp.file(`${++count}.db`), ...sql);

async function roots(path: string): Promise<Record<string, string>> {
  const { tables } = await capture(path);
  return Object.fromEntries(Object.entries(tables).map(([name, { root }]) => [name, root]));
}

describe('the same state has the same roots whatever its history', () => {
  const create =
    'CREATE TABLE t(k TEXT PRIMARY KEY, v); CREATE TABLE i(id INTEGER PRIMARY KEY, v); CREATE TABLE w(k PRIMARY KEY, v) WITHOUT ROWID;';
  const insert = (order: string): string =>
    ['t', 'i', 'w']
      .map(
        (table) =>
          `WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s LIMIT 2000) INSERT INTO ${table} SELECT i, 'value ' || i FROM s ORDER BY ${order};`,
      )
      .join('');
  const sorted = (): string => made(create, insert('i'));

  it.each<[string, ...string[]]>([
    ['another order', create, insert('i * 7919 % 2003')],
    [
      'after deletes and inserts',
      create,
      insert('i DESC'),
      "DELETE FROM t WHERE v < 'value 3'; DELETE FROM i; DELETE FROM w",
      insert('i').replaceAll('INSERT', 'INSERT OR IGNORE'),
    ],
    [
      'VACUUM',
      create,
      insert('-i'),
      'DELETE FROM t',
      insert('i').replaceAll('INSERT', 'INSERT OR IGNORE'),
      'VACUUM',
    ],
    ['another page size', `PRAGMA page_size = 512; ${create}`, insert('i')],
    ['auto_vacuum', `PRAGMA auto_vacuum = FULL; ${create}`, insert('i')],
    ['WAL', 'PRAGMA journal_mode = wal', create, insert('i')],
    ['updates there and back', create, insert('i'), `UPDATE t SET v = 'x'`, `UPDATE t SET v = 'value ' || k`],
  ])('%s', async (_, ...sql) => {
    const expected = await capture(sorted());
    const actual = await capture(made(...sql));
    expect(actual.tables).toEqual(expected.tables);
    expect(actual.snapshot.digest).toBe(expected.snapshot.digest);
  });

  it('but a hidden rowid is state, and VACUUM may give another one', async () => {
    const path = made('CREATE TABLE h(a); INSERT INTO h VALUES (1), (2), (3); DELETE FROM h WHERE a = 1');
    const before = await roots(path);
    make(path, 'VACUUM');
    expect(await roots(path)).not.toEqual(before);
  });

  it('one changed value changes exactly one root', async () => {
    const before = await roots(sorted());
    const after = await roots(made(create, insert('i'), `UPDATE w SET v = 'other' WHERE k = 1000`));
    expect(Object.keys(after).filter((name) => after[name] !== before[name])).toEqual(['w']);
  });
});

describe('the snapshot', () => {
  const base = 'CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a); INSERT INTO t(a) VALUES (1)';
  it.each<[string, string]>([
    ['a trigger', 'CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END'],
    ['a view', 'CREATE VIEW v AS SELECT 1'],
    ['an index', 'CREATE INDEX i ON t(a)'],
    ['an empty table', 'CREATE TABLE n(a)'],
    ['user_version', 'PRAGMA user_version = 1'],
    ['application_id', 'PRAGMA application_id = 1'],
    ['a sequence', 'UPDATE sqlite_sequence SET seq = 9'],
    ['a sequence twice', `INSERT INTO sqlite_sequence VALUES ('t', 3)`],
    ['a sequence of another type', `UPDATE sqlite_sequence SET seq = '1'`],
    ['a column at the end', 'ALTER TABLE t ADD COLUMN b'],
    [
      'another declared type',
      `PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = replace(sql, ', a)', ', a TEXT)') WHERE name = 't'`,
    ],
  ])('has %s in it', async (_, sql) => {
    expect((await capture(made(base, sql))).snapshot.digest).not.toBe(
      (await capture(made(base))).snapshot.digest,
    );
  });

  it.each<[string, string, string]>([
    ['which of two counters comes first', "('t', 5), ('t', 100)", "('t', 100), ('t', 5)"],
    ['text after a NUL', "('t', CAST(x'610061' AS TEXT))", "('t', CAST(x'610062' AS TEXT))"],
    ['what is no text', "('t', CAST(x'fe' AS TEXT))", "('t', CAST(x'ff' AS TEXT))"],
    ['text and a blob', "('t', 'a')", "('t', x'61')"],
    ['text and NULL', "('t', 'NULL')", "('t', NULL)"],
    ['a name that is NULL', "('NULL', 1)", '(NULL, 1)'],
    ['a name that is a blob', "('X''61''', 1)", "(x'61', 1)"],
    ['a name that is no text', "(CAST(x'fe' AS TEXT), 1)", "(CAST(x'ff' AS TEXT), 1)"],
    ['a name with U+FFFD', '(char(0xfffd), 1)', "(CAST(x'ff' AS TEXT), 1)"],
    ['a name that looks like bytes', "(char(0xfffd) || 'text FF', 1)", "(CAST(x'ff' AS TEXT), 1)"],
  ])('tells counters apart by %s', async (_, one, other) => {
    const ids = [one, other].map(async (rows) => {
      const path = made(base, `DELETE FROM sqlite_sequence; INSERT INTO sqlite_sequence VALUES ${rows}`);
      return (await capture(path)).snapshot.digest;
    });
    expect(await ids[0]).not.toBe(await ids[1]);
  });

  it.each<[string, string]>([
    ['the schema cookie and the freelist', 'CREATE TABLE n(a); DROP TABLE n'],
    ['the change counter', 'UPDATE t SET a = a'],
    ['the journal mode', 'PRAGMA journal_mode = wal'],
  ])('does not have %s in it', async (_, sql) => {
    expect((await capture(made(base, sql))).snapshot.digest).toBe(
      (await capture(made(base))).snapshot.digest,
    );
  });

  it('statistics are volatile: ANALYZE once more changes nothing', async () => {
    const a = made('CREATE TABLE t(a); CREATE INDEX i ON t(a); INSERT INTO t VALUES (1); ANALYZE');
    const b = made(
      'CREATE TABLE t(a); CREATE INDEX i ON t(a); ANALYZE; INSERT INTO t VALUES (1); ANALYZE; UPDATE sqlite_stat1 SET stat = 7',
    );
    const states: Captured[] = [await capture(a), await capture(b)];
    expect(states[0]!.snapshot.digest).toBe(states[1]!.snapshot.digest);
    expect(Object.keys(states[0]!.tables)).toEqual(['t']);
  });

  it('virtual tables are schema; what they store is in their shadow tables', async () => {
    const a = await capture(made('CREATE VIRTUAL TABLE w USING fts5(a)', `INSERT INTO w VALUES ('x')`));
    expect(Object.keys(a.tables)).toEqual(['w_config', 'w_content', 'w_data', 'w_docsize', 'w_idx']);
    expect(a.tables['w_content']?.rows).toBe(1);
    const unknown = made(
      'CREATE TABLE t(a)',
      `PRAGMA writable_schema = 1; INSERT INTO sqlite_schema VALUES ('table', 'u', 'u', 0, 'CREATE VIRTUAL TABLE u USING nowhere(a)')`,
    );
    expect(Object.keys((await capture(unknown)).tables)).toEqual(['t']);
  });

  it('rows that break a younger constraint are state, not corruption', async () => {
    const path = made(
      'CREATE TABLE t(a)',
      'INSERT INTO t VALUES (NULL)',
      `PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'CREATE TABLE t(a NOT NULL)'`,
    );
    expect((await capture(path)).rows).toBe(1);
  });

  it('and however many there are, they do not hide corruption', async () => {
    const series = 'WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s LIMIT 200)';
    const lax = `CREATE TABLE t(a); CREATE TABLE u(a); CREATE INDEX i ON u(a)`;
    const edit = (sql: string, name: string): string =>
      `PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = '${sql}' WHERE name = '${name}'`;
    const path = made(
      lax,
      `INSERT INTO t ${series} SELECT NULL FROM s`,
      edit('CREATE TABLE t(a NOT NULL)', 't'),
      edit('CREATE INDEX i ON u(a) WHERE a > 5', 'i'),
      'INSERT INTO u VALUES (1)',
      edit('CREATE INDEX i ON u(a)', 'i'),
    );
    await refuses(capture(path), 'DATABASE_CORRUPT');
  });

  it('an index that lost a row is corruption', async () => {
    const path = made(
      'CREATE TABLE t(a); CREATE INDEX i ON t(a); INSERT INTO t VALUES (1)',
      `PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON t(a) WHERE a > 5' WHERE name = 'i'`,
      'INSERT INTO t VALUES (2)',
      `PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON t(a)' WHERE name = 'i'`,
    );
    await refuses(capture(path), 'DATABASE_CORRUPT');
  });

  it('long rows', async () => {
    const path = made(
      'CREATE TABLE t(id INTEGER PRIMARY KEY, a, b)',
      `INSERT INTO t VALUES (1, zeroblob(3000000), printf('%.*c', 2000000, 'x')), (2, 1, 1)`,
    );
    expect((await capture(path)).rows).toBe(2);
  });
});
