import { describe, expect, it, vi } from 'vitest';
import { encodeKey } from '../../src/objects/rows/key.ts';
import { judge } from '../../src/validator/judge.ts';
import { CONTROLS } from '../../src/vectors/controls.ts';
import { controlOf } from '../../src/vectors/vectors.ts';
import { mutantsOf } from './mutation/mutants.ts';
import { mutate } from './mutation/run.ts';

vi.mock('../../src/objects/codec.ts', async (original) => {
  const { decodingOnce } = await import('./mutation/decode-once.ts');
  return decodingOnce(await original());
});

/** Every so manieth mutant; test/deep/mutation.deep.test.ts tries all of them. A prime: places come in rows of equal length. */
const STEP = 61;

describe('of accepted evidence with one thing changed', () => {
  it.each(CONTROLS)('%s: a sample is rejected', (control) => {
    const { tried, survivors } = mutate(controlOf(control), STEP);
    expect(survivors).toEqual([]);
    expect(tried).toBeGreaterThan(200);
  });

  it('every place is reached', () => {
    const places = new Set([...mutantsOf(controlOf('sqlite-full'))].map(({ path }) => path));
    for (const path of [
      'rehearsal/plan/document/approval/by',
      'rehearsal/plan/document/executor/includes/0/sha256',
      'rehearsal/validators/1/file',
      'rehearsal/executor/parts/2/file',
      'rehearsal/source/files/entries/source-wal/link',
      'rehearsal/image/file',
      'rehearsal/legs/S/back/facts/sequence/births/0/1',
      // The row that is stored out of line.
      `rehearsal/legs/T/after/tables/stock/root/${Buffer.from(encodeKey([200n])).toString('hex')}`,
      'rehearsal/legs/R/start/facts/database/user_version',
      'rehearsal/probes/results/production target/ended',
    ])
      expect(places, path).toContain(path);
  });

  it('and accepted as it is', () => {
    const { subject, objects } = controlOf('sqlite-full');
    expect(judge(subject, objects).accepted).toBe(true);
  });
});
