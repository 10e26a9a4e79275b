import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { fill, LedgerPlace } from '../ledger/support.ts';
import { requirePlace } from '../../src/packets/out-folder.ts';
import { readPlan } from '../../src/rehearsal/plan/plan.ts';
import type { Plan } from '../../src/rehearsal/plan/plan.ts';
import { readScripts, scriptFault } from '../../src/rehearsal/plan/script-use.ts';
import { isThere } from '../../src/system/is-there.ts';
import { resolveOperand } from '../../src/workflows/operand.ts';
import { makeTestFolder } from '../support/folder.ts';
import { refusedWith, refuses } from '../support/refusals.ts';

describe('a path', () => {
  let dir: string;
  beforeEach(() => void (dir = makeTestFolder('there')));
  /** A link that leads to itself: there, and nobody, not even root, can look at it. */
  const circle = (...names: string[]): string => {
    const path = join(dir, ...names);
    symlinkSync(path, path);
    return path;
  };

  it('is there, or is not, or cannot be looked at', () => {
    writeFileSync(join(dir, 'a'), '');
    symlinkSync(join(dir, 'b'), join(dir, 'nowhere'));
    for (const [name, there] of [
      ['a', true],
      ['b', false],
      ['a/b', false],
      ['nowhere', false],
      ['x'.repeat(300), false],
      ['a\0b', false],
    ] as const)
      expect(isThere(join(dir, name)), name).toBe(there);
    expect(() => isThere(circle('c'))).toThrow(expect.objectContaining({ code: 'IO_FAILED' }));
  });

  it('that cannot be looked at is no revision, no empty folder and no new place', async () => {
    const path = circle('c');
    await refuses(() => resolveOperand(path, undefined, new AsyncDisposableStack(), {}), 'IO_FAILED');
    await refuses(() => requirePlace(path), 'IO_FAILED');
    await refuses(() => readPlan(path), 'IO_FAILED');
    circle('.custody');
    const options = { origin: 'test.example/log', author: 'test', keys: join(dir, 'keys'), fill };
    await refuses(() => Ledger.init(dir, options), 'IO_FAILED');
  });

  it('that cannot be looked at is not passed over for the ledger above', async () => {
    using place = new LedgerPlace();
    await using _ = await place.init();
    const inner = join(place.dir, 'inner');
    mkdirSync(inner);
    expect(await refusedWith(() => Ledger.find(inner, { keys: place.keys }))).toBe('none');
    symlinkSync(join(inner, '.custody'), join(inner, '.custody'));
    await refuses(() => Ledger.find(inner, { keys: place.keys }), 'IO_FAILED');
  });

  it('of a script that cannot be looked at does not say that the script changed', async () => {
    const file = join(dir, 'change.sql');
    writeFileSync(file, 'SELECT 1;');
    const plan = { executor: { file, path: 'change.sql', includes: [] } } as unknown as Plan;
    const scripts = await readScripts(plan);
    expect(await scriptFault(plan, scripts, 'executor')).toBeUndefined();
    rmSync(file);
    expect(await scriptFault(plan, scripts, 'executor')).toContain('not readable');
    circle('change.sql');
    await refuses(() => scriptFault(plan, scripts, 'executor'), 'IO_FAILED');
  });
});
