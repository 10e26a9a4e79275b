import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requireNode } from '../../src/cli/main.ts';
import { isCustodyError } from '../../src/errors.ts';
import { Desk } from './desk.ts';
import { writePlan } from './plans.ts';

const SEAL = 'a'.repeat(64);

describe('what was asked for is never dropped', () => {
  let desk: Desk;

  beforeEach(async () => {
    desk = new Desk();
    desk.write('evidence/a.txt', 'a');
    await desk.json(['init']);
    await desk.json(['seal', 'evidence']);
    await desk.json(['commit', 'evidence']);
  });

  afterEach(() => desk[Symbol.dispose]());

  const failure = async (argv: readonly string[], exit: number): Promise<string> => {
    const ran = await desk.run([...argv, '--json']);
    expect(ran.exit).toBe(exit);
    return (JSON.parse(ran.stdout) as { error: { code: string } }).error.code;
  };

  it.each([
    [['verify', '@1', '--against', '@0']],
    [['verify', '@1', '--against', 'nonsense']],
    [['verify', 'evidence', '--key', 'bogus']],
    [['verify', '@1', '--key', 'bogus']],
    [['verify', 'evidence', '--policy', SEAL]],
  ])('%s is wrong usage', async (argv) => {
    expect(await failure(argv, 2)).toBe('USAGE');
  });

  it('an expected seal where there is no packet is not ok', async () => {
    const report = await desk.json<{ ok: boolean; findings: { code: string; path: string }[] }>(
      ['verify', '@0', '--expect', SEAL],
      1,
    );
    expect(report.findings.map(({ code, path }) => [code, path])).toEqual([['LEVEL_SKIPPED', 'seal']]);
  });

  it.each([
    ['delta', { delta: 'posts: { inserted: 1 }, nosuch: { inserted: 1 }' }, 7],
    ['clock table', { extra: 'clock: [{ table: postz, column: body, reason: the clock }]' }, 8],
    ['clock column', { extra: 'clock: [{ table: posts, column: bodi, reason: the clock }]' }, 8],
    [
      'clock whole row',
      {
        extra:
          'clock: [{ table: posts, column: body, reason: the clock }, { table: posts, column: id, reason: random }]',
      },
      8,
    ],
    ['boundary', { extra: 'boundary: { tables: [posts, nosuch] }' }, 8],
  ])(
    'a name in the plan that the source does not have is refused with its line: %s',
    async (_, parts, line) => {
      const ran = await desk.run(['rehearse', writePlan(desk, parts), '--json']);
      const { error } = JSON.parse(ran.stdout) as { error: { code: string; path: string } };
      expect([ran.exit, error.code, error.path]).toEqual([
        2,
        'PLAN_INVALID',
        `${desk.path('plan.yaml')}:${line}`,
      ]);
      expect(await desk.json<unknown[]>(['log'])).toHaveLength(2);
    },
  );

  it('a lane without the key appends, is told so, and the log says how far signatures reach', async () => {
    rmSync(desk.path('config'), { recursive: true });
    expect(await desk.json(['commit', 'evidence'])).toMatchObject({ unsigned: 'KEY_ABSENT' });
    expect((await desk.run(['commit', 'evidence'])).stderr).toContain('KEY_ABSENT');
    expect(await desk.json<{ signed: unknown }>(['fsck'])).toMatchObject({
      ok: true,
      signed: { covered: 2, size: 4 },
    });
  });

  it('the log says which rehearsals were rejected', async () => {
    await desk.json(['rehearse', writePlan(desk), '-m', 'same words']);
    rmSync(desk.path('app.sqlite'));
    await desk.json(
      ['rehearse', writePlan(desk, { delta: 'posts: { inserted: 2 }' }), '-m', 'same words'],
      1,
    );
    const rows = await desk.json<{ accepted: boolean | null }[]>(['log']);
    expect(rows.map(({ accepted }) => accepted)).toEqual([false, true, null, null]);
  });

  it('legs that differ name the column that must be declared', async () => {
    const plan = writePlan(desk, { sql: "INSERT INTO posts VALUES ('p3', hex(randomblob(8)));\n" });
    const { findings } = await desk.json<{ findings: { code: string; detail: string }[] }>(
      ['rehearse', plan],
      1,
    );
    expect(findings.map(({ code }) => code)).toEqual(['AFTER_STATES_DIFFER']);
    expect(findings[0]?.detail).toContain('posts.body');
  });
});

it('an old Node.js is named as such', () => {
  expect(() => requireNode('24.0.0')).not.toThrow();
  for (const version of ['20.20.2', '23.11.0', 'x']) {
    try {
      requireNode(version);
      expect.unreachable();
    } catch (error) {
      expect(isCustodyError(error, 'NODE_TOO_OLD')).toBe(true);
    }
  }
});
