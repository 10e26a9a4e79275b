import { describe, expect, it, vi } from 'vitest';
import { CustodyError } from '../../src/errors.ts';
import { ASSERTIONS } from '../../src/rules/assertions.ts';
import type { Saboteur } from './harness.ts';
import { drill, useStage } from './scene.ts';
import { withoutNamespaces } from './system.ts';

vi.mock(import('../../src/engines/sqlite/process/sandbox.ts'), async (load) =>
  (await import('./system.ts')).sandbox(load),
);

const stage = useStage();

describe('isolation that the policy requires', () => {
  it.each(ASSERTIONS.sqlite.map(([name]) => name))('can be proven before anything runs: %s', async (name) => {
    const asked: string[] = [];
    const watch: Saboteur = {
      on: 'before',
      clone: (real) => ({
        capture: (sink) => (asked.push('capture'), real.capture(sink)),
        query: (sql) => (asked.push(sql), real.query(sql)),
      }),
    };
    const required = { isolation: [name] };
    const drilled = await drill(stage.setApart(), watch, required).catch((reason: unknown) => reason);
    if (!(drilled instanceof CustodyError)) {
      expect(drilled).toMatchObject({ found: [] });
      return;
    }
    // A system may refuse namespaces; then it is refused, before anything of the plan was asked.
    expect(drilled.code).toBe('ISOLATION_REFUSED');
    expect(asked).toEqual([]);
    const { rehearsed } = await drill(stage.setApart());
    expect(rehearsed.isolation).toContainEqual({ assertion: name, holds: false });
  });
});

describe('a process that runs SQL with a network', () => {
  const setting = { plan: 'isolation: [network-isolated]' };

  it('is refused where the policy requires that it has none, before anything of the plan is asked', async () => {
    using _ = withoutNamespaces();
    let asked = 0;
    const watch: Saboteur = {
      on: 'before',
      clone: (real) => ({ query: (sql) => (asked++, real.query(sql)) }),
    };
    const error = await drill(stage.setApart(), watch, { isolation: ['network-isolated'] }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'ISOLATION_REFUSED', exitCode: 3 });
    expect(asked).toBe(0);
  });

  it('is rejected where the plan requires that it has none', async () => {
    const isolated = await drill(stage.setApart(setting));
    const { holds } = isolated.rehearsed.isolation.find(({ assertion }) => assertion === 'network-isolated')!;
    // A system may refuse namespaces; then there is nothing to take away.
    if (holds) expect(isolated.found).toEqual([]);
    using _ = withoutNamespaces();
    const { found } = await drill(stage.setApart(setting));
    expect(found).toEqual(['ISOLATION_UNPROVEN isolation/network-isolated']);
  });

  it('is accepted where nobody requires anything', async () => {
    using _ = withoutNamespaces();
    expect((await drill(stage.setApart())).found).toEqual([]);
  });
});
