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
      `"13fbaac80545c0eede5cc77789d5791dcd779d5032ea81c0e47ce71c9e8b7063"`,
    );
  });

  it('a rehearsal on SQLite', async ({ skip }) => {
    using desk = new Desk();
    await desk.init();
    writePlan(desk);
    expect(await rehearsedIds(desk, skip)).toMatchInlineSnapshot(`
      {
        "accepted": true,
        "rehearsal": "a35cedbc32946114d1899aa6d94b19cc4a811b737f56d7b049da6c4da2418c22",
        "seal": "11796ac940ce98225397a46ee5cee3807ed442f5146b6f5453100ef406bce9be",
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
        "rehearsal": "60d705833a91c0146d7126ca07f1bb92392127f10286d225ab5b69136c468856",
        "seal": "258dac11b01e738aeea0b9308a0bfcdcb1cee4f119acce1d12de3ea7e04c12c9",
      }
    `);
  });
});
