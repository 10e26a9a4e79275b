import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { digestOf } from '../../src/objects/digest.ts';
import { decodeKind } from '../../src/objects/kinds.ts';
import { parsePlan, type Plan } from '../../src/rehearsal/plan/plan.ts';
import { refused, runFake, SCRIPT, useDesk } from './desk.ts';
import { FakeEngine, type Lies } from './fake-engine.ts';

const desk = useDesk();

describe('an honest engine', () => {
  it('gives evidence that is accepted', async () => {
    const { found, legs, objects, rehearsal } = await runFake(desk.plan, new FakeEngine());
    expect(found).toEqual([]);
    expect(legs.map(({ leg, ended }) => [leg, ended])).toEqual([
      ['T', 'rolled-back'],
      ['R', 'committed'],
    ]);
    expect(decodeKind('rehearsal', objects.get(rehearsal.digest)).delta).toEqual([
      { table: 'births', inserted: 1, updated: 0, deleted: 0 },
    ]);
  });

  it('is asked for everything in order, and everything is closed', async () => {
    const engine = new FakeEngine();
    await runFake(desk.plan, engine);
    expect(engine.calls).toEqual([
      'prepare',
      'restore before',
      'capture before',
      'query SELECT count(*) FROM births',
      'capture before',
      'dispose before',
      ...['restore verify', 'capture verify', 'dispose verify'],
      ...['restore T', 'capture T', 'open T', 'ask T SELECT count(*) FROM births', 'apply T', 'close T'],
      ...['capture T', 'dispose T'],
      ...['restore R', 'capture R', 'open R', 'ask R SELECT count(*) FROM births', 'apply R', 'close R'],
      ...['capture R', 'reset R', 'capture R', 'dispose R'],
      'isolation',
      'dispose workspace',
    ]);
  });

  it('gives the same rehearsal twice, whatever its clock says, and another run', async () => {
    const [a, b] = [await runFake(desk.plan, new FakeEngine()), await runFake(desk.plan, new FakeEngine())];
    expect(a.rehearsal).toEqual(b.rehearsal);
    expect(a.run.afters).not.toEqual(b.run.afters);
  });

  it('gives different after-states where the plan does not declare the clock', async () => {
    const text = Buffer.from(desk.plan.written)
      .toString()
      .replace(/^clock:.*$/m, '');
    const plan = await parsePlan(Buffer.from(text), desk.plan.path);
    const { found } = await runFake(plan, new FakeEngine());
    expect(found).toEqual(['AFTER_STATES_DIFFER legs/R/after']);
  });

  it('is accepted only with the pinned source and executor', async () => {
    const source = { ...desk.plan.source, sha256: digestOf(new Uint8Array(Buffer.from('source'))) };
    const executor = { ...desk.plan.executor, sha256: digestOf(new Uint8Array(Buffer.from(SCRIPT))) };
    expect((await runFake(desk.plan, new FakeEngine(), { source, executor })).found).toEqual([]);
  });
});

describe('what is refused before anything runs', () => {
  const NOTHING_RAN = (calls: string[]): boolean => !calls.some((call) => /^(open|apply)/.test(call));

  it.each<[string, ErrorCode, Lies, (plan: Plan) => Partial<Plan>]>([
    [
      'another source',
      'SOURCE_CHANGED',
      { source: 'another' },
      (p) => ({ source: { ...p.source, sha256: digestOf(new Uint8Array(Buffer.from('source'))) } }),
    ],
    [
      'another executor',
      'EXECUTOR_CHANGED',
      {},
      (p) => ({ executor: { ...p.executor, sha256: digestOf(new Uint8Array(0)) } }),
    ],
    [
      'an executor that is missing',
      'PATH_NOT_FOUND',
      {},
      (p) => ({ executor: { ...p.executor, file: join(desk.temp, 'missing.sql') } }),
    ],
  ])('%s', async (_, code, lies, changes) => {
    const engine = new FakeEngine(lies);
    expect(await refused(desk.plan, engine, changes(desk.plan))).toBe(code);
    expect(NOTHING_RAN(engine.calls)).toBe(true);
    expect(engine.calls.includes('prepare')).toBe(engine.calls.includes('dispose workspace'));
  });
});

describe('what the runner does not take for evidence is thrown, and all is closed', () => {
  it.each<ErrorCode>([
    'BOUNDARY_VIOLATED',
    'SQL_SYNTAX',
    'TRANSACTION_CONTROL',
    'ENGINE_FAILED',
    'INTERRUPTED',
  ])('%s', async (code) => {
    const engine = new FakeEngine({ apply: code });
    expect(await refused(desk.plan, engine)).toBe(code);
    expect(engine.calls.slice(-3)).toEqual(['close T', 'dispose T', 'dispose workspace']);
  });
});
