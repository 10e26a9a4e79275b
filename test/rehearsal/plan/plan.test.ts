import { describe, expect, it } from 'vitest';
import { parsePlan } from '../../../src/rehearsal/plan/plan.ts';
import { parseText, PATH, withLines } from './plan-text.ts';

describe('a plan', () => {
  it('has defaults', async () => {
    const plan = await parseText(withLines());
    expect(plan).toMatchObject({
      source: { file: '/plans/a.sqlite', sha256: undefined },
      executor: { file: '/plans/a.sql', sha256: undefined },
      rollback: undefined,
      form: {
        delta: [{ table: 'births', inserted: 1, updated: 0, deleted: 0 }],
        boundary: { tables: ['births'], allow: [] },
        preflight: [],
        postconditions: [],
        masked: [],
        bounded: [],
        legs: ['T', 'R'],
        timeLimit: 60_000,
      },
    });
  });

  it('is sorted where order means nothing, and as written where it does', async () => {
    const plan = await parseText(
      withLines(
        '  Zeta: { inserted: 1 }',
        '  alpha: { inserted: 1 }',
        'session: { foreign_keys: true, cache_size: -5, temp_store: memory }',
        'preflight:',
        '  - { name: z, sql: SELECT 1, expect: 1 }',
        '  - { name: a, sql: SELECT 2, expect: ">= 1" }',
        'clock:',
        '  - { table: births, column: b, reason: the clock }',
        '  - { table: births, column: a, reason: the clock }',
        '  - { table: Zeta, column: a, reason: the clock }',
        'timeLimit: 0.0001',
      ),
    );
    expect(plan.form.delta.map(({ table }) => table)).toEqual(['Zeta', 'alpha', 'births']);
    expect(plan.form.boundary.tables).toEqual(['Zeta', 'alpha', 'births']);
    expect(plan.form.masked.map(({ table, column }) => `${table}.${column}`)).toEqual([
      'Zeta.a',
      'births.a',
      'births.b',
    ]);
    expect(plan.form.preflight).toEqual([
      { name: 'z', sql: 'SELECT 1', expect: '1' },
      { name: 'a', sql: 'SELECT 2', expect: '>= 1' },
    ]);
    expect(plan.form.session).toEqual([
      ['foreign_keys', 'true'],
      ['cache_size', '-5'],
      ['temp_store', 'memory'],
    ]);
    expect(plan.form.timeLimit).toBe(1);
  });

  it('may allow more tables than it expects to change', async () => {
    const plan = await parseText(withLines('boundary: { tables: [births, audit] }'));
    expect(plan.form.boundary.tables).toEqual(['audit', 'births']);
  });

  it('of version 2 says more, and has leg S where it has a rollback script', async () => {
    const plan = await parseText(
      withLines(
        'rollback: { file: b.sql }',
        'boundary: { tables: [births, jobs], allow: [{ action: update, table: jobs, reason: the state }] }',
        'postconditions: [{ name: n, sql: S, unchanged: true }, { name: m, sql: S, expect: 0, at: applied }]',
        `approval: { by: owner, executor: ${'a'.repeat(64)}, rollback: ${'b'.repeat(64)} }`,
      ),
    );
    expect(plan.rollback?.file).toBe('/plans/b.sql');
    expect(plan.form.legs).toEqual(['T', 'R', 'S']);
    expect(plan.form.boundary.allow).toEqual([{ action: 'update', table: 'jobs', reason: 'the state' }]);
    expect(plan.form.postconditions.map(({ expect: e, at }) => [e, at])).toEqual([
      [null, 'back'],
      ['0', 'applied'],
    ]);
    expect(plan.form.approval?.by).toBe('owner');
  });

  it('with several faults names them all', async () => {
    const found: (string | undefined)[] = [];
    const text = withLines('legs: [R, T]', 'actions: [apply, apply]', 'timeLimit: 1');
    await parsePlan(Buffer.from(text), PATH, (error) => found.push(`${error.code} ${error.path}`));
    expect(found).toEqual([`PLAN_INVALID ${PATH}:9`, `PLAN_INVALID ${PATH}:8`]);
  });

  it('does not touch prototypes', async () => {
    const plan = await parseText(withLines('  __proto__: { inserted: 1 }', 'session: { constructor: 1 }'));
    expect(plan.form.delta.map(({ table }) => table)).toEqual(['__proto__', 'births']);
    expect(({} as Record<string, unknown>)['inserted']).toBeUndefined();
  });
});
