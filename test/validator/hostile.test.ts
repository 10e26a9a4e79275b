import { describe, expect, it } from 'vitest';
import { finding } from '../../src/finding.ts';
import { encodeObject } from '../../src/objects/kinds.ts';
import { nodeLink } from '../../src/objects/link.ts';
import { bounded, MAX_FINDINGS } from '../../src/validator/bounded.ts';
import { judge } from '../../src/validator/judge.ts';
import type { Control } from '../../src/vectors/controls.ts';
import { Draft } from '../../src/vectors/draft.ts';
import { controlOf } from '../../src/vectors/vectors.ts';

/** Judges what `edit` makes of a control, and stores the verdict, as a ledger must be able to. */
function judged(edit: (draft: Draft) => void, control: Control = 'sqlite') {
  const draft = new Draft(controlOf(control));
  edit(draft);
  const { subject, objects } = draft.build();
  const { accepted, findings } = judge(subject, objects);
  expect(accepted).toBe(false);
  expect(findings.length).toBeLessThanOrEqual(MAX_FINDINGS);
  const link = nodeLink(subject);
  const none = { faults: [], selftest: null };
  encodeObject({ kind: 'verdict', v: 3, validator: link, subject: link, accepted, findings, ...none });
  return findings;
}

describe('a judgement is bounded, whatever the evidence holds', () => {
  it('20,000 observations', () => {
    const found = judged(({ rehearsal }) => {
      for (let i = 0; i < 20_000; i++)
        rehearsal.observed.push({ code: 'SQL_FAILED', path: String(i), detail: '' });
    });
    expect(found).toHaveLength(MAX_FINDINGS);
    expect(found.at(-1)!.detail).toContain('19500 more');
  });

  it('one observation of 900,000 characters that escape', () => {
    const [found] = judged(({ rehearsal }) => {
      rehearsal.observed.push({
        code: 'SQL_FAILED',
        path: '\u0001'.repeat(450_000),
        detail: '\u0002'.repeat(450_000),
      });
    });
    expect(found!.path.length + found!.detail.length).toBeLessThan(1_000);
  });

  it('legs by the thousand', () => {
    const found = judged((d) => {
      const leg = d.leg('T');
      d.rehearsal.legs = Array.from({ length: 2_500 }, () => ({ ...leg }));
    });
    expect(found.map(({ code }) => code)).toEqual(['LEG_ORDER']);
  });

  it('assertions by the ten thousand', () => {
    judged(({ rehearsal }) => {
      for (let i = 0; i < 20_000; i++) rehearsal.isolation.push({ assertion: `a${i}`, holds: true });
    });
  });

  it('one assertion ten thousand times', () => {
    judged(({ rehearsal }) => {
      for (let i = 0; i < 10_000; i++)
        rehearsal.isolation.push({ assertion: 'source-unchanged', holds: true });
    });
  });

  it('tables of a delta by the ten thousand', () => {
    judged(({ rehearsal }) => {
      rehearsal.delta = Array.from({ length: 15_000 }, (_, i) => ({
        table: `t${String(i).padStart(6, '0')}`,
        inserted: 1,
        updated: 0,
        deleted: 0,
      }));
    });
  });

  it('validators by the thousand', () => {
    judged((d) => {
      const [first] = d.validators;
      for (let i = 0; i < 5_000; i++) d.validators.push({ ...first!, name: `v${i % 2}` });
    });
  });

  it('gates by the thousand', () => {
    judged(({ rehearsal }) => {
      for (let i = 0; i < 8_000; i++)
        rehearsal.preflight.push({ name: `g${i}`, sql: 'SELECT 1', expect: '== 1', actual: '1', ok: true });
    });
  });

  it('includes that multiply', () => {
    const found = judged((d) => {
      const { executor } = d.rehearsal;
      // Each file includes the next one 2,000 times.
      const texts = Array.from({ length: 6 }, (_, i) => `\\i f${i + 1}.sql\n`.repeat(2_000)).concat(
        'SELECT 1;\n',
      );
      executor.parts = texts.map((text, i) => {
        const file = d.content(text);
        return { path: `f${i}.sql`, sha256: Uint8Array.from(Buffer.from(file.digest, 'hex')), file };
      });
      const [first, ...more] = executor.parts.map(({ path, file }) => ({ file: path, sha256: file.digest }));
      d.document.executor = { ...first!, includes: more };
    });
    expect(found.map(({ code, path }) => [code, path])).toEqual([['EVIDENCE_MALFORMED', 'scripts-expanded']]);
  });
});

describe('what is looked for in every text is found in linear time', () => {
  const found = (text: string): string[] => {
    const draft = new Draft(controlOf('sqlite-full'));
    draft.setScript('executor', [{ path: 'a.sql', text }]);
    const { subject, objects } = draft.build();
    return judge(subject, objects).findings.map(({ code }) => code);
  };

  it.each([
    ['a literal of 20 million characters', `SELECT '${'x'.repeat(2e7)}';`, []],
    ['20 million quotes', "'".repeat(2e7), []],
    ['half a claim 20 million characters long', `SELECT 'REAL${' '.repeat(2e7)}';`, []],
    ['a million claims', `SELECT '${'REAL PASS '.repeat(1e6)}';`, ['CLAIM_FORBIDDEN']],
    ['two million words of a surface', `SELECT ${'van '.repeat(2e6)};`, ['SURFACE_OBSERVED']],
  ])('%s', { timeout: 120_000 }, (_, text, codes) => {
    expect(found(text)).toEqual(codes);
  });
});

describe('bounded', () => {
  it('leaves a few short findings as they are', () => {
    const few = [finding('LEG_ORDER', 'a', 'b'), finding('LEG_ORDER', 'b', 'c')];
    expect(bounded(few)).toEqual(few);
  });

  it('cuts no character in half', () => {
    const [cut] = bounded([finding('LEG_ORDER', '😀'.repeat(400), `x${'😀'.repeat(400)}`)]);
    expect(cut!.path.isWellFormed()).toBe(true);
    expect(cut!.detail.isWellFormed()).toBe(true);
  });
});
