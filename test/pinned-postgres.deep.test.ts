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
        "rehearsal": "659fb521da02bc640927d7e9ab88f35056120033161ee8d5a0500a3a56b35b43",
        "seal": "77ea57c8378abe823e53ea95684b30ce829a6d78f709bae1a6764887f5918b72",
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
