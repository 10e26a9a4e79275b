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
      `"12a2350c2c65d6bb50399f8cfefb7946d50fbca61a01d408e812ba874fdaf0ed"`,
    );
  });

  it('a rehearsal on SQLite', async ({ skip }) => {
    using desk = new Desk();
    await desk.init();
    writePlan(desk);
    expect(await rehearsedIds(desk, skip)).toMatchInlineSnapshot(`
      {
        "accepted": true,
        "rehearsal": "33af22bd2c77de69b6df8a2eb4ec86f5d99967849ca553b251d762de106dceb1",
        "seal": "16ca1eb2dd474529ca5f4c13d4c562364b89df7a7d8bb055daa3b1227261ed3e",
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
        "rehearsal": "11a5bd4ab9403e08cfba60d74c473cf6a4ace8b2f8a8b781bedd6fd0c2e2f0e3",
        "seal": "74e006ad034c0e258792a0d5623bf7867d90463997fbc94c6936d74566db39ac",
      }
    `);
  });
});
