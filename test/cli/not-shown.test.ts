import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { digestOf } from '../../src/objects/digest.ts';
import { hiding } from '../sabotage/system.ts';
import { Desk } from './desk.ts';
import { writePlan } from './plans.ts';
import type { RehearseResult } from '../../src/workflows/rehearse.ts';

vi.mock(import('../../src/engines/sqlite/open-files.ts'), async (load) =>
  (await import('../sabotage/system.ts')).openFiles(load),
);

const CLAIM = 'clone-not-open-elsewhere';
const WHY = 'process 17 (\u001b[2J) hides its open files (EACCES)';

describe('who else had a clone open', () => {
  let desk: Desk;
  const claimed = async (rehearsal: string): Promise<boolean | undefined> => {
    const { isolation } = await desk.json<{ isolation: { assertion: string; holds: boolean }[] }>([
      'show',
      rehearsal,
    ]);
    return isolation.find(({ assertion }) => assertion === CLAIM)?.holds;
  };
  beforeAll(async () => {
    desk = new Desk();
    await desk.run(['init', '--require-isolation', CLAIM]);
    writePlan(desk);
  });
  afterAll(() => desk[Symbol.dispose]());

  it('is claimed where the policy asks, and so by a rerun of the packet, which knows no policy', async () => {
    using alone = hiding();
    const { rehearsal, notShown } = await desk.json<RehearseResult>([
      'rehearse',
      'plan.yaml',
      '--out',
      'packet',
    ]);
    expect([await claimed(rehearsal), notShown]).toEqual([true, []]);
    expect(await desk.json(['rerun', 'packet'])).toMatchObject({ same: true, notShown: [] });
    alone[Symbol.dispose]();
    using _ = hiding('process 17 (\u001b[2J)');
    expect(await desk.json(['rerun', 'packet'], 1)).toMatchObject({
      same: false,
      notShown: [{ assertion: CLAIM, why: WHY }],
    });
  });

  it('is a refusal that names the process where it cannot be shown', async () => {
    using _ = hiding('process 17 (\u001b[2J)');
    const { exit, stdout } = await desk.run(['rehearse', 'plan.yaml', '--json']);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
    expect(exit).toBe(3);
    expect(error.code).toBe('ISOLATION_REFUSED');
    expect(error.message).toContain('process 17');
  });

  it('is printed where nobody asks, with no control character of the process’s own', async () => {
    using free = new Desk();
    await free.init();
    writePlan(free);
    using _ = hiding('process 17 (\u001b[2J)');
    const { exit, stdout } = await free.run(['rehearse', 'plan.yaml']);
    expect(exit).toBe(0);
    expect(stdout).toContain(`\n  not shown  ${CLAIM}: process 17 (\\u{1b}[2J) hides`);
  });

  it('is claimed where a surface of the profile asks', async () => {
    using team = new Desk();
    await team.init();
    const profile = `custody: profile/2
name: a team
production: { hosts: [], urls: [], paths: [], databases: [] }
surfaces:
  - { id: live, title: the clone, how: { isolation: { sqlite: [${CLAIM}] } }, explanation: e }
claims: { subjects: [], verdicts: [] }
`;
    team.write('profile.yaml', profile);
    writePlan(team, {
      extra: `profile: { file: profile.yaml, sha256: '${digestOf(Buffer.from(profile))}' }`,
    });
    using alone = hiding();
    expect(await team.json(['rehearse', 'plan.yaml'])).toMatchObject({ accepted: true });
    alone[Symbol.dispose]();
    using _ = hiding('process 17 (agent)');
    const { findings } = await team.json<{ findings: { code: string }[] }>(['rehearse', 'plan.yaml'], 1);
    expect(findings.map(({ code }) => code)).toEqual(['SURFACE_OBSERVED']);
  });
});
