import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const made: string[] = [];

/** A private folder that is gone after the tests of this file, whatever becomes of them. @param what part of its name. */
export function makeTestFolder(what = 'test', parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, `custody-${what}-`));
  made.push(folder);
  return folder;
}

// Each test file has its own copy of this module, and what is registered first runs last.
afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});
