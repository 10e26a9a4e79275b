import { describe, expect, it } from 'vitest';
import { boundaryRefusals, type Nameable } from '../../../../src/engines/postgres/script/boundary.ts';
import { parseScript } from '../../../../src/engines/postgres/script/script.ts';
import { inOrder } from '../../../../src/engines/postgres/script/refusal.ts';
import { utf8 } from '../support.ts';

/** Codes and places of what is refused, in the order of the script. */
async function refused(script: string | Uint8Array, nameable?: Nameable): Promise<string[]> {
  const { steps, refusals } = await parseScript(typeof script === 'string' ? utf8(script) : script);
  const all = nameable ? [...refusals, ...boundaryRefusals(steps, nameable)] : refusals;
  return inOrder(all).map(({ error }) => `${error.code} ${error.path ?? ''}`);
}

describe('reading a script', () => {
  it('takes over the outermost BEGIN … COMMIT and keeps numbers, texts and lines', async () => {
    const { steps, refusals } = await parseScript(
      utf8("\\set ON_ERROR_STOP on\nBEGIN;\n-- é\nSELECT 'é;';\nINSERT INTO a.b\nVALUES (1);\nCOMMIT;\n"),
    );
    expect(refusals).toEqual([]);
    expect(steps.map(({ kind, text, line, number }) => ({ kind, text, line, number }))).toEqual([
      { kind: 'SelectStmt', text: "SELECT 'é;'", line: 4, number: 2 },
      { kind: 'InsertStmt', text: 'INSERT INTO a.b\nVALUES (1)', line: 5, number: 3 },
    ]);
  });

  it('takes a script without BEGIN, and an empty one', async () => {
    expect((await parseScript(utf8('SELECT 1'))).steps).toHaveLength(1);
    expect(await parseScript(utf8(' -- nothing\n'))).toEqual({ steps: [], refusals: [] });
  });

  it.each([
    'COMMIT',
    'BEGIN; SELECT 1',
    'SELECT 1; COMMIT',
    'BEGIN; BEGIN; COMMIT',
    'BEGIN; SELECT 1; COMMIT; SELECT 2',
    'BEGIN; ROLLBACK; COMMIT',
    'BEGIN; SAVEPOINT a; COMMIT',
    'BEGIN; SELECT 1; COMMIT AND CHAIN',
    'BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT',
    "BEGIN; PREPARE TRANSACTION 'x'; COMMIT",
    'SET TRANSACTION READ WRITE',
    'SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE',
    'SET transaction_read_only = off',
    'END',
    'ABORT',
  ])('refuses the transaction control in %j', async (script) => {
    expect((await refused(script))[0]).toMatch(/^TRANSACTION_CONTROL statement \d$/);
  });

  it.each([
    ['\\set ON_ERROR_STOP off\nSELECT 1', 'line 1'],
    ['SELECT 1;\n\\! rm -rf /', 'line 2'],
    ['SELECT 1 \\gset\n', 'line 1'],
    ['\\copy a from b', 'line 1'],
    ['\\restrict x\n', 'line 1'],
    ['SELECT 1 \\set ON_ERROR_STOP on\n;', 'line 1'],
    ['SELECT :x', 'line 1'],
    ['\n\nSELEC 1', 'line 3'],
    ['SELECT 1;\nSELECT $1', 'line 2'],
    ['SELECT (1;\n', 'line 1'],
  ])('refuses %j as no SQL, and says where', async (script, path) => {
    expect(await refused(script)).toEqual([`SQL_SYNTAX ${path}`]);
  });

  it('refuses what is not UTF-8, and NUL', async () => {
    expect(await refused(Uint8Array.of(0x53, 0xff))).toEqual(['SQL_SYNTAX ']);
    expect((await refused('SELECT 1\0'))[0]).toMatch(/^SQL_SYNTAX/);
  });

  it('finds everything that is wrong, in order', async () => {
    const script = `BEGIN;
DELETE FROM public.a; SAVEPOINT x;
\\gset
SELEC 1; INSERT INTO public.b VALUES
(1);
SELECT 1 1;
SELECT pg_notify('a', 'b'), setval('s', 1);
COMMIT; COMMIT AND CHAIN;
`;
    expect(await refused(script, ONLY_INSERT)).toEqual([
      'TRANSACTION_CONTROL statement 1',
      'BOUNDARY_VIOLATED statement 2',
      'TRANSACTION_CONTROL statement 3',
      'SQL_SYNTAX line 3',
      'SQL_SYNTAX line 4',
      'BOUNDARY_VIOLATED statement 5',
      'SQL_SYNTAX line 6',
      'BOUNDARY_VIOLATED statement 7',
      'BOUNDARY_VIOLATED statement 7',
      'TRANSACTION_CONTROL statement 8',
      'TRANSACTION_CONTROL statement 9',
    ]);
  });
});

const tables = (...names: readonly string[]): ReadonlySet<string> => new Set(names);
const ONLY_INSERT: Nameable = {
  insert: tables('public.a'),
  update: tables(),
  delete: tables(),
  counters: false,
};

describe('the boundary, as the parser sees it', () => {
  const check = (script: string): Promise<string[]> => refused(script, ONLY_INSERT);

  it.each([
    'SELECT 1',
    'SELECT * FROM public.a FOR UPDATE',
    'VALUES (1)',
    'TABLE public.b',
    'INSERT INTO public.a VALUES (1)',
    'INSERT INTO a SELECT 1 ON CONFLICT DO NOTHING RETURNING *',
    'WITH x AS (INSERT INTO public.a VALUES (1) RETURNING *) SELECT * FROM x',
    "SELECT set_config('birth.id', '1', true)",
    'SELECT a.setval FROM public.a',
  ])('lets %j through', async (script) => {
    expect(await check(script)).toEqual([]);
  });

  it.each([
    'UPDATE public.a SET x = 1',
    'DELETE FROM public.a',
    'TRUNCATE public.a',
    'MERGE INTO public.a USING b ON true WHEN MATCHED THEN DELETE',
    'INSERT INTO public.b VALUES (1)',
    'INSERT INTO public.a VALUES (1) ON CONFLICT (x) DO UPDATE SET x = 2',
    'WITH x AS (DELETE FROM public.a RETURNING *) SELECT * FROM x',
    'WITH x AS (UPDATE public.a SET x = 1 RETURNING *) INSERT INTO public.a SELECT * FROM x',
    'WITH x AS (INSERT INTO public.b VALUES (1) RETURNING *) SELECT * FROM x',
    'SELECT * INTO c FROM public.a',
    'CREATE TABLE c (x int)',
    'CREATE TEMP TABLE c AS SELECT 1',
    'DROP TABLE public.a',
    'ALTER TABLE public.a ADD y int',
    'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
    'DO $$ BEGIN COMMIT; END $$',
    'CALL p()',
    "COPY public.a TO PROGRAM 'id'",
    'COPY public.a FROM stdin',
    'LOCK TABLE public.a',
    'NOTIFY x',
    'LISTEN x',
    'PREPARE x AS SELECT 1',
    'DECLARE c CURSOR WITH HOLD FOR SELECT 1',
    'EXPLAIN ANALYZE INSERT INTO public.a VALUES (1)',
    'SET search_path = public',
    'SET ROLE x',
    'RESET ALL',
    'DISCARD ALL',
    'VACUUM',
    'GRANT ALL ON public.a TO PUBLIC',
    'REFRESH MATERIALIZED VIEW m',
    "SELECT pg_notify('a', 'b')",
    'SELECT pg_catalog.pg_advisory_lock(1)',
    "SELECT setval('s', 1)",
    'SELECT (SELECT lo_create(0))',
    'INSERT INTO public.a SELECT pg_catalog.pg_try_advisory_xact_lock(1)',
  ])('refuses %j', async (script) => {
    expect(await check(script)).toEqual(['BOUNDARY_VIOLATED statement 1']);
  });
});

describe('the boundary by action', () => {
  const OTHERS = {
    insert: tables('public.i'),
    update: tables('public.u'),
    delete: tables('public.d'),
    counters: false,
  };
  it.each([
    'INSERT INTO public.i VALUES (1)',
    'UPDATE public.u SET x = 1',
    'UPDATE u SET x = 1',
    'DELETE FROM public.d USING public.u WHERE true RETURNING *',
    'WITH x AS (DELETE FROM d RETURNING *) UPDATE u SET x = 1 FROM x',
  ])('lets %j through', async (script) => {
    expect(await refused(script, OTHERS)).toEqual([]);
  });

  it.each([
    'INSERT INTO public.u VALUES (1)',
    'INSERT INTO d VALUES (1)',
    'UPDATE public.i SET x = 1',
    'UPDATE d SET x = 1',
    'DELETE FROM public.u',
    'DELETE FROM i',
    'WITH x AS (DELETE FROM u RETURNING *) UPDATE u SET x = 1 FROM x',
    'INSERT INTO public.i VALUES (1) ON CONFLICT (x) DO UPDATE SET x = 2',
    'MERGE INTO public.u USING public.d ON true WHEN MATCHED THEN UPDATE SET x = 1',
    'TRUNCATE public.d',
    'DROP TABLE public.d',
    "SELECT setval('s', 1)",
  ])('refuses %j', async (script) => {
    expect(await refused(script, OTHERS)).toEqual(['BOUNDARY_VIOLATED statement 1']);
  });

  it('an upsert needs its table for both', async () => {
    const upsert = 'INSERT INTO public.a VALUES (1) ON CONFLICT (x) DO UPDATE SET x = 2';
    const both = { ...ONLY_INSERT, update: tables('public.a') };
    expect(await refused(upsert, both)).toEqual([]);
    expect(await refused(upsert, { ...both, insert: tables() })).toEqual(['BOUNDARY_VIOLATED statement 1']);
  });

  it('counters are put back only where that is allowed', async () => {
    expect(await refused("SELECT pg_catalog.setval('s', 1, true)", { ...OTHERS, counters: true })).toEqual(
      [],
    );
  });

  it('names are compared whole, and as snapshots show them', async () => {
    const odd = { ...ONLY_INSERT, insert: tables('public."Odd.a"', 'public.aa') };
    expect(
      await refused('INSERT INTO "Odd.a" VALUES (1); INSERT INTO public."Odd.a" VALUES (1)', odd),
    ).toEqual([]);
    expect(await refused('INSERT INTO a VALUES (1)', odd)).toEqual(['BOUNDARY_VIOLATED statement 1']);
  });
});
