import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildValidator } from '../scripts/build.ts';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Tests judge with the validator that today's sources give, never with a stale one. */
export async function setup(): Promise<void> {
  await buildValidator(join(ROOT, 'dist/validator.mjs'));
}
