import { describe, expect, it, vi } from 'vitest';
import { CustodyError } from '../../src/errors.ts';
import { ASSERTIONS } from '../../src/rules/assertions.ts';
import type { Saboteur } from './harness.ts';
import { drill, useStage } from './scene.ts';
import { hiding, withoutNamespaces } from './system.ts';

vi.mock(import('../../src/engines/sqlite/process/sandbox.ts'), async (load) =>
  (await import('./system.ts')).sandbox(load),
);

vi.mock(import('../../src/engines/sqlite/open-files.ts'), async (load) =>
  (await import('./system.ts')).openFiles(load),
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
    expect(error).toMatchObject({ code: 'ISOLATION_REFUSED' });
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

describe('a process of our account that hides its open files', () => {
  const claim = 'clone-not-open-elsewhere';
  const required = { plan: `isolation: [${claim}]` };
  const why = 'process 17 (ssh-agent) hides its open files (EACCES)';

  it('changes nothing where nobody requires that there is none: the rehearsal is the same object', async () => {
    const alone = await drill(stage.setApart());
    using _ = hiding('process 17 (ssh-agent)');
    const beside = await drill(stage.setApart());
    expect([alone.found, beside.found]).toEqual([[], []]);
    expect(beside.rehearsal.digest).toBe(alone.rehearsal.digest);
    expect(beside.rehearsed.isolation).toContainEqual({ assertion: claim, holds: false });
    expect(beside.rehearsed.isolation).toContainEqual({ assertion: 'clone-not-seen-open', holds: true });
    expect(beside.notShown).toEqual([{ assertion: claim, why }]);
    expect(beside.run.isolation).toContainEqual([`not-shown ${claim}`, why]);
  });

  it('is a rejection where the plan requires it', async () => {
    using _ = hiding('process 17 (ssh-agent)');
    expect((await drill(stage.setApart(required))).found).toEqual([`ISOLATION_UNPROVEN isolation/${claim}`]);
  });

  it('is a refusal where the policy requires it, before anything runs', async () => {
    using _ = hiding('process 17 (ssh-agent)');
    const refused = drill(stage.setApart(), undefined, { isolation: [claim] });
    await expect(refused).rejects.toMatchObject({ code: 'ISOLATION_REFUSED' });
  });

  it('is no matter where all are seen: then it is claimed, on request', async () => {
    using _ = hiding();
    const { found, rehearsed } = await drill(stage.setApart(required));
    expect(found).toEqual([]);
    expect(rehearsed.isolation).toContainEqual({ assertion: claim, holds: true });
  });
});
