import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isCustodyError } from '../../../../src/errors.ts';
import { captureDump, postgresEngine } from '../../../../src/engines/postgres/index.ts';
import { MemoryObjects } from '../../../../src/objects/memory-objects.ts';
import { boundary, dumpText, INSTALLATIONS, OPTIONS, filesFolder, usePostgres, utf8 } from '../support.ts';
import { refuses } from '../../../support/refusals.ts';

describe.each(INSTALLATIONS)('a hostile dump on the $name installation', ({ folder }) => {
  usePostgres(folder);
  const files = filesFolder();
  chmodSync(files.path, 0o755);
  const open = join(files.path, 'open');
  mkdirSync(open);
  chmodSync(open, 0o777); // the server's account could write here
  const loot = join(open, 'loot');
  const capture = (name: string, sql: string): Promise<unknown> =>
    captureDump(files.file(`${name}.sql`, dumpText(sql)), new MemoryObjects());

  /** A function that does what only a superuser may, by other words for each place it is called from. */
  const evil = (returns = 'integer', action = `COPY (SELECT 1) TO PROGRAM ''cat > ${loot}''`): string =>
    `CREATE FUNCTION public.f(x integer) RETURNS ${returns} LANGUAGE plpgsql IMMUTABLE AS $$
     BEGIN EXECUTE '${action}'; RETURN x; END $$;`;
  const rows = 'COPY public.t (a) FROM stdin;\n1\n\\.\n';

  it.each([
    ['a check constraint', `${evil()} CREATE TABLE public.t (a integer CHECK (public.f(a) > 0));\n${rows}`],
    ['a default', `${evil()} CREATE TABLE public.t (a integer, b integer DEFAULT public.f(1));\n${rows}`],
    [
      'a generated column',
      `${evil()} CREATE TABLE public.t (a integer, b integer GENERATED ALWAYS AS (public.f(a)) STORED);\n${rows}`,
    ],
    [
      'an index expression',
      `${evil()} CREATE TABLE public.t (a integer);\n${rows}CREATE INDEX i ON public.t (public.f(a));`,
    ],
    [
      'a materialized view',
      `${evil()} CREATE MATERIALIZED VIEW public.m AS SELECT public.f(1) WITH NO DATA; REFRESH MATERIALIZED VIEW public.m;`,
    ],
    [
      'a function that belongs to a role of the dump',
      `${evil()} ALTER FUNCTION public.f(integer) OWNER TO postgres;
       CREATE TABLE public.t (a integer CHECK (public.f(a) > 0));\nALTER TABLE public.t OWNER TO postgres;\n${rows}`,
    ],
    [
      'a function that would become the superuser first',
      `${evil('integer', 'SET SESSION AUTHORIZATION custody_admin')}
       CREATE TABLE public.t (a integer CHECK (public.f(a) > 0));\n${rows}`,
    ],
    ['CREATE TABLE AS', `CREATE TABLE public.leak AS SELECT pg_catalog.pg_read_file('/etc/hostname') AS p;`],
    [
      'a materialized view with data',
      `CREATE MATERIALIZED VIEW public.leak AS SELECT pg_catalog.pg_read_file('/etc/hostname') AS p;`,
    ],
    [
      'a materialized view that is refreshed',
      `CREATE MATERIALIZED VIEW public.leak AS SELECT pg_catalog.pg_read_file('/etc/hostname') AS p WITH NO DATA;
       REFRESH MATERIALIZED VIEW public.leak;`,
    ],
    [
      'INSERT … SELECT',
      `CREATE TABLE public.t (a text);\nINSERT INTO public.t SELECT pg_catalog.pg_read_file('/etc/hostname');`,
    ],
    ['an owner of the server', 'ALTER SCHEMA pg_catalog OWNER TO x;'],
    ['an owner of a function of the server', 'ALTER FUNCTION pg_catalog.lo_import(text) OWNER TO x;'],
    ['an owner of a function without its schema', 'ALTER FUNCTION lo_import(text) OWNER TO x;'],
    ['an owner of the database', 'ALTER DATABASE custody_image OWNER TO x;'],
    [
      'a definer that would be the superuser',
      `CREATE FUNCTION public.g() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'SELECT';
       ALTER FUNCTION public.g() OWNER TO CURRENT_USER;
       CREATE FUNCTION pg_catalog.g() RETURNS void LANGUAGE sql AS 'SELECT';`,
    ],
  ])('is refused: %s', async (name, sql) => {
    await refuses(capture(name.replaceAll(/\W/g, ''), sql), 'DATABASE_UNSUPPORTED');
    expect(existsSync(loot)).toBe(false);
  });

  it('an operator of its own is not taken for the server’s', async () => {
    const file = files.file(
      'operator.sql',
      dumpText(`CREATE FUNCTION public.eqx(a oid, b regclass) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'taken for the server''s'; END $$;
        CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = regclass, FUNCTION = public.eqx);
        CREATE TABLE public.t (id integer NOT NULL, v text);
        CREATE SEQUENCE public.t_id_seq AS integer;
        ALTER TABLE ONLY public.t ALTER COLUMN id SET DEFAULT nextval('public.t_id_seq'::regclass);
        ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);`),
    );
    await using workspace = await postgresEngine.prepare({ file }, OPTIONS);
    await using clone = await workspace.restore('T');
    const sink = new MemoryObjects();
    const before = await clone.capture(sink);
    await using session = await clone.open();
    await session.begin();
    await session.apply(
      utf8("INSERT INTO public.t (id, v) VALUES (1, 'x');"),
      boundary({ insert: ['public.t'] }),
    );
    expect((await session.capture(sink)).tables['public.t']?.rows).toBe(1);
    await session.rollback();
    expect((await clone.capture(sink)).snapshot).toEqual(before.snapshot);
  });

  it('what belongs to several roles is loaded all the same', async () => {
    const sql = `CREATE SCHEMA s; ALTER SCHEMA s OWNER TO a;
      CREATE TABLE s.t (id integer PRIMARY KEY); ALTER TABLE s.t OWNER TO b;
      CREATE TYPE s.e AS ENUM ('x'); ALTER TYPE s.e OWNER TO c;
      CREATE FUNCTION s.f(v s.e) RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
      ALTER FUNCTION s.f(s.e) OWNER TO b;
      CREATE TABLE public.u (id integer REFERENCES s.t (id), e s.e); ALTER TABLE public.u OWNER TO c;
      ALTER TABLE public.u ADD CONSTRAINT k PRIMARY KEY (id); CREATE INDEX i ON s.t (id);
      REVOKE USAGE ON SCHEMA public FROM PUBLIC; GRANT ALL ON SCHEMA public TO a; GRANT SELECT ON TABLE s.t TO c;
      COMMENT ON EXTENSION plpgsql IS 'x';`;
    const error: unknown = await capture('owners', sql).catch((e: unknown) => e);
    if (isCustodyError(error)) throw error;
  });
});
