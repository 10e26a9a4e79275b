import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readPlan } from '../../../src/rehearsal/plan/plan.ts';
import { withLines } from './plan-text.ts';
import { refuses } from '../../support/refusals.ts';
import { makeTestFolder } from '../../support/folder.ts';

describe('a plan file', () => {
  let temp: string;
  beforeAll(() => void (temp = makeTestFolder('plan')));

  it('that is missing or a folder cannot be read', async () => {
    const missing = join(temp, 'missing.yaml');
    await refuses(readPlan(missing), 'PLAN_UNREADABLE', missing);
    await refuses(readPlan(temp), 'PLAN_UNREADABLE', temp);
  });

  it('that is a pipe, a device or far too large cannot be read, and nothing waits', async () => {
    const pipe = join(temp, 'pipe.yaml');
    execFileSync('mkfifo', [pipe]);
    const large = join(temp, 'large.yaml');
    writeFileSync(large, '#'.repeat(1024 * 1024 + 1));
    for (const file of [pipe, '/dev/zero', large]) await refuses(readPlan(file), 'PLAN_UNREADABLE', file);
  });

  it('keeps its bytes, and paths start from its folder', async () => {
    const file = join(temp, 'plan.yaml');
    writeFileSync(file, withLines('# the end'));
    const plan = await readPlan(file);
    expect(Buffer.from(plan.written).toString()).toBe(withLines('# the end'));
    expect(plan.executor.file).toBe(join(temp, 'a.sql'));
  });
});
