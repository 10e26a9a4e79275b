import { describe, expect, it } from 'vitest';
import { useTemp } from '../../engines/sqlite/helpers.ts';
import { randomWayBack, relatedWayBack, swappedWayBack } from './random-ways.ts';

const temp = useTemp();

describe('random ways back', () => {
  it('any values and keys', async () => {
    for (let seed = 1; seed <= 20; seed++) await randomWayBack(seed, temp.file);
  });

  it('foreign keys and unique values', async () => {
    let circles = 0;
    for (let seed = 1; seed <= 40; seed++) if (await relatedWayBack(seed, temp.file)) circles++;
    // Else it would not be the order that is tested.
    expect(circles).toBeLessThan(10);
  });

  it('unique values that rows swapped', async () => {
    let made = 0;
    for (let seed = 1; seed < 61; seed++) if (await swappedWayBack(seed, temp.file)) made++;
    expect(made).toBeGreaterThan(30);
  });
});
