import { parseSql } from '../../../src/engines/postgres/script/parser.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INSTALLATIONS, filesFolder, usePostgres, zipped } from '../../engines/postgres/support.ts';
import { SHOP } from './postgres-fixture.ts';
import { Server, type ServerWay } from './postgres-support.ts';
import { refuses } from '../../support/refusals.ts';

const body = ({ made }: ServerWay): string[] =>
  made.script
    .split('\n')
    .filter((line) => !line.startsWith('--'))
    .slice(1, -2);

describe.each(INSTALLATIONS)('restore scripts on the $name PostgreSQL', ({ folder }) => {
  usePostgres(folder);
  const files = filesFolder();
  let server: Server;

  beforeAll(async () => {
    server = await Server.start(files.file('shop.sql.gz', zipped(SHOP)));
  });
  afterAll(() => (server as Server | undefined)?.[Symbol.asyncDispose]());

  /** There and back: A again, exactly. */
  async function backFrom(change: string): Promise<ServerWay> {
    const way = await server.wayBack(change);
    expect(way.b).not.toBe(way.a);
    expect(way.restored, way.made.script).toBe(way.a);
    return way;
  }

  it('values of every type, rows that refer to one another, in the order of foreign keys', async () => {
    const way = await backFrom(
      'DELETE FROM shop.line; DELETE FROM shop."Order"; UPDATE shop.person SET boss = NULL; DELETE FROM shop.person',
    );
    expect(way.made).toMatchObject({ engine: 'postgres', inserted: 10, updated: 0, deleted: 0 });
    expect(body(way)).toHaveLength(10);
    // The parser that a rehearsal uses splits it as it was meant.
    expect(await parseSql(way.made.script)).toHaveLength(12);
    expect(way.made.script).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
    await backFrom(
      "UPDATE shop.person SET name = 'n', born = now(), note = '{}', extra = NULL, photo = 'x', tags = '{q}', nested = NULL, code = left(id::text, 1) || right(id::text, 1)",
    );
  });

  it('inserted rows go, children first', async () => {
    const way = await backFrom(
      `INSERT INTO shop.person (id) VALUES ('b0000000-0000-4000-8000-000000000001');
       INSERT INTO shop.person (id, boss) VALUES ('00000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000001');
       INSERT INTO shop."Order" (person) VALUES ('00000000-0000-4000-8000-000000000001');
       INSERT INTO shop.line SELECT max(id), 1, 1 FROM shop."Order"`,
    );
    // The identity's sequence as well.
    expect(way.made).toMatchObject({ deleted: 4, inserted: 0, updated: 0, sequences: 1 });
  });

  it('a child leaves its parent before the parent goes, and joins it after it came back', async () => {
    await backFrom(
      `INSERT INTO shop.person (id) VALUES ('c0000000-0000-4000-8000-000000000001');
       UPDATE shop."Order" SET person = 'c0000000-0000-4000-8000-000000000001' WHERE id < 3;
       UPDATE shop.person SET boss = 'c0000000-0000-4000-8000-000000000001' WHERE id::text LIKE '%2';
       DELETE FROM shop.person WHERE id::text LIKE 'a%1'`,
    );
  });

  it('a table without a key: equal is not identical, and counts count', async () => {
    for (const which of ["t = 'a'", 'true']) {
      await backFrom(`DELETE FROM shop.bag WHERE ${which}`);
      const way = await backFrom(`INSERT INTO shop.bag SELECT * FROM shop.bag WHERE ${which}`);
      expect(way.made.updated).toBe(0);
    }
    // Printed like NULL, and not NULL.
    await backFrom("INSERT INTO shop.bag (na) VALUES ('')");
    // One of two rows that `=` calls equal, and one of those whose composite `IS NULL`.
    await backFrom("INSERT INTO shop.bag (t, n) VALUES ('a', 1.10), ('a', 1.1), ('a', 1.100)");
    await backFrom("UPDATE shop.bag SET n = 1.1 WHERE n::text = '1.10'");
    await backFrom('DELETE FROM shop.bag WHERE ctid = (SELECT min(ctid) FROM shop.bag WHERE p IS NULL)');
    const some = await backFrom(
      "DELETE FROM shop.bag WHERE ctid IN (SELECT ctid FROM shop.bag WHERE t = 'same' LIMIT 3)",
    );
    expect(some.made).toMatchObject({ statements: 1, inserted: 3 });
    const more = await backFrom("INSERT INTO shop.bag (t) SELECT 'same' FROM generate_series(1, 3)");
    expect(more.made).toMatchObject({ statements: 1, deleted: 3 });
  });

  it('identity columns: always, by default, changed alone; a generated column is left out', async () => {
    await backFrom(
      'DELETE FROM shop.numbered WHERE k = 1; UPDATE shop.numbered SET other = 9, counter = DEFAULT WHERE k = 2',
    );
    // Its name and its default only look as if it were one of these.
    await backFrom(`UPDATE shop."Order" SET "IDENTITY a" = 'x'`);
    const way = await backFrom('UPDATE shop."Order" SET price = 5 WHERE id = 1');
    expect(body(way)).toEqual([
      `UPDATE ONLY "shop"."Order" SET "price" = '1.10'::numeric(10,2) WHERE "id" = '1'::bigint;`,
    ]);
  });

  it('keys under a collation that calls different text equal', async () => {
    const way = await backFrom("UPDATE shop.cased SET k = 'KEY' WHERE k = 'key'");
    expect(way.made).toMatchObject({ deleted: 1, inserted: 1 });
    await backFrom('UPDATE shop.cased SET v = 0');
  });

  it('unique values that moved along, and that rows swapped', async () => {
    const along = await backFrom(
      'UPDATE shop.place SET place = 4 WHERE id = 3; UPDATE shop.place SET place = 3 WHERE id = 2; REFRESH MATERIALIZED VIEW shop.total',
    );
    expect(along.made).toMatchObject({ updated: 2, deleted: 0 });
    const swapped = await backFrom(
      'UPDATE shop.place SET place = 9 WHERE id = 1; UPDATE shop.place SET place = 1 WHERE id = 2; UPDATE shop.place SET place = 2 WHERE id = 1',
    );
    expect(swapped.made).toMatchObject({ updated: 0, deleted: 2, inserted: 2 });
  });

  it('unique values that rows of a table swapped to which others refer', async () => {
    const swap = (column: string, aside: string): string =>
      `CREATE TEMP TABLE was AS SELECT id, ${column} AS v FROM shop.member; UPDATE shop.member SET ${column} = ${aside} WHERE id = 1;
       UPDATE shop.member SET ${column} = (SELECT v FROM was WHERE id = 1) WHERE id = 2;
       UPDATE shop.member SET ${column} = (SELECT v FROM was WHERE id = 2) WHERE id = 1; DROP TABLE was`;
    for (const [column, aside, temporary] of [
      ['tag', "'x'", "'2'::character varying(3)"],
      ['mail', 'NULL', 'NULL'],
      ['seat', '5', "'0'::integer"],
      ['token', 'gen_random_uuid()', "'00000000-0000-4000-8000-000000000000'::uuid"],
      ['rank', 'NULL', 'NULL'],
    ] as const) {
      const way = await backFrom(swap(column, aside));
      expect(way.made).toMatchObject({ updated: 2, deleted: 0, inserted: 0, statements: 3 });
      expect(body(way)[0]).toContain(`"${column}" = ${temporary} WHERE`);
    }
    await backFrom(`${swap('tag', "'x'")}; ${swap('seat', '5')}; ${swap('rank', 'NULL')}`);
  });

  it('partitions, and rows that refer to them; inheritance; a table without columns', async () => {
    await backFrom(
      "UPDATE shop.ticket SET at = NULL WHERE id = 1; UPDATE shop.event SET at = '2022-01-01' WHERE id = 1",
    );
    await backFrom('DELETE FROM shop.ticket; DELETE FROM shop.event');
    await backFrom('DELETE FROM ONLY shop.parent; INSERT INTO shop.child VALUES (1)');
    // A child has a row at the same place (ctid).
    await backFrom('INSERT INTO shop.parent VALUES (7)');
    await backFrom('INSERT INTO shop.bare DEFAULT VALUES');
    await backFrom('DELETE FROM shop.bare');
  });

  it('sequences: value, and whether it was called', async () => {
    const way = await backFrom(`SELECT nextval('shop."Loose seq"'); SELECT nextval('shop.unused')`);
    expect(way.made).toMatchObject({ statements: 2, sequences: 2 });
    expect(body(way)).toContain(`SELECT pg_catalog.setval('"shop"."Loose seq"', 7, true);`);
    expect(body(way)).toContain(`SELECT pg_catalog.setval('"shop"."unused"', 5, false);`);
  });

  it('names the triggers that will run', async () => {
    const way = await backFrom('UPDATE shop.cased SET v = 0');
    expect(way.made.script).toContain('shop.cased."on change"');
    const other = await backFrom('DELETE FROM shop.bare');
    expect(other.made.script).not.toContain('on change');
  });

  it('refuses definitions, large objects, materialised views', async () => {
    await refuses(server.wayBack('ALTER TABLE shop.bag ADD z integer'), 'RESTORE_UNSUPPORTED');
    await refuses(server.wayBack("COMMENT ON TABLE shop.bag IS 'x'"), 'RESTORE_UNSUPPORTED');
    await refuses(
      server.wayBack('DELETE FROM shop.place; REFRESH MATERIALIZED VIEW shop.total'),
      'RESTORE_UNSUPPORTED',
    );
    await refuses(server.wayBack('SELECT lo_create(0)'), 'RESTORE_UNSUPPORTED');
  });
});
