import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/objects/digest.ts';
import { Desk } from './desk.ts';

/** What a profile forbids to claim, put together by SQL that does not say it. */
describe('a forbidden claim', () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = new Desk();
    cpSync(join(import.meta.dirname, '../profiles/other-team'), desk.path('.'), { recursive: true });
    await desk.init();
    await desk.json(['surrogate', '.', '--out', 'stock.sqlite']);
    // Without probes, which take longer.
    const profile = desk.read('profile.yaml').replace(/^probes:\n(?: .*\n)*/m, '');
    desk.write('quiet.yaml', profile);
    const plan = desk
      .read('plan.yaml')
      .replace(/(?:,|\n) *sha256: '[0-9a-f]{64}'/g, '')
      .replace('profile.yaml', `quiet.yaml, sha256: '${digestOf(Buffer.from(profile))}'`)
      .replace('delta:\n', '$&  counted: { inserted: 1 }\n');
    desk.write('plan.yaml', plan);
  });
  afterAll(() => desk[Symbol.dispose]());

  it.each([
    ['an answer', "SELECT 'Tills-' || 'done'", 'nobody'],
    ['a row', 'SELECT 1', "TILLS_' || 'DONE"],
  ])('in %s is refused, and nothing of it is kept or shown', async (_where, query, by) => {
    desk.write('restock.sql', `INSERT INTO counted VALUES (1, '${by}');\n`);
    const plan = desk.read('plan.yaml');
    const said = `  - { name: said, sql: "${query}", unchanged: true }\n`;
    desk.write('says.yaml', plan.replace('postconditions:\n', `$&${said}`));
    const before = desk.state();
    const error = await desk.fails(['rehearse', 'says.yaml'], 'CLAIM_FORBIDDEN', 3);
    expect(JSON.stringify(error)).not.toMatch(/tills[ _-]done/i);
    expect(desk.state()).toEqual(before);
  });

  it('in none of them is no matter', async () => {
    desk.write('restock.sql', "INSERT INTO counted VALUES (1, 'nobody');\n");
    expect(await desk.json(['rehearse', 'plan.yaml'], 1)).toMatchObject({ accepted: false });
  });
});
