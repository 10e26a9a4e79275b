import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Boundary, Captured, Clone, Workspace } from '../../../src/engines/engine.ts';
import { postgresEngine } from '../../../src/engines/postgres/index.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { isCustodyError } from '../../../src/errors.ts';
import { boundary, INSTALLATIONS, OPTIONS, usePostgres, utf8 } from './support.ts';
import { data, lackingData } from '../../support/lacking.ts';
import { refuses } from '../../support/refusals.ts';

const lack = lackingData('agencyos.sql.gz', 'agencyos.dump', 'agencyos-counts.txt');
const read = (name: string): Uint8Array => readFileSync(data(name));
const BOUNDARY: Boundary = boundary({
  insert: ['public.birth_registry', 'public.directus_objects', 'public.system_issues'],
});

describe.skipIf(lack).each(INSTALLATIONS)(
  `a real Directus database on the $name installation${lack}`,
  ({ folder }) => {
    usePostgres(folder);
    const sink = new MemoryObjects();
    let workspace: Workspace;
    let clone: Clone;
    let before: Captured;

    beforeAll(async () => {
      workspace = await postgresEngine.prepare({ file: data('agencyos.sql.gz') }, OPTIONS);
      clone = await workspace.restore('T');
      before = await clone.capture(sink);
    });
    afterAll(() => (workspace as Workspace | undefined)?.[Symbol.asyncDispose]());

    const changed = (captured: Captured): string[] =>
      Object.keys(before.tables).filter((name) => before.tables[name]?.root !== captured.tables[name]?.root);

    it('has the rows that its maker counted, and one state is one snapshot', async () => {
      const counted = Buffer.from(read('agencyos-counts.txt')).toString().split('\n');
      const postgres = counted.slice(
        1,
        counted.findIndex((line, i) => i > 0 && (line === '' || line.startsWith('#'))),
      );
      const expected = Object.fromEntries(
        postgres.map((line) => line.split(' ')).map(([name, rows]) => [`public.${name ?? ''}`, Number(rows)]),
      );
      expect(Object.keys(expected)).toHaveLength(104);
      expect(
        Object.fromEntries(Object.entries(before.tables).map(([name, { rows }]) => [name, rows])),
      ).toEqual(expected);
      expect((await clone.capture(sink)).snapshot).toEqual(before.snapshot);
    });

    it('leg T: a birth inside a transaction changes three tables, and nothing after the rollback', async () => {
      await using session = await clone.open();
      await session.begin();
      await session.apply(read('birth.sql'), BOUNDARY);
      expect(changed(await session.capture(sink))).toEqual([...BOUNDARY.insert]);
      await session.rollback();
      expect((await clone.capture(sink)).snapshot).toEqual(before.snapshot);
    });

    it('leg R: a committed birth is gone after the image came back', async () => {
      await using other = await workspace.restore('R');
      {
        await using session = await other.open();
        await session.begin();
        await session.apply(read('birth.sql'), BOUNDARY);
        await session.commit();
      }
      expect(changed(await other.capture(sink))).toEqual([...BOUNDARY.insert]);
      await other.reset();
      expect((await other.capture(sink)).snapshot).toEqual(before.snapshot);
    });

    it('leg S: the rollback script takes the committed birth back, to the row', async () => {
      await using other = await workspace.restore('S');
      const rollback = boundary({ delete: BOUNDARY.insert });
      expect(await other.check(read('birth.sql'), BOUNDARY)).toEqual([]);
      expect(await other.check(read('birth-rollback.sql'), rollback)).toEqual([]);
      const births = 'SELECT count(*) FROM public.birth_registry';
      for (const [script, allowed, rows] of [
        ['birth.sql', BOUNDARY, '6'],
        ['birth-rollback.sql', rollback, '5'],
      ] as const) {
        await using session = await other.open();
        await session.begin();
        await session.apply(read(script), allowed);
        expect(await session.query(births)).toBe(rows);
        await session.commit();
        expect(await other.query(births)).toBe(rows);
      }
      // No table of a birth has a sequence: nothing at all is left.
      expect((await other.capture(sink)).snapshot).toEqual(before.snapshot);
    });

    it('is refused without an approved approval', async () => {
      await using session = await clone.open();
      await session.begin();
      const script = Buffer.from(read('birth.sql'))
        .toString()
        .replace('a0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000002');
      await refuses(session.apply(utf8(script), BOUNDARY), 'SQL_FAILED');
    });

    it('is refused outside of the boundary', async () => {
      await using session = await clone.open();
      await session.begin();
      const allowed: Boundary = boundary({ insert: ['public.birth_registry', 'public.directus_objects'] });
      await refuses(session.apply(read('birth.sql'), allowed), 'BOUNDARY_VIOLATED');
    });

    it('the psql script is refused, by command and line', async () => {
      await using session = await clone.open();
      await session.begin();
      const error: unknown = await session
        .apply(read('birth-psql-script.sql'), BOUNDARY)
        .catch((e: unknown) => e);
      expect(isCustodyError(error, 'SQL_SYNTAX') && error.path).toBe('line 4');
      await refuses(session.apply(read('birth-rollback.sql'), BOUNDARY), 'BOUNDARY_VIOLATED');
      const found = await clone.check(read('birth-psql-script.sql'), BOUNDARY);
      expect(found.length).toBeGreaterThan(3);
      expect(found[0]?.path).toBe('line 4');
    });
  },
);
