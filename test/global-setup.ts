import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildCommand, buildValidator } from '../scripts/build.ts';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Tests use the validator and the command that today's sources give, never stale ones. */
export async function setup(): Promise<void> {
  await buildValidator(join(ROOT, 'dist/validator.mjs'));
  await buildCommand(join(ROOT, 'dist/test'));
}
