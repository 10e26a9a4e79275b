import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { capture, make, useTemp } from '../helpers.ts';
import { refuses } from '../../../support/refusals.ts';

const temp = useTemp();
let count = 0;

/** A database whose schema somebody wrote by hand, and, after that, whose bytes. */
function forged(sql: string, schema: string, bytes?: [from: string, to: string]): string {
  const path = make(temp.file(`${++count}.db`), sql);
  const db = new DatabaseSync(path, { defensive: false });
  db.exec(`PRAGMA writable_schema = ON; ${schema}`);
  db.close();
  if (bytes) {
    const [from, to] = bytes.map((hex) => Buffer.from(hex, 'hex').toString('latin1'));
    writeFileSync(path, readFileSync(path, 'latin1').replaceAll(from!, to!), 'latin1');
  }
  return path;
}

const TABLES =
  'CREATE TABLE t (id INTEGER PRIMARY KEY, pay INT); CREATE TABLE s (id INTEGER PRIMARY KEY AUTOINCREMENT)';

describe('a schema that hides something is refused', () => {
  it.each([
    ['a table by the case of its type', "type = 'TABLE' WHERE name = 't'", 'DATABASE_UNSUPPORTED'],
    ['all counters', "type = 'TABLE' WHERE name = 'sqlite_sequence'", 'DATABASE_UNSUPPORTED'],
    // SQLite itself says no.
    ['a table as an index', "type = 'index' WHERE name = 't'", 'DATABASE_CORRUPT'],
    ['a table as nothing', "type = '' WHERE name = 't'", 'DATABASE_CORRUPT'],
  ] as const)('%s', async (_, change, code) => {
    await refuses(capture(forged(TABLES, `UPDATE sqlite_schema SET ${change}`)), code);
  });

  it.each([
    ['a table whose name is no text', 'CREATE TABLE aQ (id INT)', ['6151', '61ff']],
    ['a column whose name is no text', 'CREATE TABLE t (aQ INT)', ['6151', '61ff']],
    ['a name that looks like one that is no text', 'CREATE TABLE "a\ufffd" (id INT)', undefined],
  ] as const)('%s', async (_, sql, bytes) => {
    await refuses(capture(forged(sql, '', bytes && [...bytes])), 'DATABASE_UNSUPPORTED');
  });
});

describe('a schema as SQLite writes it is taken', () => {
  it('with views, broken ones too, virtual tables, their shadows, statistics', async () => {
    const path = make(
      temp.file(`${++count}.db`),
      `${TABLES}; CREATE VIEW v AS SELECT * FROM gone; CREATE VIRTUAL TABLE f USING fts5 (x);
       INSERT INTO s DEFAULT VALUES; CREATE INDEX i ON t (pay); ANALYZE`,
    );
    const { tables } = await capture(path);
    expect(Object.keys(tables)).toEqual(expect.arrayContaining(['t', 's', 'f_data']));
  });
});

it('counters whose names are no text are told apart', async () => {
  const sql = (hex: string): string =>
    `${TABLES}; INSERT INTO s DEFAULT VALUES; INSERT INTO sqlite_sequence VALUES (CAST(x'${hex}' AS TEXT), 1)`;
  const of = async (hex: string): Promise<unknown> =>
    (await capture(make(temp.file(`${++count}.db`), sql(hex)))).snapshot.digest;
  expect(await of('61ff')).not.toBe(await of('61fe'));
  expect(await of('61ff')).not.toBe(await of('61efbfbd'));
});
