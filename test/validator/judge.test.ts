import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../src/errors.ts';
import { finding } from '../../src/finding.ts';
import type { Check } from '../../src/validator/checks.ts';
import { judge, STAGES } from '../../src/validator/judge.ts';
import { controlOf } from '../../src/vectors/vectors.ts';

const { subject, objects } = controlOf('sqlite');
const with_ = (run: Check['run']) => judge(subject, objects, [...STAGES, [{ name: 'mine', run }]]);

describe('judge', () => {
  it('turns a fault of stored bytes that a check runs into into a finding of that check', () => {
    const { accepted, findings } = with_(() => {
      throw new CustodyError('TREE_MALFORMED', 'x');
    });
    expect(accepted).toBe(false);
    expect(findings.map(({ code, path }) => [code, path])).toEqual([['EVIDENCE_MALFORMED', 'mine']]);
  });

  it('says that something is absent', () => {
    const { findings } = with_(() => {
      throw new CustodyError('OBJECT_MISSING', 'x');
    });
    expect(findings.map(({ code }) => code)).toEqual(['DIGEST_ABSENT']);
  });

  it.each([new Error('a bug'), new RangeError('too deep'), new CustodyError('INTERNAL', 'a bug')])(
    'never swallows an error of ours: %s',
    (error) => {
      expect(() =>
        with_(() => {
          throw error;
        }),
      ).toThrow(error);
    },
  );

  it('goes on after a check that found something, and not to the next stage', () => {
    const ran: string[] = [];
    const note = (name: string, found: boolean): Check => ({
      name,
      run: () => {
        ran.push(name);
        return found ? [finding('PLAN_MISMATCH', name, '')] : [];
      },
    });
    const stages = [[note('a', true), note('b', false), note('c', true)], [note('d', false)]];
    const { findings } = judge(subject, objects, stages);
    expect(ran).toEqual(['a', 'b', 'c']);
    expect(findings.map(({ path }) => path)).toEqual(['a', 'c']);
  });

  it('gives each finding once, sorted by path', () => {
    const { findings } = with_(() => [
      finding('PLAN_MISMATCH', 'b', 'x'),
      finding('LEG_ORDER', 'a', 'x'),
      finding('PLAN_MISMATCH', 'b', 'x'),
    ]);
    expect(findings.map(({ path }) => path)).toEqual(['a', 'b']);
  });
});
