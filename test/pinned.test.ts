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
      `"48b4fd2c78ec2a2f9ec0ee41b4996cdfb59c9728cfa1418f4730cea5edbdb309"`,
    );
  });

  it('a rehearsal on SQLite', async ({ skip }) => {
    using desk = new Desk();
    await desk.init();
    writePlan(desk);
    expect(await rehearsedIds(desk, skip)).toMatchInlineSnapshot(`
      {
        "accepted": true,
        "rehearsal": "b100210526323a8f865c89cd30f846eefb4094cb6672d389ae88055ccce4d485",
        "seal": "9b0b18f2b6098b00ad29275c8bb9e3a816c961cfb4a2198879366cee980fffd3",
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
        "rehearsal": "32c3c456dc4cb6fc3b11ca3ae14fa2265d720d5256de03d8074690118f45cba8",
        "seal": "94411504d18be9eabc0339642d2f036473044d385cdf82a69fab7bcb2df847db",
      }
    `);
  });
});
