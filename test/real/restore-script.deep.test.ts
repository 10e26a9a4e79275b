import { copyFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { useTemp } from '../engines/sqlite/helpers.ts';
import { Server } from '../rehearsal/restore/postgres-support.ts';
import { wayBack } from '../rehearsal/restore/sqlite-support.ts';
import { data, lackingData } from '../support/lacking.ts';

const lack = lackingData('agencyos.sql.gz');

/** Every row of every table goes: all of them come back, parents first, and nothing may be inexact. */
const EVERYTHING = `DO $$ DECLARE names text; BEGIN
  SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') INTO names FROM pg_tables WHERE schemaname = 'public';
  EXECUTE 'TRUNCATE ' || names || ' RESTART IDENTITY CASCADE'; END $$`;

/** Parents go and take children with them or leave NULL behind, rows change, new ones come. */
const MIXED = `
  DO $$ DECLARE file uuid; BEGIN
    FOR file IN SELECT id FROM public.directus_files LOOP
      BEGIN DELETE FROM public.directus_files WHERE id = file; EXCEPTION WHEN foreign_key_violation THEN NULL; END;
    END LOOP; END $$;
  DELETE FROM public.os_projects WHERE id IN (SELECT id FROM public.os_projects ORDER BY id LIMIT 1);
  UPDATE public.directus_fields SET note = note || E'\\n', sort = coalesce(sort, 0) + 1 WHERE id % 3 = 0;
  UPDATE public.directus_permissions SET permissions = NULL WHERE id % 2 = 0;
  INSERT INTO public.directus_folders (id, name, parent) VALUES
    ('00000000-0000-4000-8000-00000000000a', 'a', NULL), ('00000000-0000-4000-8000-00000000000b', 'b', '00000000-0000-4000-8000-00000000000a');
  UPDATE public.directus_folders SET parent = '00000000-0000-4000-8000-00000000000b' WHERE parent IS NULL AND name <> 'a';
  SELECT nextval('public.directus_fields_id_seq')`;

describe.skipIf(lack)(`restore scripts on agencyos.sql.gz${lack}`, () => {
  it('the birth, a mixed change, and the loss of everything: back to the same state', async () => {
    await using server = await Server.start(data('agencyos.sql.gz'));
    const birth = await server.wayBack(
      `SELECT public.fn_birth_register('posts:2026-02-birth-0006', 'posts', '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', 4, 'a0000000-0000-4000-8000-000000000001')`,
    );
    expect(birth.made).toMatchObject({ deleted: 3, updated: 0, inserted: 0 });
    expect(birth.restored).toBe(birth.a);
    for (const change of [MIXED, EVERYTHING]) {
      const way = await server.wayBack(change);
      expect(way.b).not.toBe(way.a);
      expect(way.restored).toBe(way.a);
      expect(way.made.script).not.toContain('in a circle');
    }
  });
});

describe.each(['agencyos.sqlite', 'chinook.sqlite'])('restore scripts on %s', (name) => {
  const temp = useTemp();
  const lackFile = lackingData(name);

  it.skipIf(lackFile)(
    `the loss of everything, and a change in every table: back to the same state${lackFile}`,
    async () => {
      const a = temp.file('a.sqlite');
      const b = temp.file('b.sqlite');
      copyFileSync(data(name), a);
      for (const change of [
        'DELETE FROM #',
        'UPDATE OR IGNORE # SET rowid = rowid + 1000000 WHERE rowid % 3 = 0',
      ]) {
        copyFileSync(a, b);
        {
          using db = new DatabaseSync(b, { enableForeignKeyConstraints: false });
          const tables = db.prepare(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND wr = 0 AND name NOT LIKE 'sqlite%'",
          );
          for (const { name: table } of tables.all()) db.exec(change.replace('#', `"${String(table)}"`));
        }
        const way = await wayBack(a, b);
        expect(way.b).not.toBe(way.a);
        expect(way.restored).toBe(way.a);
      }
    },
  );
});
