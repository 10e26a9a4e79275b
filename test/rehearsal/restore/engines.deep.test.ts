import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { Boundary, Engine } from '../../../src/engines/engine.ts';
import { postgresEngine } from '../../../src/engines/postgres/index.ts';
import { sqliteEngine } from '../../../src/engines/sqlite/index.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { resultOf } from '../../../src/objects/walk.ts';
import { restoreScript } from '../../../src/rehearsal/restore-script.ts';
import {
  dumpText,
  INSTALLATIONS,
  OPTIONS,
  filesFolder,
  usePostgres,
  utf8,
} from '../../engines/postgres/support.ts';
import { useTemp } from '../../engines/sqlite/helpers.ts';

/**
 * As leg S does it: the change and the script in sessions of the engine, confined and guarded as any script from outside.
 * @returns whether the state is exactly the one before.
 */
async function legS(engine: Engine, file: string, change: string, tables: readonly string[]): Promise<void> {
  const objects = new MemoryObjects();
  await using workspace = await engine.prepare({ file }, OPTIONS);
  await using clone = await workspace.restore('S');
  const before = (await clone.capture(objects)).snapshot;
  const run = async (sql: string, counters: boolean): Promise<void> => {
    const boundary: Boundary = { insert: tables, update: tables, delete: tables, counters };
    expect(await clone.check(utf8(sql), boundary)).toEqual([]);
    await using session = await clone.open();
    await session.begin();
    await session.apply(utf8(sql), boundary);
    await session.commit();
  };
  await run(change, false);
  const after = (await clone.capture(objects)).snapshot;
  expect(after.digest).not.toBe(before.digest);
  const made = resultOf(restoreScript(before, after), objects.get);
  expect(made).toMatchObject({ deleted: 2, updated: 2, inserted: 2, sequences: 1 });
  await run(made.script, true);
  expect((await clone.capture(objects)).snapshot.digest, made.script).toBe(before.digest);
}

describe('a restore script as leg S runs it', () => {
  const temp = useTemp();

  it('SQLite', async () => {
    const file = temp.file('app.sqlite');
    {
      using db = new DatabaseSync(file);
      db.exec(`CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT UNIQUE);
        CREATE TABLE c (k BLOB PRIMARY KEY, p INT NOT NULL REFERENCES p) WITHOUT ROWID;
        INSERT INTO p VALUES (1, 'é'), (2, 'line' || char(10)), (3, 'x'); INSERT INTO c VALUES (x'00', 1), (0.1, 2), ('k', 3)`);
    }
    await legS(
      sqliteEngine,
      file,
      "INSERT INTO p (v) VALUES ('new'); INSERT INTO c VALUES ('n', 4); UPDATE c SET p = 4 WHERE k = x'00'; DELETE FROM c WHERE k = 0.1; DELETE FROM p WHERE id = 2; UPDATE p SET v = 'y' WHERE id = 3;",
      ['p', 'c'],
    );
  });
});

describe.each(INSTALLATIONS.slice(0, 1))('a restore script as leg S runs it on PostgreSQL', ({ folder }) => {
  usePostgres(folder);
  const files = filesFolder();

  it('PostgreSQL', async () => {
    const file = files.file(
      'app.sql',
      dumpText(String.raw`CREATE TABLE public.p (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text UNIQUE);
      CREATE TABLE public.c (k bytea, p bigint NOT NULL REFERENCES public.p (id), j json);
      INSERT INTO public.p (v) VALUES ('é'), (E'line\n'), ('x');
      INSERT INTO public.c VALUES ('\x00', 1, '{"a":1}'), ('\x01', 3, NULL);`),
    );
    await legS(
      postgresEngine,
      file,
      `INSERT INTO public.p (v) VALUES ('new'); INSERT INTO public.c VALUES ('\\x02', 4, '[]');
       UPDATE public.p SET v = 'y' WHERE id = 3; UPDATE public.p SET v = 'z' WHERE id = 1;
       DELETE FROM public.p WHERE id = 2; DELETE FROM public.c WHERE j IS NULL;`,
      ['public.p', 'public.c'],
    );
  });
});
