import { describe, expect, it } from 'vitest';
import { claimsIn, findClaims, hideClaims } from '../../src/rules/claims.ts';
import { findFirst, findPhrases, lineAt, samePhrase } from '../../src/rules/phrase.ts';

const found = (text: string, ...phrases: string[]): [number, string][] =>
  findPhrases(text, phrases).map(({ at, phrase }) => [at, phrase]);

describe('phrases', () => {
  it.each([
    'GO_LIVE',
    'go live',
    'Go-Live',
    'go\n  live',
    'fn_go_live_now',
    '(go_live)',
    'x.go_live',
    'go__live',
  ])('finds GO_LIVE in %j', (text) => {
    expect(findPhrases(text, ['GO_LIVE'])).toHaveLength(1);
  });

  it.each(['golive', 'cargo_live', 'go_lively', 'go.live', 'go, live', 'ego_live', 'go_live2', ''])(
    'does not find it in %j',
    (text) => {
      expect(found(text, 'GO_LIVE')).toEqual([]);
    },
  );

  it('finds the first of each', () => {
    const text = 'van; GO-LIVE, van, go live, permits';
    expect(findFirst(text, ['go_live', 'permit', 'van', '-'])).toEqual([
      { at: 0, length: 3, phrase: 'van' },
      { at: 5, length: 7, phrase: 'go_live' },
    ]);
  });

  it('says where, in the order of the text', () => {
    expect(found('permit, then go live', 'GO_LIVE', 'permit')).toEqual([
      [0, 'permit'],
      [13, 'GO_LIVE'],
    ]);
    expect(lineAt('a\nb\nc', 0)).toBe(1);
    expect(lineAt('a\nb\nc', 4)).toBe(3);
  });

  it('takes every character of a phrase for itself', () => {
    expect(found('a.b', 'a.b')).toEqual([[0, 'a.b']]);
    expect(found('axb', 'a.b')).toEqual([]);
    expect(found('anything', '_', ' ')).toEqual([]);
  });

  it('compares names whatever their case and separators', () => {
    expect(samePhrase('Real run', 'REAL_RUN')).toBe(true);
    expect(samePhrase('real', 'REAL_RUN')).toBe(false);
  });
});

describe('claims', () => {
  const claims = { subjects: ['TILLS', 'REAL_RUN'], verdicts: ['DONE', 'SIGNED OFF'] };

  it.each([
    ['TILLS_DONE', 'TILLS+DONE'],
    ['tills signed-off', 'TILLS+SIGNED OFF'],
    ['x_REAL-RUN_done', 'REAL_RUN+DONE'],
  ])('finds %s', (text, phrase) => {
    expect(findClaims(text, claims).map((match) => match.phrase)).toEqual([phrase]);
  });

  it.each(['TILLS', 'DONE', 'TILLS+DONE', 'DONE_TILLS', 'TILLS, DONE', 'TILLS are DONE'])(
    'does not find one in %s',
    (text) => {
      expect(findClaims(text, claims)).toEqual([]);
    },
  );

  it('are hidden in what must be shown', () => {
    const hidden = hideClaims('name "TILLS_DONE, tills done" and REAL_RUN_DONE', claims);
    expect(hidden).toBe('name "[TILLS+DONE], [TILLS+DONE]" and [REAL_RUN+DONE]');
    expect(findClaims(hidden, claims)).toEqual([]);
  });
});

describe('claims of a plan', () => {
  const claims = { subjects: ['TILLS', 'CASH'], verdicts: ['DONE'] };
  const found = (written: string[], read: Record<string, unknown>): string[] =>
    Array.from(
      claimsIn(
        written.map((text, i) => ({ path: `f${i}`, text })),
        read,
        claims,
      ),
      (claim) => `${claim.phrase} ${'in' in claim ? `${claim.in.path}:${claim.at}` : claim.key}`,
    );

  it('are named once a text, and by their key where no file has them as they are written', () => {
    expect(found(['x tills done TILLS_DONE', 'cash-done'], { name: 'tills done' })).toEqual([
      'TILLS+DONE f0:2',
      'CASH+DONE f1:0',
    ]);
    expect(found(['x'], { name: ['tills done', 'TILLS_DONE'], delta: { 'cash done': 1 } })).toEqual([
      'TILLS+DONE name',
      'CASH+DONE delta',
    ]);
    expect(found(['tills', 'done'], { name: 'done tills' })).toEqual([]);
  });
});
