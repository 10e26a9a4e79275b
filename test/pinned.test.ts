import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packagedFolder } from '../src/engines/postgres/cluster/binaries.ts';
import { Desk } from './cli/desk.ts';
import { writePlan } from './cli/plans.ts';
import { dumpText, usePostgres } from './engines/postgres/support.ts';

/**
 * What no move, rename or repair may change without being meant to. Where it is meant, `npx vitest run test/pinned.test.ts
 * -u` writes the new values. Ids hold what the machine grants (`isolation`), so the rehearsals are pinned for Linux with
 * namespaces and Landlock; nothing else of the machine is in them.
 */
describe('pinned', () => {
  it('the validator: whoever changes it asks every user to pin anew', () => {
    const code = readFileSync(resolve(import.meta.dirname, '../dist/validator.mjs'));
    expect(createHash('sha256').update(code).digest('hex')).toMatchInlineSnapshot(
      `"8408bceddd4e8245a2603906a6dc1325c783514959935459f0859344f8686b93"`,
    );
  });

  it('a rehearsal on SQLite', async () => {
    using desk = new Desk();
    await desk.init();
    writePlan(desk);
    expect(await rehearsed(desk)).toMatchInlineSnapshot(`
      {
        "accepted": true,
        "notGrantedHere": [
          "clone-not-open-elsewhere",
        ],
        "rehearsal": "a7e6bb3fee6843c98570f95f114adb94bafec7591df71972d7b8694bf211c4ac",
        "seal": "8eb61b1188762f859d0510aab3b0d92ea1847f317f3f8ffece244e3c6326a506",
      }
    `);
  });

  it('a rehearsal on SQLite with the script that restore-script makes as its rollback', async () => {
    using desk = new Desk();
    await desk.init();
    writePlan(desk);
    const first = await desk.json<Ids>(['rehearse', 'plan.yaml']);
    await desk.json(['restore-script', first.before, first.after, '--out', 'back.sql']);
    desk.write('plan.yaml', `${desk.read('plan.yaml')}rollback: { file: back.sql }\n`);
    expect(await rehearsed(desk)).toMatchInlineSnapshot(`
      {
        "accepted": true,
        "notGrantedHere": [
          "clone-not-open-elsewhere",
        ],
        "rehearsal": "a501228060d677c8ba784a47c20e9363309fb43e00fbe07ee98f8b1964a42c5d",
        "seal": "2668d4b1ca51aec993a5b2a26f2646901d3dc7a4d5ca2fd094a872ea5e05668e",
      }
    `);
  });
});

// The definitions that PostgreSQL prints, and so the ids, differ from version to version: it is the pinned package's.
const packaged = packagedFolder();
describe.skipIf(packaged === undefined)('pinned, on the PostgreSQL of package-lock.json', () => {
  usePostgres(packaged!);

  it('a rehearsal', async () => {
    using desk = new Desk();
    await desk.init();
    desk.write('app.sql', dumpText(DUMP));
    desk.write('change.sql', "INSERT INTO public.posts VALUES (3, 'three');\n");
    desk.write('back.sql', 'DELETE FROM public.posts WHERE id = 3;\n');
    desk.write('plan.yaml', POSTGRES_PLAN);
    expect(await rehearsed(desk)).toMatchInlineSnapshot(`
      {
        "accepted": true,
        "notGrantedHere": [],
        "rehearsal": "062a4148b6f9ac03d3c17f3e666fc9fd413cf3e2a3411892a741b35695e751af",
        "seal": "3d5422bfc74e3753f5f3b5f83ed3d7ed15b5413c962f16b007bbc5dc31eecdf3",
      }
    `);
  });
});

interface Ids {
  readonly accepted: boolean;
  readonly rehearsal: string;
  readonly seal: string;
  readonly before: string;
  readonly after: string;
}

async function rehearsed(desk: Desk): Promise<Record<string, unknown>> {
  const { accepted, rehearsal, seal } = await desk.json<Ids>(['rehearse', 'plan.yaml']);
  const { isolation } = await desk.json<{ isolation: { assertion: string; holds: boolean }[] }>([
    'show',
    rehearsal,
  ]);
  const missing = isolation.filter(({ holds }) => !holds).map(({ assertion }) => assertion);
  return { accepted, rehearsal, seal, notGrantedHere: missing };
}

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
