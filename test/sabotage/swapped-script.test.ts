import { writeFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { digestFromBytes, digestOf } from '../../src/objects/digest.ts';
import type { Saboteur } from './harness.ts';
import { drill, CHANGE, ROLLBACK, useStage, type Scene } from './scene.ts';

vi.mock(import('../../src/engines/sqlite/process/sandbox.ts'), async (load) =>
  (await import('./system.ts')).sandbox(load),
);

const stage = useStage();

describe('a script that is swapped between check and use', () => {
  const OTHER = `DELETE FROM births; INSERT INTO notes VALUES ('swapped');`;
  const swapping = (scene: Scene, name: string, when: 'T' | 'S', back?: string): Saboteur => ({
    on: when,
    clone: (real) => ({
      capture: async (sink) => {
        writeFileSync(scene.file(name), OTHER);
        return real.capture(sink);
      },
      identical: async () => {
        if (back !== undefined) writeFileSync(scene.file(name), back);
        return real.identical();
      },
    }),
  });

  it('aborts the leg that would have used it', async () => {
    const scene = stage.set();
    const { found, rehearsed } = await drill(scene, swapping(scene, 'executor.sql', 'T'));
    expect(rehearsed.legs).toMatchObject([
      { leg: 'T', ended: 'aborted', trigger: 'executor-changed', after: null },
    ]);
    expect(found).toEqual(
      expect.arrayContaining(['EXECUTOR_CHANGED legs/T/executor', 'EXECUTOR_CHANGED executor/after']),
    );
  });

  it('and back again: what was seen in between stays seen', async () => {
    const scene = stage.set();
    const { found, rehearsed } = await drill(scene, swapping(scene, 'executor.sql', 'T', CHANGE));
    expect(rehearsed.executor.after).toEqual(rehearsed.executor.before);
    expect(found).toContain('EXECUTOR_CHANGED legs/T/executor');
    expect(found).not.toContain('EXECUTOR_CHANGED executor/after');
  });

  it('while it runs, and back again: what ran is what was read and approved', async () => {
    const scene = stage.set();
    const saboteur: Saboteur = {
      on: 'T',
      session: (real) => ({
        apply: async (script, boundary) => {
          writeFileSync(scene.file('executor.sql'), OTHER);
          await real.apply(script, boundary);
          writeFileSync(scene.file('executor.sql'), CHANGE);
        },
      }),
    };
    const { found, rehearsed, hits } = await drill(scene, saboteur);
    expect(hits).toBe(1);
    expect(found).toEqual([]);
    expect(rehearsed.executor.file.digest).toBe(digestOf(Buffer.from(CHANGE)));
    expect(digestFromBytes(rehearsed.executor.before)).toBe(digestOf(Buffer.from(CHANGE)));
  });

  it('is the rollback script', async () => {
    const scene = stage.set({ rollback: ROLLBACK });
    const { found, rehearsed } = await drill(scene, swapping(scene, 'rollback.sql', 'S'));
    expect(rehearsed.legs[2]).toMatchObject({
      leg: 'S',
      ended: 'aborted',
      trigger: 'executor-changed',
      after: null,
    });
    expect(found).toEqual(
      expect.arrayContaining(['EXECUTOR_CHANGED legs/S/rollback', 'EXECUTOR_CHANGED rollback/after']),
    );
  });

  it('is the rollback script, once the change is committed: what brings it back is what was approved', async () => {
    const scene = stage.set({ rollback: ROLLBACK });
    const { found, rehearsed } = await drill(scene, {
      on: 'S',
      session: (real) => ({
        commit: async () => {
          writeFileSync(scene.file('rollback.sql'), OTHER);
          await real.commit();
        },
      }),
    });
    expect(rehearsed.legs[2]).toMatchObject({ leg: 'S', ended: 'committed', back: rehearsed.entry });
    expect(found).toEqual(['EXECUTOR_CHANGED rollback/after']);
  });
});
