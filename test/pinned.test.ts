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
      `"9ca9e1c4eb3db8af688e5df768fae2b873dd2c822e0db084cc0b43c82d217adb"`,
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
        "rehearsal": "90216abce04845a874bc2f00a41b306be10789e6c7a26c8c2a630be0d3ddeb4c",
        "seal": "d4d3034ec4d0fd2fc4e0073cee5f37765236f730cf7148114681f99afd304299",
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
        "rehearsal": "4e1302f92a292add3f47d3361a91f06d4dbe421ad1310fbfa1a15bf472a3a927",
        "seal": "d9313d70a353f99dcffa67921bd20fae527aba35545cdcde9f34100a09770ce4",
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
        "rehearsal": "bb46fc038955b973e1bdf5ef1d9e244bf6fc60a189575dc36b5d1bd446effb75",
        "seal": "6c4d1c4d1dca7f09ffda04240dfe79b67687d7ba738131dc6598c17bbc997422",
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
