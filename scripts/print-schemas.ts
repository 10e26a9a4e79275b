/**
 * Prints the JSON Schemas of the files that people write, for editors: `node scripts/print-schemas.ts`.
 * test/rehearsal/plan/schemas.test.ts fails where they differ from the code.
 */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { PLAN_SCHEMA } from '../src/rules/plan-schema.ts';
import { PROFILE_SCHEMA } from '../src/rules/profile-schema.ts';

/** By file name in `schemas/`. */
export const PRINTED: ReadonlyMap<string, object> = new Map<string, object>([
  ['plan.schema.json', PLAN_SCHEMA],
  ['profile.schema.json', PROFILE_SCHEMA],
]);

export const SCHEMA_FOLDER = fileURLToPath(new URL('../schemas/', import.meta.url));

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  for (const [name, schema] of PRINTED) {
    const path = resolve(SCHEMA_FOLDER, name);
    const style = await resolveConfig(path);
    await writeFile(path, await format(JSON.stringify(schema), { ...style, filepath: path }));
  }
}
