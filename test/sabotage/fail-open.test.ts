import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Captured } from '../../src/engines/engine.ts';
import type { ObjectOf } from '../../src/objects/kinds.ts';
import { putObject } from '../../src/objects/sink.ts';
import type { Saboteur } from './harness.ts';
import { accepted, drill, foundByProcess, foundIn, useStage, type Drilled } from './scene.ts';

vi.mock(import('../../src/engines/sqlite/process/sandbox.ts'), async (load) =>
  (await import('./system.ts')).sandbox(load),
);

/**
 * The six ways to fail open that the plan forbids (seed 004), each tried for real. Where our own runner cannot be made to
 * do it, another one does: it records what it did, or left out, on the objects of a rehearsal that took place, encodes and
 * links it as it must be, and the real validator judges that in its own process.
 */
const stage = useStage();

type Rehearsal = ObjectOf<'rehearsal'>;

/** What a hurried runner would have recorded in the place of what ours did. */
async function hurried({ objects, rehearsed }: Drilled, changes: Partial<Rehearsal>): Promise<string[]> {
  const rehearsal = putObject(objects, { ...rehearsed, ...changes });
  const found = await foundByProcess(rehearsal, objects);
  expect(found).toEqual(foundIn(rehearsal, objects));
  return found;
}

/** The legs with one of them changed. */
const withLeg = (
  { legs }: Rehearsal,
  leg: string,
  changes: Partial<Rehearsal['legs'][number]>,
): Rehearsal['legs'] => legs.map((one) => (one.leg === leg ? { ...one, ...changes } : one));

let drilled: Drilled;
beforeAll(async () => {
  drilled = await accepted(stage);
});

describe('forbidden: to fail open', () => {
  it('nothing fails in a rehearsal that is as it must be', async () => {
    expect(await foundByProcess(drilled.rehearsal, drilled.objects)).toEqual([]);
  });

  it('(1) a PASS while a gate is blocked', async () => {
    const database = `UPDATE approvals SET state = 'pending'`;
    const blocked = await drill(stage.set({ database }));
    expect(blocked.rehearsed).toMatchObject({ legs: [], trigger: 'preflight-failed' });
    expect(blocked.found).toContain('PREFLIGHT_FAILED preflight/approved');

    // The hurried runner goes on: every leg is run for real, on the same source, with the gates waved through.
    const open = `preflight:
  - { name: approved, sql: "SELECT count(*) FROM approvals WHERE state = 'approved'", expect: '>= 0' }
  - { name: not there yet, sql: "SELECT count(*) FROM documents WHERE id = 'd3'", expect: '== 0' }`;
    const ran = await drill(stage.set({ database, plan: open }), { on: 'T' });
    expect(ran.found).toEqual([]);
    for (const [digest, { codec, bytes }] of blocked.objects.entries()) ran.objects.put(codec, digest, bytes);
    const { plan, preflight } = blocked.rehearsed;
    const honest = await hurried(ran, { plan, preflight });
    expect(honest).toEqual(
      expect.arrayContaining(['PASS_WHILE_BLOCKED legs', 'PREFLIGHT_FAILED preflight/approved']),
    );
    const claimed = preflight.map((gate) => ({ ...gate, ok: true }));
    expect(await hurried(ran, { plan, preflight: claimed })).toContain('PASS_WHILE_BLOCKED legs');
    // Even where it lies about the answer on the before-state: each leg asked again.
    const lied = preflight.map((gate) => ({
      ...gate,
      actual: gate.expect === '>= 1' ? '1' : gate.actual,
      ok: true,
    }));
    expect(await hurried(ran, { plan, preflight: lied })).toEqual(
      expect.arrayContaining(['PASS_WHILE_BLOCKED legs/R', 'PASS_WHILE_BLOCKED legs/T']),
    );
  });

  it('(2) a rollback that is called clean without a capture to compare', async () => {
    for (const leg of ['T', 'R']) {
      const legs = withLeg(drilled.rehearsed, leg, { back: null });
      expect(await hurried(drilled, { legs })).toEqual([`ROLLBACK_UNCOMPARED legs/${leg}/back`]);
    }
  });

  it('(3) a transaction that is left open', async () => {
    const nothing = async (): Promise<void> => undefined;
    for (const leg of ['T', 'R'] as const) {
      const saboteur: Saboteur = { on: leg, session: () => ({ rollback: nothing, commit: nothing }) };
      const { found, rehearsed, hits } = await drill(stage.set(), saboteur);
      expect(hits).toBe(1);
      expect(found).toContain(`TRANSACTION_OPEN legs/${leg}`);
      expect(rehearsed.legs.map(({ open }) => open)).toEqual([leg === 'T', leg === 'R']);
    }
  });

  it('(4) a restore from a snapshot that is not the before-state', async () => {
    const saboteur: Saboteur = {
      on: 'verify',
      clone: (real, { damage }) => ({
        capture: async (sink) => (damage('DELETE FROM issues WHERE id = 1'), real.capture(sink)),
      }),
    };
    const { found, legs } = await drill(stage.set(), saboteur);
    expect(legs).toEqual([]);
    expect(found).toContain('IMAGE_UNVERIFIED image/restored');
  });

  it('(4) a restore from a snapshot that nobody verified', async () => {
    const { image } = drilled.rehearsed;
    expect(await hurried(drilled, { image: { ...image, restored: null } })).toEqual([
      'IMAGE_UNVERIFIED image/restored',
    ]);
  });

  it('(5) a before-state of which nobody proved that looking at it changed nothing', async () => {
    expect(await hurried(drilled, { exit: null })).toEqual(['ENTRY_EXIT_SKIPPED exit']);
  });

  it('(5) a before-state that looking at it did change', async () => {
    const saboteur: Saboteur = {
      on: 'before',
      clone: (real, { damage }) => ({
        query: async (sql) => (damage('UPDATE issues SET open = 1'), real.query(sql)),
      }),
    };
    expect((await drill(stage.set(), saboteur)).found).toContain('ENTRY_EXIT_DIFFERS exit');
  });

  it('(6) "no error" that is taken for "rolled back"', async () => {
    const saboteur: Saboteur = {
      session: (real, { label }) => (label === 'T' ? { rollback: () => real.commit() } : {}),
      clone: (_, { label }) => (label === 'R' ? { reset: async () => undefined } : {}),
    };
    const { found, rehearsed } = await drill(stage.set(), saboteur);
    expect(rehearsed.legs.map(({ ended, open }) => [ended, open])).toEqual([
      ['rolled-back', false],
      ['committed', false],
    ]);
    expect(found).toEqual(
      expect.arrayContaining(['ROLLBACK_ASSUMED legs/R/back', 'ROLLBACK_ASSUMED legs/T/back']),
    );
  });

  it('(6) and the same, with the state before written down as the state after: the bytes say otherwise', async () => {
    const lost = await drill(stage.set(), {
      on: 'T',
      session: (real) => ({ rollback: () => real.commit() }),
    });
    const legs = withLeg(lost.rehearsed, 'T', { back: lost.rehearsed.entry });
    expect(await hurried(lost, { legs })).toContain('ROLLBACK_NOT_EXACT legs/T/identical');
  });
});

describe('a hurried runner', () => {
  it('that skips a leg', async () => {
    const legs = drilled.rehearsed.legs.filter(({ leg }) => leg !== 'R');
    expect(await hurried(drilled, { legs })).toEqual(['LEG_MISSING legs/R']);
  });

  it('that copies the after-state of one leg from the other, where they differ', async () => {
    // Without a declared clock: two runs of this script never lead to one state.
    const executor = `INSERT INTO documents (id, title) VALUES ('d3', hex(randomblob(16)));`;
    const plan = `delta: { documents: { inserted: 1 } }
postconditions: []`;
    const setting = { executor, plan };
    expect((await drill(stage.set(setting), { on: 'R' })).found).toEqual([
      'AFTER_STATES_DIFFER legs/R/after',
    ]);

    let first: Captured | undefined;
    const { found, rehearsed } = await drill(stage.set(setting), {
      session: (real, { label }) =>
        label === 'T' ? { capture: async (sink) => (first = await real.capture(sink)) } : {},
      clone: (real, { label, captures }) => {
        if (label !== 'R') return {};
        return {
          capture: async (sink) => {
            const captured = await real.capture(sink);
            // The second one is the committed state.
            return captures.length === 2 ? first! : captured;
          },
        };
      },
    });
    expect(rehearsed.legs[1]?.after).toEqual(rehearsed.legs[0]?.after);
    expect(found).toEqual(['AFTER_STATES_DIFFER legs/R/commit']);
  });
});
