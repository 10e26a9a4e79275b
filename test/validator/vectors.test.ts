import { describe, expect, it } from 'vitest';
import { judge, STAGES } from '../../src/validator/judge.ts';
import { CONTROLS } from '../../src/validator/selftest/controls.ts';
import { controlOf, foundIn, makeVector, selftest, VECTORS } from '../../src/validator/selftest.ts';

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
    expect(foundIn(built)).toEqual(expected);
    expect(judge(built.subject, built.objects).accepted).toBe(expected.length === 0);
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
  const made = VECTORS.filter(({ expected }) => expected.length > 0).map((v) => makeVector(v).built);
  const all = STAGES.flatMap((stage, i) => stage.map((check) => [check.name, i, check] as const));

  it.each(all)('%s', (_, at, check) => {
    const stages = STAGES.map((stage, i) => (i === at ? stage.filter((other) => other !== check) : stage));
    const accepted = made.some(({ subject, objects }) => {
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

describe('selftest', () => {
  it('passes, and says how many vectors it tried', () => {
    expect(selftest()).toEqual({ ok: true, vectors: VECTORS.length, failed: [] });
  });
});
