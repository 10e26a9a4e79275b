import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shellWord } from '../../src/system/shell-word.ts';

const echoed = (word: string): string =>
  execFileSync('/bin/sh', ['-c', `printf %s ${word}`], { encoding: 'utf8' });

describe('shellWord', () => {
  it.each([
    '/tmp/packet',
    'HEAD~1',
    '@3',
    'a b',
    "it's",
    '$(id)',
    '`id`',
    '*',
    '~',
    '#',
    '',
    "'",
    'a\nb',
    'ü',
  ])('gives sh the very word: %j', (text) => {
    expect(echoed(shellWord(text))).toBe(text);
  });

  it('whatever it is', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((s) => !s.includes('\0'));
    fc.assert(
      fc.property(text, (word) => {
        expect(echoed(shellWord(word))).toBe(word);
      }),
      { numRuns: 50 },
    );
  });

  it('leaves a plain path as it is', () => {
    expect(shellWord('/srv/packets/2026-01-01.a_b')).toBe('/srv/packets/2026-01-01.a_b');
  });
});
