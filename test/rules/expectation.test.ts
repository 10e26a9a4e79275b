import { describe, expect, it } from 'vitest';
import { meets, parseExpectation } from '../../src/rules/expectation.ts';

describe('what a query must give', () => {
  it.each(['= 1', '=1', '≥ 1', '≤ 1', '≠ 1', '=> 1', '=< 1', '>= one', '== ', '!=', '<>1', ' = 1'])(
    'looks like a comparison and is none: %s',
    (text) => {
      expect(parseExpectation(text)).toBeUndefined();
    },
  );

  it.each(['1', 'a = b', 'directus', '', '!', '! 1'])('is the text itself: %j', (text) => {
    expect(parseExpectation(text)).toEqual({ text });
    expect(meets({ text }, text)).toBe(true);
  });

  it.each([
    ['>= 1', '1', true],
    ['>=1', '0', false],
    ['== -3', '-3', true],
    ['!= 3', '3', false],
    ['< 10', '9', true],
    ['< 10', '9.0', false],
  ])('compares numbers: %s of %s is %s', (text, actual, met) => {
    expect(meets(parseExpectation(text)!, actual)).toBe(met);
  });
});
