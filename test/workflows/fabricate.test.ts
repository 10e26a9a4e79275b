import { describe, expect, it } from 'vitest';
import type { ObjectOf } from '../../src/objects/kinds.ts';
import { nodeLink } from '../../src/objects/link.ts';
import { parseDigest } from '../../src/objects/digest.ts';
import { fabricated } from '../../src/workflows/probe/forge.ts';

const link = (n: number) => nodeLink(parseDigest(String(n).repeat(64)));

/** Only the fields that a fabrication touches. */
const REHEARSAL = {
  entry: link(1),
  delta: [{ table: 't', inserted: 1, updated: 0, deleted: 0 }],
  isolation: [{ assertion: 'a', holds: true }],
  legs: [
    { leg: 'T', after: link(2), back: link(1) },
    { leg: 'R', after: link(2), back: link(1) },
  ],
} as unknown as ObjectOf<'rehearsal'>;

describe('a fabrication', () => {
  it('drops the named leg', () => {
    const { legs, ...rest } = fabricated(REHEARSAL, { edit: 'drop-leg', leg: 'R' });
    expect(legs).toEqual([REHEARSAL.legs[0]]);
    expect({ ...rest, legs: REHEARSAL.legs }).toEqual(REHEARSAL);
  });

  it('compares nothing', () => {
    expect(fabricated(REHEARSAL, { edit: 'not-compared' }).legs.map(({ back }) => back)).toEqual([
      null,
      null,
    ]);
  });

  it('changes nothing, and says so throughout', () => {
    const { legs, delta } = fabricated(REHEARSAL, { edit: 'after-is-entry' });
    expect(legs.map(({ after }) => after)).toEqual([REHEARSAL.entry, REHEARSAL.entry]);
    expect(delta).toEqual([]);
  });

  it('proves no isolation', () => {
    expect(fabricated(REHEARSAL, { edit: 'drop-isolation' })).toEqual({ ...REHEARSAL, isolation: [] });
  });
});
