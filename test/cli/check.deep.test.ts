import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withoutNamespaces } from '../sabotage/system.ts';
import { Desk } from './desk.ts';
import { writePlan } from './plans.ts';

vi.mock(import('../../src/engines/sqlite/process/sandbox.ts'), async (load) =>
  (await import('../sabotage/system.ts')).sandbox(load),
);

describe('rehearse --check', () => {
  let desk: Desk;
  beforeEach(async () => {
    desk = new Desk();
    await desk.init();
  });
  afterEach(() => desk[Symbol.dispose]());

  it('names everything at once, runs nothing and records nothing', async () => {
    const plan = writePlan(desk, { sql: "UPDATE posts SET body = 'x';\nINSERT INTO gone VALUES (1);\n" });
    const before = desk.state({ index: true });

    const checked = await desk.json<{ ok: boolean; refusals: { code: string }[] }>(
      ['rehearse', plan, '--check'],
      3,
    );
    expect(checked.ok).toBe(false);
    expect(checked.refusals.map(({ code }) => code)).toEqual(['BOUNDARY_VIOLATED', 'SQL_SYNTAX']);
    desk.write('change.sql', "INSERT INTO posts VALUES ('p9', 'x');\n");
    const sha256 = createHash('sha256').update(desk.read('change.sql')).digest('hex');
    expect(await desk.json(['rehearse', plan, '--check'])).toMatchObject({
      ok: true,
      refusals: [],
      digests: [
        { file: 'change.sql', sha256 },
        { file: 'app.sqlite', sha256: createHash('sha256').update(desk.bytes('app.sqlite')).digest('hex') },
      ],
      ledger: desk.path('.custody'),
      approve: { executor: sha256, rollback: null },
    });
    expect(desk.state({ index: true })).toEqual(before);
  });

  it('names faults of different kinds, and of options too', async () => {
    const pin = (name: string): string => `{ file: ${name}, sha256: '${'0'.repeat(64)}' }`;
    const plan = writePlan(desk, { sql: 'DROP TABLE posts;', extra: `rollback: ${pin('back.sql')}` });
    desk.write(plan, desk.read(plan).replace('{ file: change.sql }', pin('change.sql')));
    desk.write('back.sql', 'DELETE FROM gone;');
    desk.write(
      plan,
      desk.read(plan) + 'bounded: [{ effect: sequence, name: nosuch, reason: it is not there }]\n',
    );
    desk.write('full/a.txt', 'a');
    const argv = ['rehearse', plan, '--check', '--out', 'full'];
    // The first is what stops a rehearsal: how the command was called.
    const { refusals } = await desk.json<{ refusals: { code: string; path?: string }[] }>(argv, 2);
    expect(refusals.map(({ code }) => code).sort()).toEqual([
      'BOUNDARY_VIOLATED',
      'EXECUTOR_CHANGED',
      'EXECUTOR_CHANGED',
      'PLAN_INVALID',
      'SQL_SYNTAX',
      'USAGE',
    ]);
    rmSync(desk.path('change.sql'));
    rmSync(desk.path('back.sql'));
    const gone = await desk.json<{ refusals: { code: string; path?: string }[] }>(argv.slice(0, 3), 2);
    expect(gone.refusals.map(({ code, path }) => [code, path?.split('/').at(-1)])).toEqual([
      ['PATH_NOT_FOUND', 'change.sql'],
      ['PATH_NOT_FOUND', 'back.sql'],
      ['PLAN_INVALID', 'plan.yaml:9'],
    ]);
  });

  it('goes on where scripts or settings are at fault, and says where each is', async () => {
    const plan = writePlan(desk, { extra: "session: { Journal_mode: wal, cache_size: 'x' }" });
    const faulty = desk
      .read(plan)
      .replace('SELECT count', 'SELEC count')
      .replace('change.sql', 'gone.sql')
      .replace('posts: {', 'no_posts: {');
    desk.write(plan, faulty);
    const found = await desk.json<{ refusals: { code: string; path?: string }[] }>(
      ['rehearse', plan, '--check'],
      2,
    );
    expect(found.refusals.map(({ code, path }) => [code, path?.split('/').at(-1)])).toEqual([
      ['PATH_NOT_FOUND', 'gone.sql'],
      ['PLAN_INVALID', 'plan.yaml:8'],
      ['PLAN_INVALID', 'plan.yaml:8'],
      ['PLAN_INVALID', 'plan.yaml:7'],
      ['SQL_SYNTAX', 'plan.yaml:6'],
    ]);
    desk.write(plan, faulty.replace('gone.sql', 'change.sql'));
    await desk.fails(['rehearse', plan], 'PLAN_INVALID', 2);
  });

  it('asks what the policy of the ledger requires, and says where there is none', async () => {
    using elsewhere = new Desk();
    const plan = writePlan(elsewhere);
    const alone = await elsewhere.run(['rehearse', plan, '--check']);
    expect([alone.exit, alone.stderr]).toEqual([0, expect.stringContaining('custody init')]);
    expect(await elsewhere.json(['rehearse', plan, '--check'])).toMatchObject({ ok: true, ledger: null });
    await elsewhere.json(['init', '--origin', 'x.example', '--require-isolation', 'network-isolated']);
    using _ = withoutNamespaces();
    const found = await elsewhere.json(['rehearse', plan, '--check'], 3);
    expect(found).toMatchObject({ ok: false, refusals: [{ code: 'ISOLATION_REFUSED' }] });
    await elsewhere.fails(['rehearse', plan], 'ISOLATION_REFUSED', 3);
  });
});
