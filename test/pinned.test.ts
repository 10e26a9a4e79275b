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
      `"723cbc48d4ded92c43e369b3c3c6ed5a553c99aa0ea5dae1339a4bd029129e4e"`,
    );
  });

  it('a rehearsal on SQLite', async ({ skip }) => {
    using desk = new Desk();
    await desk.init();
    writePlan(desk);
    expect(await rehearsedIds(desk, skip)).toMatchInlineSnapshot(`
      {
        "accepted": true,
        "rehearsal": "adc07bc240e2cbec79e7173b6481dbab93d4f1957207caa6353b7258f9557d82",
        "seal": "bdfcc594bdba79b32a79280a20203eef0ac460e97a2f4f077215d716cab5adf7",
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
        "rehearsal": "b1614c6c285808fce6a82059b46ea2cc6c6f3fb4dcdd8cb4e70d018f65eb11c4",
        "seal": "dd1a2cacea804a8b8d101a3084df9cd4784981c74c9b9d18e0248c54af446ef0",
      }
    `);
  });
});
