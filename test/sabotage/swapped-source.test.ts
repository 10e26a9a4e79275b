import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Desk } from '../cli/desk.ts';
import { damageFile, SabotagedEngine, type Saboteur } from './harness.ts';
import { useStage, type Scene } from './scene.ts';

let saboteur: Saboteur = {};
vi.mock(import('../../src/engines/load.ts'), async (load) => ({
  ...(await load()),
  loadEngine: async () => new SabotagedEngine(saboteur),
}));

/** The guard looks at where the source lies; then probes run for long; then the engine opens what is there. */
const stage = useStage();
const desk = new Desk();
beforeAll(() => desk.init());
afterAll(() => desk[Symbol.dispose]());

/** The source is a link to a copy, beside which there is a live database. */
function linked(): Scene {
  const scene = stage.setApart();
  for (const name of ['copy', 'live']) mkdirSync(scene.file(name));
  renameSync(scene.file('source.db'), scene.file('copy/app.db'));
  damageFile(scene.file('live/app.db'), 'CREATE TABLE customers (name)');
  symlinkSync('copy/app.db', scene.file('source.db'));
  return scene;
}

const SWAPS: [name: string, swap: (scene: Scene) => void][] = [
  [
    'it is swapped',
    ({ file }): void => {
      rmSync(file('source.db'));
      symlinkSync('live/app.db', file('source.db'));
    },
  ],
  [
    'the folder that it leads to is swapped',
    ({ file }): void => {
      renameSync(file('copy'), file('moved'));
      symlinkSync('live', file('copy'));
    },
  ],
];

describe('a source that is a link', () => {
  it('is followed where nobody swaps it', async () => {
    saboteur = {};
    expect((await desk.run(['rehearse', linked().file('plan.yaml'), '--check'])).exit).toBe(0);
  });

  it.each(SWAPS)('is refused where, after the guard has looked, %s', async (_, swap) => {
    const scene = linked();
    const before = desk.state();
    saboteur = { prepare: (prepare) => (swap(scene), prepare()) };
    const { exit, stdout } = await desk.run(['rehearse', scene.file('plan.yaml'), '--json']);
    expect(exit).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'SOURCE_CHANGED' } });
    expect(desk.state()).toEqual(before);
  });

  it('is refused by --check, too', async () => {
    const scene = linked();
    saboteur = { prepare: (prepare) => (SWAPS[0]![1](scene), prepare()) };
    const { exit, stdout } = await desk.run(['rehearse', scene.file('plan.yaml'), '--check', '--json']);
    expect(exit).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, refusals: [{ code: 'SOURCE_CHANGED' }] });
  });
});
