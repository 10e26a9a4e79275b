import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { digestOf } from '../../src/objects/digest.ts';
import { codes, Desk, type Finding } from '../cli/desk.ts';
import { SabotagedEngine, type Saboteur } from './harness.ts';
import { BEFORE_AFTER, CHANGE, ROLLBACK, useStage, type Setting } from './scene.ts';

vi.mock(import('../../src/engines/sqlite/process/sandbox.ts'), async (load) =>
  (await import('./system.ts')).sandbox(load),
);
/** What meddles while the command runs; by default nobody. */
let saboteur: Saboteur = {};
vi.mock(import('../../src/engines/load.ts'), async (load) => ({
  ...(await load()),
  loadEngine: async () => new SabotagedEngine(saboteur),
}));

/** The rollback triggers of the plan (seed 004), through the command line, on a real database and a real ledger. */
const stage = useStage();
let desk: Desk;
beforeAll(async () => {
  desk = new Desk();
  await desk.init();
});
afterAll(() => desk[Symbol.dispose]());

interface Ran {
  accepted: boolean;
  trigger: string | null;
  record: number;
  rehearsal: string;
  findings: Finding[];
  legs: { leg: string; ended: string; trigger: string | null; exact: boolean; quarantined: string | null }[];
}

async function rehearse(
  setting: Setting,
  exit: number,
  meddles: (file: (name: string) => string) => Saboteur = () => ({}),
): Promise<Ran> {
  const scene = stage.setApart(setting);
  saboteur = meddles(scene.file);
  return desk.json<Ran>(['rehearse', scene.file('plan.yaml')], exit);
}

/** What the ledger says of it afterwards. */
async function recorded(ran: Ran): Promise<void> {
  const [newest] = await desk.json<{ record: number; type: string; accepted: boolean }[]>(['log', '-n', '1']);
  expect(newest).toMatchObject({ record: ran.record, type: 'rehearsal', accepted: ran.accepted });
  const shown = await desk.json<{ files: { path: string }[] }>(['show', `@${ran.record}`]);
  expect(shown.files.map(({ path }) => path)).toContain('rehearsal-execution-evidence.json');
  const object = await desk.json<{ trigger: string | null; observed: Finding[] }>(['show', ran.rehearsal]);
  expect(object.trigger).toBe(ran.trigger);
}

const APPROVED = (digest: string): string => `approval: { by: owner, executor: '${digest}' }`;
const ENFORCED = `session: { foreign_keys: false }
preflight: [{ name: keys are enforced, sql: SELECT foreign_keys FROM pragma_foreign_keys, expect: '== 1' }]`;

const INSIDE: [
  trigger: string,
  what: string,
  code: [string, string],
  setting: Setting,
  meddles?: () => Saboteur,
][] = [
  [
    'delta-differs',
    'the change is not the one that was expected',
    ['DELTA_UNEXPECTED', 'legs/T/delta'],
    { plan: 'delta: { documents: { inserted: 1 }, births: { inserted: 3 }, register: { inserted: 2 } }' },
  ],
  [
    'false-done',
    'it says that it is done, and is not',
    ['FALSE_DONE', 'legs/T/postconditions/registered'],
    { plan: BEFORE_AFTER.replace("'== 4'", "'== 5'") },
  ],
  [
    'preflight-failed',
    'a gate that held is not met inside the leg: the session has other settings',
    ['PREFLIGHT_FAILED', 'legs/T/preflight'],
    { plan: ENFORCED },
  ],
  [
    'before-diverged',
    'row counts differ from the captured before-state',
    ['BEFORE_DIVERGED', 'legs/T/start'],
    {},
    () => ({
      on: 'T',
      clone: (real, { damage, captures }) => ({
        capture: async (sink) => {
          if (captures.length === 0) damage('DELETE FROM notes');
          return real.capture(sink);
        },
      }),
    }),
  ],
];

describe('a trigger', () => {
  it('is quiet where everything is as planned', async () => {
    const ran = await rehearse({ rollback: ROLLBACK, plan: BEFORE_AFTER }, 0);
    expect(ran).toMatchObject({ accepted: true, trigger: null, findings: [] });
    expect(ran.legs.map(({ leg, trigger, exact }) => [leg, trigger, exact])).toEqual([
      ['T', null, true],
      ['R', null, true],
      ['S', null, true],
    ]);
    await recorded(ran);
  });

  it.each(INSIDE)('%s: %s', async (trigger, _, code, setting, meddles) => {
    const ran = await rehearse(setting, 1, meddles);
    // Aborted at once, rolled back, and what is there then is compared with the before-state.
    const exact = trigger !== 'before-diverged';
    expect(ran.legs).toMatchObject([{ leg: 'T', ended: 'aborted', trigger, exact, quarantined: null }]);
    expect(ran).toMatchObject({ accepted: false, trigger: null });
    expect(codes(ran.findings)).toContainEqual(code);
    await recorded(ran);
  });

  it('preflight-failed, before any leg: nothing is run, and that is recorded', async () => {
    const ran = await rehearse({ database: `UPDATE approvals SET state = 'pending'` }, 3);
    expect(ran).toMatchObject({ accepted: false, trigger: 'preflight-failed', legs: [] });
    expect(codes(ran.findings)).toContainEqual(['PREFLIGHT_FAILED', 'preflight/approved']);
    await recorded(ran);
  });

  it('executor-changed: it is not the one that was approved', async () => {
    const ran = await rehearse({ plan: APPROVED('0'.repeat(64)) }, 3);
    expect(ran).toMatchObject({ accepted: false, trigger: 'executor-changed', legs: [] });
    expect(codes(ran.findings)).toContainEqual(['EXECUTOR_CHANGED', 'approval/executor']);
    await recorded(ran);
  });

  it('executor-changed: it was approved, and is swapped while leg T runs', async () => {
    const ran = await rehearse({ plan: APPROVED(digestOf(Buffer.from(CHANGE))) }, 1, (file) => ({
      on: 'T',
      session: (real) => ({
        rollback: async () => {
          await real.rollback();
          writeFileSync(file('executor.sql'), 'DELETE FROM births;');
        },
      }),
    }));
    expect(ran.legs).toMatchObject([
      { leg: 'T', ended: 'rolled-back', trigger: null, exact: true },
      { leg: 'R', ended: 'aborted', trigger: 'executor-changed', exact: true },
    ]);
    expect(codes(ran.findings)).toEqual(
      expect.arrayContaining([
        ['EXECUTOR_CHANGED', 'executor/after'],
        ['EXECUTOR_CHANGED', 'legs/R/executor'],
      ]),
    );
    await recorded(ran);
  });

  it('is not forgotten afterwards: what it stopped is verified as rejected', async () => {
    const report = await desk.json<{ ok: boolean; findings: Finding[] }>(['verify', 'HEAD'], 1);
    expect(codes(report.findings)).toEqual(
      expect.arrayContaining([
        ['EXECUTOR_CHANGED', 'verdict/legs/R/executor'],
        ['VERDICT_REJECTED', 'verdict'],
      ]),
    );
    expect((await desk.run(['fsck'])).exit).toBe(0);
  });

  it('is none where the boundary refuses a script: the ledger stays as it was', async () => {
    const before = desk.state();
    const scene = stage.setApart({ executor: `${CHANGE} DELETE FROM notes;` });
    saboteur = {};
    await desk.fails(['rehearse', scene.file('plan.yaml')], 'BOUNDARY_VIOLATED', 3);
    expect(desk.state()).toEqual(before);
  });
});
