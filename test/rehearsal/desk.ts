import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, expect } from 'vitest';
import { type ErrorCode } from '../../src/errors.ts';
import { storeContent } from '../../src/objects/file.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { sha256Bytes } from '../../src/objects/sha256.ts';
import { putObject } from '../../src/objects/sink.ts';
import { guardFiles } from '../../src/rehearsal/plan/guarded-plan.ts';
import { parsePlan, type Plan } from '../../src/rehearsal/plan/plan.ts';
import { rehearse, type RehearsalResult } from '../../src/rehearsal/rehearse.ts';
import { judge } from '../../src/validator/judge.ts';
import type { FakeEngine } from './fake-engine.ts';
import { codeOf } from '../support/refusals.ts';
import { makeTestFolder } from '../support/folder.ts';

export const SCRIPT = 'INSERT INTO births …';

/** Filled in before the first test. */
export interface Desk {
  temp: string;
  plan: Plan;
}

/** A folder with an executor, and the plan that names it, for the tests of one file. */
export function useDesk(): Desk {
  const desk = {} as Desk;

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

export interface Ran extends RehearsalResult {
  readonly found: string[];
  readonly objects: MemoryObjects;
}

/** Rehearses and judges. */
export async function run(plan: Plan, engine: FakeEngine, changes: Partial<Plan> = {}): Promise<Ran> {
  const objects = new MemoryObjects();
  const code = new Uint8Array(Buffer.from('export {};'));
  const file = storeContent(objects, code);
  const validator = putObject(objects, {
    kind: 'validator',
    v: 1,
    name: 'v',
    file,
    sha256: sha256Bytes(code),
    runner: 'node-permission',
  });
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
  return codeOf(run(plan, engine, changes));
}
