import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Desk } from './desk.ts';
import { schemaFaults } from './schemas.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

describe('the built command', () => {
  let desk: Desk;
  /** Where packages and profiles are found as from dist/. */
  let out: string;
  beforeAll(() => {
    desk = new Desk();
    out = mkdtempSync(join(ROOT, 'node_modules/.custody-build-'));
    const built = spawnSync(process.execPath, [join(ROOT, 'scripts/build.ts'), '--out', out], {
      encoding: 'utf8',
    });
    expect(built.status, built.stderr).toBe(0);
  });
  afterAll(() => {
    rmSync(out, { recursive: true, force: true });
    desk[Symbol.dispose]();
  });
  const custody = (...argv: string[]): { exit: number | null; stdout: string; stderr: string } => {
    const ran = spawnSync(process.execPath, [join(out, 'custody.js'), ...argv], {
      cwd: desk.dir,
      env: desk.env,
      encoding: 'utf8',
    });
    return { exit: ran.status, stdout: ran.stdout, stderr: ran.stderr };
  };

  it('knows its version, whatever the environment says', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(custody('--version')).toEqual({ exit: 0, stdout: `${version}\n`, stderr: '' });
    expect(custody('log', '--help')).toEqual(await desk.run(['log', '--help']));
  });

  it('tells its story, with its worker and its validator', () => {
    const demo = custody('demo', '--json', '--folder', 'story');
    expect({ exit: demo.exit, stderr: demo.stderr }).toEqual({ exit: 0, stderr: '' });
    expect(schemaFaults('demo', JSON.parse(demo.stdout))).toEqual([]);
    const plan = createHash('sha256')
      .update(readFileSync(join(ROOT, 'profiles/fix7-p0/plan.yaml')))
      .digest('hex');
    expect(custody('cat', plan, '--ledger', 'story').stdout).toBe(
      readFileSync(join(ROOT, 'profiles/fix7-p0/plan.yaml'), 'utf8'),
    );
  });

  it('pins the validator that lies beside it, and every build gives the same', () => {
    const again = spawnSync(process.execPath, [join(ROOT, 'scripts/build.ts'), '--validator', '--out', out], {
      cwd: '/',
      encoding: 'utf8',
    });
    const sha256 = createHash('sha256')
      .update(readFileSync(join(out, 'validator.mjs')))
      .digest('hex');
    expect(again.stdout).toBe(`validator ${sha256}\n`);
    const list = custody('validator', 'list', '--json', '--ledger', 'story');
    expect(JSON.parse(list.stdout)).toMatchObject({ validators: [{ sha256, builtIn: true }] });
  });
});
