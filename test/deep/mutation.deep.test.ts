import { describe, expect, it, vi } from 'vitest';
import { judge } from '../../src/validator/judge.ts';
import { CONTROLS } from '../../src/vectors/controls.ts';
import { controlOf } from '../../src/vectors/vectors.ts';
import { FREE } from '../validator/mutation/free.ts';
import { realRehearsal } from '../validator/mutation/real.ts';
import { mutate, type MutationResult } from '../validator/mutation/run.ts';

vi.mock('../../src/objects/codec.ts', async (original) => {
  const { decodingOnce } = await import('../validator/mutation/decode-once.ts');
  return decodingOnce(await original());
});

const met = new Set<number>();

function expectRejected({ tried, refused, survivors, met: here }: MutationResult, what: string): void {
  here.forEach((entry) => met.add(entry));
  console.log(`${what}: ${tried} mutants, ${refused} of them in no encoding, ${survivors.length} survivors`);
  expect(survivors).toEqual([]);
}

describe('every mutant of accepted evidence is rejected', () => {
  it.each(CONTROLS)('%s', (control) => {
    expectRejected(mutate(controlOf(control)), control);
  });

  it('a real rehearsal with three legs', async () => {
    const built = await realRehearsal();
    expect(judge(built.subject, built.objects).findings).toEqual([]);
    expectRejected(mutate(built, 3), 'real rehearsal');
  });

  it('and each exception is one', () => {
    expect(FREE.filter((_, i) => !met.has(i)).map(({ path }) => path)).toEqual([]);
  });
});
