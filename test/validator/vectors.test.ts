import { describe, expect, it } from 'vitest';
import type { Check } from '../../src/validator/checks.ts';
import { judge, STAGES } from '../../src/validator/judge.ts';
import { CONTROLS } from '../../src/vectors/controls.ts';
import type { Built } from '../../src/vectors/draft.ts';
import { controlOf, makeVector, VECTORS } from '../../src/vectors/vectors.ts';

describe('the control', () => {
  it.each(CONTROLS)('of %s is accepted', (control) => {
    const { subject, objects } = controlOf(control);
    expect(judge(subject, objects)).toEqual({ subject, accepted: true, findings: [] });
  });

  it('is judged the same twice: no state is kept', () => {
    const { subject, objects } = controlOf('sqlite');
    expect(judge(subject, objects)).toEqual(judge(subject, objects));
  });
});

describe('each vector gives exactly its findings', () => {
  it.each(VECTORS.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const { built, expected } = makeVector(vector);
    const judgement = judge(built.subject, built.objects);
    expect(judgement.findings.map(({ code, path }) => `${code} ${path}`).sort()).toEqual(expected);
    expect(judgement.accepted).toBe(expected.length === 0);
  });

  it('is mostly a fault, and sometimes none', () => {
    const right = VECTORS.filter(({ expected }) => expected.length === 0);
    expect(right.every(({ name }) => /^((sqlite|postgres)-full-|postgres-)?accepted-/.test(name))).toBe(true);
    expect(right.length).toBeLessThan(VECTORS.length / 10);
  });

  it('has a name of its own', () => {
    expect(new Set(VECTORS.map(({ name }) => name)).size).toBe(VECTORS.length);
  });
});

describe('without one of its checks the validator lets something through', () => {
  const all = STAGES.flatMap((stage, i) => stage.map((check) => [check.name, i, check] as const));
  // Only what one check alone finds fault with can be let through without it.
  const alone = new Map<string, Built[]>();
  for (const vector of VECTORS.filter(({ expected }) => expected.length > 0)) {
    const { built } = makeVector(vector);
    const [finder, ...more] = findersOf(built);
    if (finder !== undefined && more.length === 0) alone.set(finder, [...(alone.get(finder) ?? []), built]);
  }

  const without = (check: Check): readonly (readonly Check[])[] =>
    STAGES.map((stage) => stage.filter((other) => other !== check));

  // Every other check that compares states meets what this one finds: it is there so that it is said once.
  it('or says one thing many times: rows-well-formed', () => {
    const [, , check] = all.find(([name]) => name === 'rows-well-formed')!;
    const found = alone.get(check.name)!.map(({ subject, objects }) => {
      const { findings } = judge(subject, objects, without(check));
      return [judge(subject, objects).findings.length, findings.length];
    });
    expect(found.every(([once]) => once === 1)).toBe(true);
    expect(found.some(([, times]) => times! > 1)).toBe(true);
  });

  it.each(all.filter(([name]) => name !== 'rows-well-formed'))('%s', (name, _, check) => {
    const stages = without(check);
    const accepted = (alone.get(name) ?? []).some(({ subject, objects }) => {
      try {
        return judge(subject, objects, stages).accepted;
      } catch {
        return false;
      }
    });
    expect(accepted).toBe(true);
  });

  it('names each check once', () => {
    expect(new Set(all.map(([name]) => name)).size).toBe(all.length);
  });
});

/** The checks that find something, of the first stage in which one does. */
function findersOf({ subject, objects }: Built): Set<string> {
  const finders = new Set<string>();
  const watch = (check: Check): Check => ({
    name: check.name,
    run: (evidence) => {
      finders.add(check.name);
      const found = check.run(evidence);
      if (found.length === 0) finders.delete(check.name);
      return found;
    },
  });
  judge(
    subject,
    objects,
    STAGES.map((stage) => stage.map(watch)),
  );
  return finders;
}
