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
        "rehearsal": "610845d54d4ac01089d39cccc9fa18549e70b0ca493ed64d51549573a92422c1",
        "seal": "286e2f2c393c27d93aeb7c22a6b82b647c8de1e744057dbd70e5f2baf6f3e8b2",
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
