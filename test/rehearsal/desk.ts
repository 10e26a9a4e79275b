import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, expect } from 'vitest';
import { type ErrorCode } from '../../src/errors.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { guardFiles } from '../../src/rehearsal/plan/guarded-plan.ts';
import { parsePlan, type Plan } from '../../src/rehearsal/plan/plan.ts';
import { rehearse, type RehearsalResult } from '../../src/rehearsal/rehearse.ts';
import { judge } from '../../src/validator/judge.ts';
import { putValidator } from '../../src/vectors/controls.ts';
import type { FakeEngine } from './fake-engine.ts';
import { refusedWith } from '../support/refusals.ts';
import { makeTestFolder } from '../support/folder.ts';

export const SCRIPT = 'INSERT INTO births …';

/** Filled in before the first test. */
export interface PlanDesk {
  temp: string;
  plan: Plan;
}

/** A folder with an executor, and the plan that names it, for the tests of one file. */
export function useDesk(): PlanDesk {
  const desk = {} as PlanDesk;

  beforeAll(async () => {
    desk.temp = makeTestFolder('rehearse');
    const text = `custody: plan/2
name: one birth
engine: sqlite
source: { file: source.sqlite, kind: fixture }
executor: { file: birth.sql }
preflight: [{ name: two births, sql: SELECT count(*) FROM births, expect: '== 2' }]
delta: { births: { inserted: 1 } }
clock: [{ table: births, column: born, reason: the clock }]
`;
    desk.plan = await parsePlan(Buffer.from(text), join(desk.temp, 'plan.yaml'));
  });
  beforeEach(() => writeFileSync(join(desk.temp, 'birth.sql'), SCRIPT));
  return desk;
}

export interface FakeRun extends RehearsalResult {
  readonly found: string[];
  readonly objects: MemoryObjects;
}

/** Rehearses and judges. */
export async function runFake(plan: Plan, engine: FakeEngine, changes: Partial<Plan> = {}): Promise<FakeRun> {
  const objects = new MemoryObjects();
  const validator = putValidator(objects, 'v', 'export {};');
  const changed = { ...plan, ...changes };
  const result = await rehearse(changed, await guardFiles(changed), engine, objects, {
    validators: [validator],
    quarantine: '/quarantine',
    now: Date.now,
  });
  const { findings, accepted } = judge(result.rehearsal.digest, objects);
  const found = findings.map(({ code: c, path }) => `${c} ${path}`).sort();
  expect(accepted).toBe(found.length === 0);
  return { ...result, found, objects };
}

/** The code with which a rehearsal is refused. */
export async function refused(
  plan: Plan,
  engine: FakeEngine,
  changes: Partial<Plan> = {},
): Promise<ErrorCode | 'none'> {
  return refusedWith(runFake(plan, engine, changes));
}
