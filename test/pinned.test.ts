import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Desk } from './cli/desk.ts';
import { writePlan } from './cli/plans.ts';
import { rehearsedIds } from './support/rehearsed-ids.ts';

/**
 * What no move, rename or repair may change without being meant to. Where it is meant, `npx vitest run test/pinned.test.ts
 * -u` writes the new values; pinned-postgres.deep.test.ts has those of PostgreSQL. A rehearsal says which isolation its
 * system granted and holds nothing else of the machine: it is pinned for one that grants all.
 */
describe('pinned', () => {
  it('the validator: whoever changes it asks every user to pin anew', () => {
    const code = readFileSync(resolve(import.meta.dirname, '../dist/validator.mjs'));
    expect(createHash('sha256').update(code).digest('hex')).toMatchInlineSnapshot(
      `"a72460c3f9ccb84e1b7d9c15011d75a08d990c4f2b38c7e0c5da1908c07fd322"`,
    );
  });

  it('a rehearsal on SQLite', async ({ skip }) => {
    using desk = new Desk();
    await desk.init();
    writePlan(desk);
    expect(await rehearsedIds(desk, skip)).toMatchInlineSnapshot(`
      {
        "accepted": true,
        "rehearsal": "d17b8669ff79346b4ab444d336bcb16badd29c40ae243cbfb9d5c83626f663af",
        "seal": "2e8d7ff8f4ea3163476c15ca1c91b5908c9a3e1a476bbe08d8b24ba7224e677d",
      }
    `);
  });

  it('a rehearsal on SQLite with the script that restore-script makes as its rollback', async ({ skip }) => {
    using desk = new Desk();
    await desk.init();
    writePlan(desk);
    const first = await desk.json<{ before: string; after: string }>(['rehearse', 'plan.yaml']);
    await desk.json(['restore-script', first.before, first.after, '--out', 'back.sql']);
    desk.write('plan.yaml', `${desk.read('plan.yaml')}rollback: { file: back.sql }\n`);
    expect(await rehearsedIds(desk, skip)).toMatchInlineSnapshot(`
      {
        "accepted": true,
        "rehearsal": "36cb890a0ae17a42953f08f9419f185f3567c58ce234c707bbc6c1d9a16a36b2",
        "seal": "252ba2a4b374d66d5bf17ab4c0fb3ea08347a27f9ef878672e643b43238eb104",
      }
    `);
  });
});
