/**
 * Prints the JSON Schemas of the files that people write, for editors: `node scripts/print-schemas.ts`.
 * test/rehearsal/plan/schemas.test.ts fails where they differ from the code.
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { Schema } from '../src/rules/json-schema.ts';
import { PLAN_SCHEMA } from '../src/rules/plan-schema.ts';
import { PROFILE_SCHEMA } from '../src/rules/profile-schema.ts';
import { rowsOf } from './spec/tables.ts';

/** By file name in `schemas/`. */
export const PRINTED: ReadonlyMap<string, object> = new Map<string, object>([
  ['plan.schema.json', printed('plan', 'Custody rehearsal plan', PLAN_SCHEMA)],
  ['profile.schema.json', printed('profile', 'Custody profile', PROFILE_SCHEMA)],
]);

/** A declaration with what spec/REHEARSAL.md says of each key, which editors tell. */
function printed(name: string, title: string, schema: Schema): object {
  const page = readFileSync(new URL('../spec/REHEARSAL.md', import.meta.url), 'utf8');
  const texts = new Map(
    rowsOf(page, `${name}-keys`).map(([key, meaning]) => [/`(.*)`/.exec(key!)![1]!, plain(meaning!)]),
  );
  const told = (part: Schema, path: string): object => {
    const { properties, items, additionalProperties: any } = part;
    const inner = Object.entries(properties ?? {}).map(([key, value]): [string, object] => [
      key,
      told(value, path === '' ? key : `${path}.${key}`),
    ]);
    return {
      ...part,
      ...(properties && { properties: Object.fromEntries(inner) }),
      ...(items && { items: told(items, `${path}[]`) }),
      ...(typeof any === 'object' && { additionalProperties: told(any, `${path}.*`) }),
      ...(texts.get(path) && { description: texts.get(path) }),
    };
  };
  const $schema = 'https://json-schema.org/draft/2020-12/schema';
  return { $schema, $id: `custody:${name}/2`, title, ...told(schema, '') };
}

/** A cell without its links and backticks. */
function plain(cell: string): string {
  return cell.replace(/\[([^\]]+)\]\([^)]*\)/g, '$1').replaceAll('`', '');
}

export const SCHEMA_FOLDER = fileURLToPath(new URL('../schemas/', import.meta.url));

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  for (const [name, schema] of PRINTED) {
    const path = resolve(SCHEMA_FOLDER, name);
    const style = await resolveConfig(path);
    await writeFile(path, await format(JSON.stringify(schema), { ...style, filepath: path }));
  }
}
