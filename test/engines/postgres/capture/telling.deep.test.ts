import { describe, expect, it } from 'vitest';
import type { Captured } from '../../../../src/engines/engine.ts';
import { postgresEngine } from '../../../../src/engines/postgres/index.ts';
import { MemoryObjects } from '../../../../src/objects/memory-objects.ts';
import { dumpText, INSTALLATIONS, OPTIONS, filesFolder, usePostgres, zipped } from '../support.ts';

const TYPES = `
CREATE SCHEMA shop;
CREATE FUNCTION shop.over(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION shop.over(text) RETURNS integer LANGUAGE sql AS 'SELECT 2';
CREATE DOMAIN shop.doc AS xml;
CREATE DOMAIN shop.page AS shop.doc;
CREATE DOMAIN shop.pages AS shop.page[];
CREATE DOMAIN shop.fun AS regproc;
CREATE DOMAIN shop.op AS regoper;
CREATE DOMAIN shop.few AS smallint[];
CREATE TYPE shop.pair AS (f shop.fun, x xml);
CREATE TYPE shop."Odd ""one" AS (t text, "p ""q" shop.pair, n smallint[]);
CREATE DOMAIN shop.held AS shop."Odd ""one";`;

const declared = `'<?xml version="1.0" encoding="ISO-8859-1"?><a/>'::xml`;
const plain = `'<a/>'::xml`;
const over = (type: string): string => `'shop.over(${type})'::regprocedure::oid::regproc`;
const minus = (left: string): string => `'pg_catalog.-(${left},integer)'::regoperator::oid::regoper`;
const odd = (pair: string): string => `ROW('t', ${pair}, '{}')::shop."Odd ""one"`;

/** Pairs of values that the server prints alike: their type, one, the other. */
const ALIKE: readonly (readonly [type: string, one: string, other: string])[] = [
  ['xml', plain, declared],
  ['xml[]', `ARRAY[${plain}]`, `ARRAY[${declared}]`],
  ['shop.doc', plain, declared],
  ['shop.page', plain, declared],
  ['shop.page[]', `ARRAY[${plain}]::shop.page[]`, `ARRAY[${declared}]::shop.page[]`],
  ['shop.pages', `ARRAY[${plain}]::shop.page[]`, `ARRAY[${declared}]::shop.page[]`],
  ['regproc', over('integer'), over('text')],
  ['regproc[]', `ARRAY[${over('integer')}]`, `ARRAY[${over('text')}]`],
  ['shop.fun', over('integer'), over('text')],
  ['shop.fun[]', `ARRAY[${over('integer')}]::shop.fun[]`, `ARRAY[${over('text')}]::shop.fun[]`],
  ['regoper', minus('integer'), minus('date')],
  ['regoper[]', `ARRAY[${minus('integer')}]`, `ARRAY[${minus('date')}]`],
  ['shop.op', minus('integer'), minus('date')],
  ['tsquery', `'(a & b) & c'`, `'a & (b & c)'`],
  ['tsquery[]', `ARRAY['(a | b) | c'::tsquery]`, `ARRAY['a | (b | c)'::tsquery]`],
  ['oid[]', `'{}'`, `''::oidvector::oid[]`],
  ['smallint[]', `'{}'`, `''::int2vector::smallint[]`],
  ['shop.few', `'{}'`, `''::int2vector::smallint[]`],
  ['shop.pair', `ROW(NULL, ${plain})`, `ROW(NULL, ${declared})`],
  ['shop.pair', `ROW(${over('integer')}, NULL)`, `ROW(${over('text')}, NULL)`],
  ['shop."Odd ""one"', odd(`ROW(NULL, ${plain})::shop.pair`), odd(`ROW(NULL, ${declared})::shop.pair`)],
  ['shop.held', odd(`ROW(NULL, ${plain})::shop.pair`), odd(`ROW(NULL, ${declared})::shop.pair`)],
];

/** Values that are read as the server prints them. */
const PRINTED: readonly (readonly [type: string, value: string, text: string])[] = [
  ['tsquery', `'(a & b:*A) | !c <2> d'`, `'''a'' & ''b'':*A | !''c'' <2> ''d'''`],
  ['tsquery', `'x & y & z'`, `'''x'' & ''y'' & ''z'''`],
  ['tsquery', `NULL`, `NULL`],
  ['smallint[]', `'{}'`, `'{}'`],
  ['smallint[]', `'[0:1]={5,NULL}'`, `'[0:1]={5,NULL}'`],
  ['oid[]', `'{{1,2},{3,4}}'`, `'{{1,2},{3,4}}'`],
  ['smallint[]', 'NULL', 'NULL'],
  ['shop.fun', `'pg_catalog.lower(text)'::regprocedure::oid::regproc`, `'lower(text)'`],
  ['shop.pair', 'NULL', 'NULL'],
  ['shop.pair', 'ROW(NULL, NULL)::shop.pair', `'(,)'`],
  ['shop.held', `ROW('"a b"', NULL, '{1,2}')`, `'("""a b""",,"{1,2}")'`],
  [
    'shop.held',
    `ROW('', ROW(NULL, '<a b="c"/>'::xml)::shop.pair, NULL)`,
    `'("","(,""<a b=""""c""""/>"")",)'`,
  ],
];

describe.each(INSTALLATIONS)('values that print alike on the $name PostgreSQL', ({ folder }) => {
  usePostgres(folder);
  const files = filesFolder();
  let count = 0;

  async function capture(sql: string): Promise<Captured> {
    const file = files.file(`${++count}.sql.gz`, zipped(dumpText(TYPES + sql)));
    await using workspace = await postgresEngine.prepare({ file }, OPTIONS);
    await using clone = await workspace.restore('T');
    return await clone.capture(new MemoryObjects());
  }

  const table = (name: string, type: string, value: string): string =>
    `\nCREATE TABLE shop.${name} (id integer PRIMARY KEY, v ${type});\nINSERT INTO shop.${name} VALUES (1, ${value});`;

  it('are told apart, and what tells itself is read as it is printed', async () => {
    const { tables } = await capture(
      [
        ...ALIKE.flatMap(([type, one, other], i) => [
          table(`one_${i}`, type, one),
          table(`other_${i}`, type, other),
        ]),
        ...PRINTED.flatMap(([type, value, text], i) => [
          table(`value_${i}`, type, value),
          table(`text_${i}`, 'text', text),
        ]),
      ].join(''),
    );
    const root = (name: string): string | undefined => tables[`shop.${name}`]?.root;
    const alike = ALIKE.filter((_, i) => root(`one_${i}`) === root(`other_${i}`));
    expect(alike).toEqual([]);
    const otherwise = PRINTED.filter((_, i) => root(`value_${i}`) !== root(`text_${i}`));
    expect(otherwise).toEqual([]);
  });

  it.each([
    ['an array of rows', 'CREATE TABLE shop.t (v shop.pair[]);'],
    ['rows that hold one', 'CREATE TYPE shop.more AS (many shop.pair[]); CREATE TABLE shop.t (v shop.more);'],
    ['the rows of a table', 'CREATE TABLE shop.s (x xml); CREATE TABLE shop.t (v shop.s[]);'],
    [
      'a domain over an array',
      'CREATE DOMAIN shop.pairs AS shop.pair[]; CREATE TABLE shop.t (v shop.pairs);',
    ],
    ['an array of arrays', 'CREATE TABLE shop.t (v shop.few[]);'],
    [
      'an array with a cast of its own',
      `CREATE FUNCTION shop.lie(shop.fun[]) RETURNS regproc[] LANGUAGE sql AS 'SELECT NULL::regproc[]';
       CREATE CAST (shop.fun[] AS regproc[]) WITH FUNCTION shop.lie(shop.fun[]);
       CREATE TABLE shop.t (v shop.fun[]);`,
    ],
    ['an extension', 'CREATE EXTENSION seg WITH SCHEMA shop; CREATE TABLE shop.t (v shop.seg);'],
  ])('are refused where nothing tells them apart: %s', async (_, sql) => {
    const refused = { code: 'DATABASE_UNSUPPORTED', path: 'shop.t.v' };
    await expect(capture(`\n${sql.replaceAll(/; (?=CREATE)/g, ';\n')}`)).rejects.toMatchObject(refused);
  });
});
