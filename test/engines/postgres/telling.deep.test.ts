import { describe, expect, it } from 'vitest';
import { postgresEngine } from '../../../src/engines/postgres/index.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { FIXTURE } from './fixture.ts';
import { INSTALLATIONS, OPTIONS, temporaryFolder, usePostgres, zipped } from './support.ts';

describe.each(INSTALLATIONS)('values that print alike on the $name PostgreSQL', ({ folder }) => {
  usePostgres(folder);
  const files = temporaryFolder();
  let count = 0;

  async function rootOf(rows: string): Promise<string | undefined> {
    const sql = FIXTURE.replace(
      'REFRESH MATERIALIZED VIEW shop.total;',
      `CREATE FUNCTION shop.over(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION shop.over(text) RETURNS integer LANGUAGE sql AS 'SELECT 2';
CREATE TABLE shop.telling (id integer PRIMARY KEY, x xml, xs xml[], f regproc, o regoper);
INSERT INTO shop.telling VALUES ${rows};
REFRESH MATERIALIZED VIEW shop.total;`,
    );
    const file = files.file(`${++count}.sql.gz`, zipped(sql));
    await using workspace = await postgresEngine.prepare({ file }, OPTIONS);
    await using clone = await workspace.restore('T');
    return (await clone.capture(new MemoryObjects())).tables['shop.telling']?.root;
  }

  const DECLARED = '<?xml version="1.0" encoding="ISO-8859-1"?><a/>';
  const over = (type: string): string => `'shop.over(${type})'::regprocedure::oid::regproc`;
  const minus = (left: string): string => `'pg_catalog.-(${left},integer)'::regoperator::oid::regoper`;
  it.each([
    ['an XML declaration', "(1, '<a/>', NULL, NULL, NULL)", `(1, '${DECLARED}', NULL, NULL, NULL)`],
    [
      'one within an array',
      "(1, NULL, ARRAY['<a/>'::xml], NULL, NULL)",
      `(1, NULL, ARRAY['${DECLARED}'::xml], NULL, NULL)`,
    ],
    [
      'a function by its arguments',
      `(1, NULL, NULL, ${over('integer')}, NULL)`,
      `(1, NULL, NULL, ${over('text')}, NULL)`,
    ],
    ['an operator', `(1, NULL, NULL, NULL, ${minus('integer')})`, `(1, NULL, NULL, NULL, ${minus('date')})`],
  ])('are told apart: %s', async (_, one, other) => {
    expect(await rootOf(one)).not.toBe(await rootOf(other));
  });
});
