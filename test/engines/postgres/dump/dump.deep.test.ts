import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBinaries } from '../../../../src/engines/postgres/cluster/binaries.ts';
import { Cluster } from '../../../../src/engines/postgres/cluster/cluster.ts';
import { loadDump } from '../../../../src/engines/postgres/dump/dump-loader.ts';
import { createRoles, LOADER } from '../../../../src/engines/postgres/roles.ts';
import { captureDump, isPlainDump } from '../../../../src/engines/postgres/index.ts';
import { MemoryObjects } from '../../../../src/objects/memory-objects.ts';
import { FIXTURE } from '../fixture.ts';
import { clusterFolders, dumpText, filesFolder, useTemporaryFolder, zipped } from '../support.ts';
import { byCode, refuses } from '../../../support/refusals.ts';

const files = filesFolder();
useTemporaryFolder(files.path);

describe('recognising a dump', () => {
  it('by its header, plain or gzipped', async () => {
    expect(await isPlainDump(files.file('plain.sql', FIXTURE))).toBe(true);
    expect(await isPlainDump(files.file('zipped.sql.gz', zipped(FIXTURE)))).toBe(true);
    expect(await isPlainDump(files.file('other.sql', 'SELECT 1;\n'))).toBe(false);
    expect(await isPlainDump(files.file('empty', ''))).toBe(false);
    expect(await isPlainDump(files.file('custom.dump', 'PGDMP\u0001'))).toBe(false);
    expect(await isPlainDump(files.file('all.sql', '--\n-- PostgreSQL database cluster dump\n--\n'))).toBe(
      false,
    );
    expect(await isPlainDump(files.file('bad.gz', Uint8Array.of(0x1f, 0x8b, 1, 2, 3)))).toBe(false);
  });

  it('throws for what is no file', async () => {
    await refuses(isPlainDump(join(files.path, 'missing')), 'PATH_NOT_FOUND');
    mkdirSync(join(files.path, 'folder'));
    await refuses(isPlainDump(join(files.path, 'folder')), 'PATH_NOT_A_FILE');
  });
});

describe('loading a dump', () => {
  const GOOD = dumpText(
    'CREATE TABLE public.a (x integer PRIMARY KEY);\nCOPY public.a (x) FROM stdin;\n1\n2\n\\.\n',
  );
  const capture = (name: string, content: string | Uint8Array): Promise<unknown> =>
    captureDump(files.file(name, content), new MemoryObjects());

  it('gives the same snapshot plain and gzipped, with \\n and as INSERTs', async () => {
    const sink = new MemoryObjects();
    const ids = new Set<string>();
    for (const text of [
      GOOD,
      zipped(GOOD),
      GOOD.replace(/COPY[^.]*\.a [^]*\\\.\n/, 'INSERT INTO public.a VALUES (2), (1);\n'),
    ]) {
      const captured = await captureDump(files.file('good', text), sink);
      expect(captured.rows).toBe(2);
      ids.add(captured.snapshot.digest);
    }
    expect(ids.size).toBe(1);
  });

  it('knows two dumps that differ in one value, one comment or one right', async () => {
    const sink = new MemoryObjects();
    const rest = 'CREATE TABLE public.a (x text);\n';
    const digests = await Promise.all(
      [
        '',
        "INSERT INTO public.a VALUES ('');",
        'INSERT INTO public.a VALUES (NULL);',
        'INSERT INTO public.a VALUES (NULL), (NULL);',
        "COMMENT ON TABLE public.a IS 'x';",
        'GRANT SELECT ON TABLE public.a TO reader;',
        'ALTER TABLE public.a ENABLE ROW LEVEL SECURITY;',
        'CREATE INDEX a_x ON public.a (x);',
        'CREATE SEQUENCE public.s;',
        "CREATE SEQUENCE public.s; SELECT pg_catalog.setval('public.s', 1, true);",
        "SELECT pg_catalog.lo_create('1');",
      ].map(
        async (sql, i) =>
          (await captureDump(files.file(`differ-${i}.sql`, dumpText(rest + sql)), sink)).snapshot.digest,
      ),
    );
    expect(new Set(digests).size).toBe(digests.length);
  });

  const at = (text: string): number => GOOD.slice(0, GOOD.indexOf(text)).split('\n').length;
  /** The dump with a line ahead of its first statement of a sort, and the number of that line. */
  const ahead = (before: string, line: string): [string, number] => [
    GOOD.replace(before, `${line}\n${before}`),
    at(before),
  ];
  const whole = zipped(FIXTURE);
  const faults = byCode<[content: string | Uint8Array, line?: number]>({
    DUMP_MALFORMED: [
      ['truncated gzip', whole.subarray(0, whole.length - 40)],
      ['damaged gzip', flip(whole, whole.length >> 1)],
      ['cut between statements', GOOD.slice(0, GOOD.indexOf('COPY'))],
      ['cut inside a statement', GOOD.slice(0, GOOD.indexOf(' PRIMARY KEY')), at('CREATE')],
      ['cut inside COPY data', GOOD.slice(0, GOOD.indexOf('\\.'))],
      ['a quote that never closes', GOOD.replace('CREATE', "CREATE '")],
      ['a statement after the end', `${GOOD}SELECT 1;`],
      ['\\connect', ...ahead('CREATE', '\\connect x')],
      ['\\!', ...ahead('CREATE', '\\! id')],
      ['\\copy', ...ahead('CREATE', '\\copy a from b')],
      ['a syntax error', GOOD.replace('CREATE', 'CREAT'), at('CREATE')],
      ['a type that is not there', GOOD.replace('integer', 'nonsense'), at('CREATE')],
      ['COPY data of another type', GOOD.replace('\n2\n', '\nx\n'), at('COPY')],
      ['COPY data with a duplicate key', GOOD.replace('\n2\n', '\n1\n'), at('COPY')],
      [
        'bytes that are not UTF-8',
        Buffer.from(GOOD.replace('integer', 'integer /*\u00ff*/'), 'latin1'),
        at('CREATE'),
      ],
    ],
    DATABASE_UNSUPPORTED: [
      ['COPY FROM PROGRAM', GOOD.replace('FROM stdin', "FROM PROGRAM 'id'"), at('COPY')],
      ['COPY TO a file', GOOD.replace('FROM stdin', "TO '/tmp/x'"), at('COPY')],
      ['DO', ...ahead('CREATE', "DO 'BEGIN END';")],
      ['a call of another function', ...ahead('CREATE', "SELECT pg_read_file('/etc/passwd');")],
      ['ALTER SYSTEM', ...ahead('CREATE', "ALTER SYSTEM SET listen_addresses = '*';")],
      ['CREATE ROLE', ...ahead('CREATE', 'CREATE ROLE x SUPERUSER;')],
      ['another encoding', GOOD.replace("'UTF8'", "'LATIN1'")],
      ['an owner of ours', ...ahead('COPY', 'ALTER TABLE public.a OWNER TO custody_admin;')],
      ['a mighty owner', ...ahead('COPY', 'ALTER TABLE public.a OWNER TO pg_execute_server_program;')],
      ['dblink', ...ahead('CREATE', 'CREATE EXTENSION dblink;')],
      ['a foreign server', ...ahead('CREATE', 'CREATE FOREIGN DATA WRAPPER x;')],
      ['a publication', ...ahead('CREATE', 'CREATE PUBLICATION p;')],
    ],
  });

  // One cluster for all of them; only what is found after the load needs the whole way.
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start(await findBinaries());
    await using admin = await cluster.connect('postgres');
    await createRoles(admin);
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  async function load(path: string): Promise<void> {
    await using admin = await cluster.connect('postgres');
    await admin.script('DROP DATABASE IF EXISTS fault');
    await admin.script('CREATE DATABASE fault OWNER custody_owner TEMPLATE template0');
    await using loader = await cluster.connect('fault', LOADER);
    await using keeper = await cluster.connect('fault');
    await loadDump({ loader, admin: keeper }, path);
  }

  it.each(faults)('refuses: %s', async (name, code, content, line) => {
    const path = files.file(`fault-${name.replaceAll(/\W/g, '')}`, content);
    await refuses(load(path), code, line === undefined ? undefined : `${path}:${line}`);
  });

  it.each([
    ['cut between statements', GOOD.slice(0, GOOD.indexOf('COPY')), 'DUMP_MALFORMED'],
    [
      'code of another language',
      GOOD.replace('COPY', "CREATE FUNCTION public.f() RETURNS void LANGUAGE internal AS 'now';\nCOPY"),
      'DATABASE_UNSUPPORTED',
    ],
    ['no dump', 'SELECT 1;', 'DATABASE_NOT_RECOGNISED'],
  ] as const)('leaves no cluster behind: %s', async (name, content, code) => {
    const others = clusterFolders(files.path);
    await refuses(capture(`whole-${name.replaceAll(/\W/g, '')}`, content), code);
    expect(clusterFolders(files.path)).toEqual(others);
  });

  it('skips a setting of a newer pg_dump, and nothing else', async () => {
    await capture(
      'newer.sql',
      GOOD.replace('SET statement_timeout', 'SET no_such_setting = 0;\nSET statement_timeout'),
    );
  });

  it('is interrupted by a signal', async () => {
    const others = clusterFolders(files.path);
    const path = files.file('interrupted.sql', FIXTURE);
    await refuses(captureDump(path, new MemoryObjects(), { signal: AbortSignal.abort() }), 'INTERRUPTED');
    for (const milliseconds of [100, 700]) {
      await refuses(
        captureDump(path, new MemoryObjects(), { signal: AbortSignal.timeout(milliseconds) }).then(() => {
          throw new Error('too fast');
        }),
        'INTERRUPTED',
      ).catch((error: unknown) => {
        if (!(error instanceof Error && error.message === 'too fast')) throw error;
      });
    }
    expect(clusterFolders(files.path)).toEqual(others);
  });
});

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}
