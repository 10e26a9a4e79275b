import { describe, expect, it } from 'vitest';
import { randomWayBack, relatedWayBack, swappedWayBack } from '../rehearsal/restore/random-ways.ts';
import { useFolder } from './ledgers.ts';

const folder = useFolder();

describe.each([1000, 2000, 3000, 4000])('restore scripts from seed %i', (first) => {
  it('any values and keys', async () => {
    for (let seed = first; seed < first + 60; seed++) await randomWayBack(seed, folder.file);
  });

  it('foreign keys and unique values', async () => {
    let circles = 0;
    for (let seed = first; seed < first + 200; seed++) if (await relatedWayBack(seed, folder.file)) circles++;
    expect(circles).toBeLessThan(40);
  });

  it('unique values that rows swapped', async () => {
    let made = 0;
    for (let seed = first; seed < first + 75; seed++) if (await swappedWayBack(seed, folder.file)) made++;
    expect(made).toBeGreaterThan(40);
  });
});
