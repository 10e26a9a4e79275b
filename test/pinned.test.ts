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
      `"116a713182e149932fdbdef53823a44c61398b3d743682e17353f8e7b3f22ac3"`,
    );
  });

  it('a rehearsal on SQLite', async () => {
    using desk = new Desk();
    await desk.init();
    writePlan(desk);
    expect(await rehearsed(desk)).toMatchInlineSnapshot(`
      {
        "accepted": true,
        "notGrantedHere": [],
        "rehearsal": "e12ba7181f12cd1d85371cd2837cda9e7ed2cb9ad03589e7b3edd7e0f6ba8d98",
        "seal": "452a4018a76a126d7a9a65de04abaff9431beb6c134ff2f9eec48e28cf776cf7",
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
        "notGrantedHere": [],
        "rehearsal": "6aa84af9f3f7693fa39b6a12ee3241aa35ee1dcb44ad9687dbd9e72d05196348",
        "seal": "233a394dfe9079de81cb5931930b52afed5f90d035c39211e948d85f62a4709b",
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
        "rehearsal": "49c2afbde5e5a1fd262059de3ede7bed383d6a7fff6f36af0349546fe3564943",
        "seal": "7afcf92caa3c59a278ae15601033a636adcf48d7a5e7bac911f3f78f0c6c2aca",
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
