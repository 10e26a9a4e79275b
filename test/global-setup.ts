import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildCommand, buildValidator } from '../scripts/build.ts';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * Tests use the validator and the command that today's sources give, never stale ones; and no key and no memory of whoever
 * runs them: their configuration folder is gone afterwards.
 */
export async function setup(): Promise<() => void> {
  const config = mkdtempSync(join(tmpdir(), 'custody-test-config-'));
  process.env['CUSTODY_CONFIG_DIR'] = config;
  await buildValidator(join(ROOT, 'dist/validator.mjs'));
  await buildCommand(join(ROOT, 'dist/test'));
  return () => rmSync(config, { recursive: true, force: true });
}
