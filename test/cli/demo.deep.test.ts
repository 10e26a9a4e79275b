import { copyFileSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Desk } from './desk.ts';

interface Demo {
  ok: boolean;
  folder: string;
  snapshot: string;
  rehearsal: string;
  seal: string;
  record: number;
  changes: number;
  tampered: { ok: boolean; findings: { code: string; path: string }[] };
}

describe('the demo', () => {
  let desk: Desk;
  let one: Demo;
  beforeAll(async () => {
    desk = new Desk();
    one = await desk.json<Demo>(['demo', '--folder', 'one']);
  });
  afterAll(() => desk[Symbol.dispose]());

  it('holds: accepted, verified, and the flipped byte is found', () => {
    expect(one).toMatchObject({
      ok: true,
      folder: desk.path('one'),
      record: 2,
      verified: true,
      changes: 4,
      tampered: { ok: false, findings: [{ code: 'FILE_CHANGED', path: 'verdict.json' }] },
      // What a reader of the README sees.
      snapshot: '212fda66d2d804bd6352f6cdf82ccfbde5c4266d0ee7dfa33f9f7bb1155873bb',
    });
  });

  it('tells the whole story in README.md, and names each file', () => {
    const readme = desk.read('one/packet/README.md');
    for (const words of [
      'Macro: FIX7\\_P0\\_PRODUCTION\\_REHEARSAL\\_ONLY\\_ROLLBACK\\_AND\\_CI\\_RESOLUTION\\_LANE\\_MACRO\\_2026\\_06\\_12',
      'Final status: FIX7\\_P0\\_PRODUCTION\\_REHEARSAL\\_ONLY\\_ROLLBACK\\_READY',
      ...['production mutation', 'REAL\\_RUN', 'QT001/apply', 'cutover'].map((what) => `${what}: NO · `),
      ...['production CI/deploy trigger', 'secrets change'].map((what) => `${what}: NO · `),
      '5 of 13 prevented, 8 not requested, 0 not excluded',
      'The team waits for e6547e69…956c47: none that judged has these bytes',
      '\n## Reproduce\n',
      '\n## Hard boundary\n\nA clone rehearsal is not production execution.',
      '\n- permit\n- activation\n- repoint\n- cutover\n',
      '\n\nDefault remains HOLD\\_PRODUCTION.\n',
    ])
      expect(readme).toContain(words);
    for (const entry of readdirSync(desk.path('one/packet'), { withFileTypes: true }))
      expect(readme).toContain(`\`${entry.name}${entry.isDirectory() ? '/' : ''}\``);
  });

  it('leaves a ledger to explore, and a tampered copy on which verify fails', async () => {
    expect(await desk.json(['log', '--ledger', 'one'])).toMatchObject([
      { record: 2, type: 'rehearsal' },
      { record: 1, type: 'snapshot' },
      { record: 0, type: 'policy' },
    ]);
    expect(await desk.json(['fsck', '--ledger', 'one'])).toMatchObject({ ok: true, records: 3 });
    expect(await desk.json(['verify', 'one/packet', '--against', 'HEAD', '--ledger', 'one'])).toMatchObject({
      ok: true,
    });
    await desk.json(['verify', 'one/tampered-packet'], 1);
  });

  it('refuses the birth without an approved row, and records that', async () => {
    copyFileSync(desk.path('one/surrogate.sqlite'), desk.path('one/pending.sqlite'));
    desk.database('one/pending.sqlite', "UPDATE os_proposal_approvals SET status = 'pending'");
    const plan = desk.read('one/plan.yaml');
    desk.write(
      'one/other.yaml',
      plan
        .replace('file: surrogate.sqlite', 'file: pending.sqlite')
        .replace(/(marker: \S+\n) {2}sha256: .*\n/, '$1'),
    );
    const refused = await desk.json(['rehearse', 'one/other.yaml', '--ledger', 'one'], 3);
    expect(refused).toMatchObject({ accepted: false, trigger: 'preflight-failed', legs: [] });
  });

  it('does not touch a folder that is there', async () => {
    await desk.fails(['demo', '--folder', 'one', '--quiet'], 'USAGE', 2);
  });
});
