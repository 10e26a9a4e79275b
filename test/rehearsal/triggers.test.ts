import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { decodeKind, type ObjectOf } from '../../src/objects/kinds.ts';
import { parsePlan, type Plan } from '../../src/rehearsal/plan/plan.ts';
import { refused, runFake, useDesk, type FakeRun } from './desk.ts';
import { FakeEngine, type Lies } from './fake-engine.ts';

const desk = useDesk();

const rehearsalOf = ({ objects, rehearsal }: FakeRun): ObjectOf<'rehearsal'> =>
  decodeKind('rehearsal', objects.get(rehearsal.digest));

/** The plan of the desk, with a rollback script, postconditions and what else is given. */
async function planWith(...lines: string[]): Promise<Plan> {
  writeFileSync(join(desk.temp, 'back.sql'), 'DELETE …');
  const text = [
    Buffer.from(desk.plan.written).toString(),
    'rollback: { file: back.sql }',
    'postconditions:',
    '  - { name: births, sql: SELECT count(*), unchanged: true }',
    '  - { name: done, sql: SELECT done, expect: ">= 2", at: applied }',
    ...lines,
    '',
  ].join('\n');
  return parsePlan(Buffer.from(text), join(desk.temp, 'plan.yaml'));
}

describe('triggers', () => {
  it('are quiet over three legs of an honest engine', async () => {
    const { legs, found } = await runFake(await planWith(), new FakeEngine());
    expect(legs.map(({ leg, ended, trigger }) => [leg, ended, trigger])).toEqual([
      ['T', 'rolled-back', null],
      ['R', 'committed', null],
      ['S', 'committed', null],
    ]);
    expect(legs.every(({ postconditions }) => postconditions.every(({ ok }) => ok))).toBe(true);
    expect(found).toEqual([]);
  });

  it.each<[trigger: string, code: string, lies: Lies]>([
    ['before-diverged', 'BEFORE_DIVERGED', { image: 'T' }],
    ['preflight-failed', 'PREFLIGHT_FAILED', { gate: '3' }],
    ['delta-differs', 'DELTA_UNEXPECTED', { writes: 'another row' }],
    ['delta-differs', 'DELTA_UNEXPECTED', { writes: 'nothing' }],
    ['delta-differs', 'DELTA_UNEXPECTED', { writes: 'an update' }],
  ])('%s aborts the first leg (%s), which is rolled back and captured', async (trigger, code, lies) => {
    const engine = new FakeEngine(lies);
    const ran = await runFake(desk.plan, engine);
    const [leg, ...others] = ran.legs;
    expect(others).toEqual([]);
    expect(leg).toMatchObject({ leg: 'T', ended: 'aborted', trigger, open: false });
    expect(leg?.back).toBeDefined();
    const { observed } = rehearsalOf(ran);
    expect(observed.map((f) => f.code)).toEqual([code]);
    expect(ran.found.some((f) => f.startsWith(`${code} `))).toBe(true);
    if (trigger !== 'before-diverged') expect(leg?.back?.snapshot).toEqual(ran.before.snapshot);
  });

  it('false-done: what is not met while the change is applied aborts it', async () => {
    const { written, path } = await planWith();
    const never = Buffer.from(Buffer.from(written).toString().replace('">= 2"', '">= 9"'));
    const { legs, found } = await runFake(await parsePlan(never, path), new FakeEngine());
    expect(legs).toMatchObject([{ leg: 'T', ended: 'aborted', trigger: 'false-done' }]);
    expect(legs[0]?.after).toBeDefined();
    expect(found.some((f) => f.startsWith('FALSE_DONE '))).toBe(true);
  });

  it('executor-changed: one that is swapped in leg T stops leg R before it applies', async () => {
    const engine = new FakeEngine({}, () =>
      writeFileSync(join(desk.temp, 'birth.sql'), 'DELETE FROM births'),
    );
    const ran = await runFake(desk.plan, engine);
    expect(ran.legs).toMatchObject([{ ended: 'rolled-back' }, { leg: 'R', trigger: 'executor-changed' }]);
    expect(engine.calls.filter((call) => call.startsWith('apply'))).toEqual(['apply T']);
    expect(ran.found).toContain('EXECUTOR_CHANGED executor/after');
  });

  it('executor-changed: so does one that is gone', async () => {
    const engine = new FakeEngine({}, () => rmSync(join(desk.temp, 'birth.sql'), { force: true }));
    expect((await runFake(desk.plan, engine)).legs[1]).toMatchObject({
      ended: 'aborted',
      trigger: 'executor-changed',
    });
  });

  it.each<[trigger: string, lies: Lies, approval: boolean]>([
    ['preflight-failed', { query: '3' }, false],
    ['preflight-failed', { query: '2.0' }, false],
    ['executor-changed', {}, true],
  ])('%s before any leg runs nothing, and is recorded', async (trigger, lies, approval) => {
    const engine = new FakeEngine(lies);
    const other = { by: 'owner', reference: null, executor: new Uint8Array(32), rollback: null };
    const form = { ...desk.plan.form, ...(approval && { approval: other }) };
    const ran = await runFake(desk.plan, engine, { form });
    expect(ran.trigger).toBe(trigger);
    expect(ran.legs).toEqual([]);
    expect(engine.calls.some((call) => /^(open|apply)/.test(call))).toBe(false);
    expect(rehearsalOf(ran)).toMatchObject({ trigger, legs: [], image: { restored: null } });
    expect(ran.found).not.toEqual([]);
  });
});

describe('a clone whose state is unknown is quarantined', () => {
  it.each<[string, Lies, string]>([
    ['the session dies at COMMIT', { dies: 'COMMIT' }, 'R'],
    ['the session dies at ROLLBACK', { dies: 'ROLLBACK' }, 'T'],
    ['the state after the way back cannot be read', { back: 'unreadable' }, 'T'],
  ])('%s', async (_, lies, leg) => {
    const engine = new FakeEngine(lies);
    const ran = await runFake(desk.plan, engine);
    expect(ran.legs.at(-1)).toMatchObject({
      leg,
      ended: 'failed',
      quarantined: true,
      kept: `/quarantine/${leg}`,
    });
    expect(ran.legs.at(-1)?.back).toBeUndefined();
    expect(rehearsalOf(ran).observed.map((f) => f.code)).toEqual(['CLONE_QUARANTINED']);
    expect(ran.run.isolation).toContainEqual([`quarantined-${leg}`, `/quarantine/${leg}`]);
    expect(ran.found.some((f) => f.startsWith('CLONE_QUARANTINED '))).toBe(true);
  });

  it.each<ErrorCode>(['ENGINE_FAILED', 'DATABASE_CORRUPT', 'DATABASE_UNSUPPORTED'])(
    'what was committed cannot be captured: %s',
    async (committed) => {
      const ran = await runFake(desk.plan, new FakeEngine({ committed }));
      expect(ran.legs.at(-1)).toMatchObject({ leg: 'R', ended: 'failed', kept: '/quarantine/R' });
      expect(rehearsalOf(ran).observed.map((f) => f.code)).toEqual(['CLONE_QUARANTINED']);
      expect(ran.found).toContain('CLONE_QUARANTINED legs/R');
    },
  );

  it.each<ErrorCode>(['INTERRUPTED', 'DISK_FULL'])(
    '%s says nothing of the clone: an error, which says where the clone is kept',
    async (committed) => {
      const error: unknown = await runFake(desk.plan, new FakeEngine({ committed })).catch(
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ code: committed, path: '/quarantine/R' });
    },
  );

  it('and where it cannot be moved either, the error says where it is', async () => {
    const engine = new FakeEngine({ committed: 'INTERRUPTED', quarantine: 'DISK_FULL' });
    const error: unknown = await runFake(desk.plan, engine).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'INTERRUPTED', path: '/workspace', hint: 'look there' });
  });

  it('a trigger fires and nothing answers to ROLLBACK: it stays named for the trigger', async () => {
    const { legs, found } = await runFake(
      desk.plan,
      new FakeEngine({ writes: 'nothing', failedRollback: 'fails' }),
    );
    expect(legs).toMatchObject([{ leg: 'T', ended: 'aborted', quarantined: true }]);
    expect(found).toContain('CLONE_QUARANTINED legs/T');
  });

  it('and one whose state is known is not', async () => {
    const engine = new FakeEngine({ apply: 'TIME_LIMIT', failedRollback: 'fails' });
    const { legs } = await runFake(desk.plan, engine);
    expect(legs).toMatchObject([{ ended: 'failed', quarantined: false }]);
    expect(engine.calls.some((call) => call.startsWith('quarantine'))).toBe(false);
  });
});

describe('leg S', () => {
  it.each<[string, Lies]>([
    ['is committed', {}],
    ['fails', { script: 'fails' }],
  ])('whose rollback script leaves a transaction open after it %s', async (_, lies) => {
    const { found, legs } = await runFake(await planWith(), new FakeEngine({ ...lies, open: 'S' }));
    expect(legs.map(({ open }) => open)).toEqual([false, false, true]);
    expect(found).toContain('TRANSACTION_OPEN legs/S');
  });

  it.each<[string, Lies, string]>([
    ['does nothing', { script: 'does nothing' }, 'ROLLBACK_ASSUMED legs/S/back'],
    ['fails', { script: 'fails' }, 'SQL_FAILED legs/S/rollback/statement 1'],
  ])('with a rollback script that %s is found out', async (_, lies, code) => {
    const { found, legs } = await runFake(await planWith(), new FakeEngine(lies));
    expect(legs[2]).toMatchObject({ leg: 'S', ended: 'committed', quarantined: false });
    expect(found).toContain(code);
  });
});

describe('a postcondition that is not answered after the way back', () => {
  it.each<[asked: ErrorCode, code: string]>([
    ['SQL_FAILED', 'SQL_FAILED'],
    ['SQL_SYNTAX', 'SQL_FAILED'],
    ['TIME_LIMIT', 'TIME_LIMIT'],
    ['TRANSACTION_LOST', 'TRANSACTION_LOST'],
  ])('is evidence, and not a refusal: %s', async (asked, code) => {
    const ran = await runFake(await planWith(), new FakeEngine({ asked }));
    expect(ran.legs).toMatchObject([{ leg: 'T', ended: 'failed', quarantined: false }]);
    expect(ran.legs[0]?.back?.snapshot).toEqual(ran.before.snapshot);
    expect(ran.legs[0]?.postconditions[0]).toEqual({ name: 'births', actual: null, ok: false });
    expect(rehearsalOf(ran).observed).toMatchObject([{ code, path: 'legs/T/postconditions/births' }]);
    expect(ran.found).toEqual(
      [
        `${code} legs/T/postconditions/births`,
        'LEG_MISSING legs/R',
        'LEG_MISSING legs/S',
        'TRANSACTION_LOST legs/T/ended',
      ].sort(),
    );
  });

  it.each<ErrorCode>(['ENGINE_FAILED', 'INTERRUPTED'])(
    'is an error where the system failed: %s',
    async (asked) => {
      expect(await refused(await planWith(), new FakeEngine({ asked }))).toBe(asked);
    },
  );
});
