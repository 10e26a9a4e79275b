import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readPlan } from '../../../src/rehearsal/plan/plan.ts';
import { PLAN_SCHEMA } from '../../../src/rules/plan-schema.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

describe('the JSON Schema of plans', () => {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });

  it('is a valid schema, strictly', () => {
    expect(ajv.validateSchema(PLAN_SCHEMA)).toBe(true);
    expect(() => ajv.compile(PLAN_SCHEMA)).not.toThrow();
  });

  it('accepts profiles/fix7-p0/plan.yaml', async () => {
    const file = join(ROOT, 'profiles/fix7-p0/plan.yaml');
    const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(PLAN_SCHEMA);
    expect(validate(parse(readFileSync(file, 'utf8')))).toBe(true);
    expect((await readPlan(file)).form.legs.slice(0, 2)).toEqual(['T', 'R']);
  });

  it('closes every object that does not take names of the user', () => {
    const open: string[] = [];
    const visit = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      const { type, additionalProperties } = schema as { type?: unknown; additionalProperties?: unknown };
      if (type === 'object' && additionalProperties !== false) open.push(path);
      for (const [key, value] of Object.entries(schema)) visit(value, `${path}/${key}`);
    };
    visit(PLAN_SCHEMA, '');
    expect(open.sort()).toEqual(['/properties/delta', '/properties/session']);
  });
});
