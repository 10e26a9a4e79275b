import { describe, expect, it } from 'vitest';
import { checkBoundary } from '../../../src/engines/postgres/boundary.ts';
import { readScript } from '../../../src/engines/postgres/script.ts';
import { isCustodyError } from '../../../src/errors.ts';
import { expectCode, utf8 } from './support.ts';

describe('reading an executor', () => {
  it('takes over the outermost BEGIN … COMMIT and keeps numbers, texts and lines', async () => {
    const steps = await readScript(
      utf8("\\set ON_ERROR_STOP on\nBEGIN;\n-- é\nSELECT 'é;';\nINSERT INTO a.b\nVALUES (1);\nCOMMIT;\n"),
    );
    expect(steps.map(({ kind, text, line, number }) => ({ kind, text, line, number }))).toEqual([
      { kind: 'SelectStmt', text: "SELECT 'é;'", line: 4, number: 2 },
      { kind: 'InsertStmt', text: 'INSERT INTO a.b\nVALUES (1)', line: 5, number: 3 },
    ]);
  });

  it('takes a script without BEGIN, and an empty one', async () => {
    expect(await readScript(utf8('SELECT 1'))).toHaveLength(1);
    expect(await readScript(utf8(' -- nothing\n'))).toEqual([]);
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
    await expectCode(readScript(utf8(script)), 'TRANSACTION_CONTROL');
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
  ])('refuses %j as no SQL, and says where', async (script, path) => {
    const error: unknown = await readScript(utf8(script)).catch((e: unknown) => e);
    expect(isCustodyError(error, 'SQL_SYNTAX') && error.path).toBe(path);
  });

  it('refuses what is not UTF-8, and NUL', async () => {
    await expectCode(readScript(Uint8Array.of(0x53, 0xff)), 'SQL_SYNTAX');
    await expectCode(readScript(utf8('SELECT 1\0')), 'SQL_SYNTAX');
  });
});

describe('the boundary, as the parser sees it', () => {
  const check = async (script: string): Promise<void> =>
    checkBoundary(
      await readScript(utf8(script)),
      { mode: 'insert-only', tables: ['public.a'] },
      new Set(['public.a']),
    );

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
  ])('lets %j through', check);

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
    await expectCode(check(script), 'BOUNDARY_VIOLATED');
  });
});
