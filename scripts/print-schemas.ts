/**
 * Prints the JSON Schemas of the files that people write, for editors: `node scripts/print-schemas.ts`.
 * test/rehearsal/plan/schemas.test.ts fails where they differ from the code.
 */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { Schema } from '../src/rules/json-schema.ts';
import { PLAN_SCHEMA } from '../src/rules/plan-schema.ts';
import { PROFILE_SCHEMA } from '../src/rules/profile-schema.ts';
import { PLAN_TEXTS, PROFILE_TEXTS, type Texts } from './schema-texts.ts';

/** By file name in `schemas/`. */
export const PRINTED: ReadonlyMap<string, object> = new Map<string, object>([
  ['plan.schema.json', printed('plan', 'Custody rehearsal plan', PLAN_SCHEMA, PLAN_TEXTS)],
  ['profile.schema.json', printed('profile', 'Custody profile', PROFILE_SCHEMA, PROFILE_TEXTS)],
]);

/** A declaration with what editors need beside it. @throws Error for a text of a key that is not there. */
export function printed(name: string, title: string, schema: Schema, texts: Texts): object {
  const used = new Set<string>();
  const told = (part: Schema, path: string): object => {
    const description = texts[path];
    if (description !== undefined) used.add(path);
    const { properties, items } = part;
    const inner = Object.entries(properties ?? {}).map(([key, value]): [string, object] => [
      key,
      told(value, path === '' ? key : `${path}.${key}`),
    ]);
    return {
      ...part,
      ...(properties && { properties: Object.fromEntries(inner) }),
      ...(items && { items: told(items, `${path}[]`) }),
      ...(description !== undefined && { description }),
    };
  };
  const whole = told(schema, '');
  const idle = Object.keys(texts).find((path) => !used.has(path));
  if (idle !== undefined) throw new Error(`scripts/schema-texts.ts tells of ${idle}, which ${name} has not`);
  const $schema = 'https://json-schema.org/draft/2020-12/schema';
  return { $schema, $id: `custody:${name}/2`, title, ...whole };
}

export const SCHEMA_FOLDER = fileURLToPath(new URL('../schemas/', import.meta.url));

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  for (const [name, schema] of PRINTED) {
    const path = resolve(SCHEMA_FOLDER, name);
    const style = await resolveConfig(path);
    await writeFile(path, await format(JSON.stringify(schema), { ...style, filepath: path }));
  }
}
