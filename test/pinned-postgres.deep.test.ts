import { describe, expect, it } from 'vitest';
import { packagedFolder } from '../src/engines/postgres/cluster/binaries.ts';
import { Desk } from './cli/desk.ts';
import { dumpText, usePostgres } from './engines/postgres/support.ts';
import { rehearsedIds } from './support/rehearsed-ids.ts';

// As pinned.test.ts. What PostgreSQL prints, and so the ids, differ from version to version: it is the pinned package's.
const packaged = packagedFolder();
const lackPackage = packaged === undefined ? ' (skipped: the package is not installed)' : '';
describe.skipIf(lackPackage)(`pinned, on the PostgreSQL of package-lock.json${lackPackage}`, () => {
  usePostgres(packaged!);

  it('a rehearsal', async ({ skip }) => {
    using desk = new Desk();
    await desk.init();
    desk.write('app.sql', dumpText(DUMP));
    desk.write('change.sql', "INSERT INTO public.posts VALUES (3, 'three');\n");
    desk.write('back.sql', 'DELETE FROM public.posts WHERE id = 3;\n');
    desk.write('plan.yaml', POSTGRES_PLAN);
    expect(await rehearsedIds(desk, skip)).toMatchInlineSnapshot(`
      {
        "accepted": true,
        "rehearsal": "5b8b5514ee2628a4848185028f7c8c1be730b09cebe995b22b53bdf6284720a2",
        "seal": "2dc251df9f4a2a268608ba8a13886ea080b2abd3195a949d4445f42bd8197c48",
      }
    `);
  });
});

const DUMP = `CREATE TABLE public.posts (id integer NOT NULL PRIMARY KEY, body text NOT NULL);
INSERT INTO public.posts VALUES (1, 'one'), (2, 'two');`;

const POSTGRES_PLAN = `custody: plan/2
name: one more post
engine: postgres
source: { file: app.sql, kind: fixture }
executor: { file: change.sql }
rollback: { file: back.sql }
preflight: [{ name: not there yet, sql: SELECT count(*) FROM public.posts WHERE id = 3, expect: '== 0' }]
delta: { public.posts: { inserted: 1 } }
`;
