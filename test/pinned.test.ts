import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { packagedFolder } from '../src/engines/postgres/cluster/binaries.ts';
import { ON_REQUEST } from '../src/rules/assertions.ts';
import { Desk } from './cli/desk.ts';
import { writePlan } from './cli/plans.ts';
import { dumpText, usePostgres } from './engines/postgres/support.ts';

/**
 * What no move, rename or repair may change without being meant to. Where it is meant, `npx vitest run test/pinned.test.ts
 * -u` writes the new values. A rehearsal says which isolation its system granted and holds nothing else of the machine: it
 * is pinned for one that grants all.
 */
describe('pinned', () => {
  it('the validator: whoever changes it asks every user to pin anew', () => {
    const code = readFileSync(resolve(import.meta.dirname, '../dist/validator.mjs'));
    expect(createHash('sha256').update(code).digest('hex')).toMatchInlineSnapshot(
      `"b2bebfa20dd31526757f7a261b94b108edaa70a253612eb118a8cc6648311180"`,
    );
  });

  it('a rehearsal on SQLite', async ({ skip }) => {
    using desk = new Desk();
    await desk.init();
    writePlan(desk);
    expect(await rehearsed(desk, skip)).toMatchInlineSnapshot(`
      {
        "accepted": true,
        "rehearsal": "a9d257b6241a906bf1fb3fc0009e587c1abb978ef9e86d9fa79acec4010f5630",
        "seal": "868c9c978391b0b50ed32fc9e5f653666d9ab13017b501bf220871642a5dc608",
      }
    `);
  });

  it('a rehearsal on SQLite with the script that restore-script makes as its rollback', async ({ skip }) => {
    using desk = new Desk();
    await desk.init();
    writePlan(desk);
    const first = await desk.json<Ids>(['rehearse', 'plan.yaml']);
    await desk.json(['restore-script', first.before, first.after, '--out', 'back.sql']);
    desk.write('plan.yaml', `${desk.read('plan.yaml')}rollback: { file: back.sql }\n`);
    expect(await rehearsed(desk, skip)).toMatchInlineSnapshot(`
      {
        "accepted": true,
        "rehearsal": "5d410fb4aaa7a90f4610772dffe4e9b343f6a85112f21d49a201f2d546905678",
        "seal": "ca77a5db3b0eac097c940c819dc335850ee340bde284e4f071f97cf621e06a61",
      }
    `);
  });
});

// The definitions that PostgreSQL prints, and so the ids, differ from version to version: it is the pinned package's.
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
    expect(await rehearsed(desk, skip)).toMatchInlineSnapshot(`
      {
        "accepted": true,
        "rehearsal": "562dc6ed494165552e82025fc698eee92ba38028e7087ccb3a0e6e8a34d14b8d",
        "seal": "74cd329138da1a54c98e400634557c5f0b02e2a4a12b30c01581a25fe2f1da4d",
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

async function rehearsed(desk: Desk, skip: TestContext['skip']): Promise<Record<string, unknown>> {
  const { accepted, rehearsal, seal } = await desk.json<Ids>(['rehearse', 'plan.yaml']);
  const { isolation } = await desk.json<{ isolation: { assertion: string; holds: boolean }[] }>([
    'show',
    rehearsal,
  ]);
  const notClaimed = isolation.filter(({ holds }) => !holds).map(({ assertion }) => assertion);
  const refused = notClaimed.filter((assertion) => !ON_REQUEST.includes(assertion));
  skip(refused.length > 0, `needs a system that grants ${refused.join(', ')}`);
  return { accepted, rehearsal, seal };
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
