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
      `"9f93a5f6adcd61e63e93705110d4288356c0147f519e0a436233f454d37d8abf"`,
    );
  });

  it('a rehearsal on SQLite', async ({ skip }) => {
    using desk = new Desk();
    await desk.init();
    writePlan(desk);
    expect(await rehearsed(desk, skip)).toMatchInlineSnapshot(`
      {
        "accepted": true,
        "rehearsal": "09c36f3334772026870c38a7085cb2bcd57b7733744b939bf4922fc5b1d699ee",
        "seal": "d91c929543482c1628c379f2e1c938438771ce279a300617d5368a737e4928e7",
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
        "rehearsal": "efdb290476f6ae81b05c73bd649018d7c3c6ab9d9ed232b0f1bcf4a46ced255b",
        "seal": "57b113ea51ab4c4a60f1d3eff616319e5e77aa947159a826be3deb2f81b912a6",
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
        "rehearsal": "efbf3b76e6de37bbbab8a251b142e713d752f799d6e33c4748f356f88dab7df8",
        "seal": "6c83b75888d4f8c36d60dd5620df65cd2fc07e7bfee05d89920f7e72d91bc450",
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
