import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { PRINTED, SCHEMA_FOLDER } from '../../../scripts/print-schemas.ts';
import { PROFILE_SCHEMA } from '../../../src/rules/profile-schema.ts';

describe('the published JSON Schemas of files', () => {
  it.each([...PRINTED])(
    '%s is what the code checks: node scripts/print-schemas.ts writes it',
    (name, schema) => {
      const published: unknown = JSON.parse(readFileSync(join(SCHEMA_FOLDER, name), 'utf8'));
      expect(published).toEqual(JSON.parse(JSON.stringify(schema)));
    },
  );

  it('are valid, strictly', () => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
    for (const schema of PRINTED.values()) expect(() => ajv.compile(schema)).not.toThrow();
  });

  it('close every object of a profile but the patch of a probe and what a surrogate models', () => {
    const open: string[] = [];
    const visit = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      const { type, additionalProperties } = schema as { type?: unknown; additionalProperties?: unknown };
      if (type === 'object' && additionalProperties !== false) open.push(path);
      for (const [key, value] of Object.entries(schema)) visit(value, `${path}/${key}`);
    };
    visit(PROFILE_SCHEMA, '');
    expect(open).toEqual([
      '/properties/probes/properties/cases/items/properties/plan',
      '/properties/surrogate/properties/spec',
    ]);
  });
});
