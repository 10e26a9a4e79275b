import { describe, expect, it } from 'vitest';
import type { Digest } from '../../src/objects/digest.ts';
import { nodeLink, type Codec } from '../../src/objects/link.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { digestOf } from '../../src/objects/digest.ts';
import { diffSnapshots } from '../../src/objects/snapshots/diff.ts';
import { showChange } from '../../src/objects/snapshots/shown-change.ts';
import { driveSync } from '../../src/objects/walk.ts';
import { refusedWith } from '../support/refusals.ts';
import { checkStoredPacket } from '../../src/packets/check-stored.ts';
import { ObjectsCheck } from '../../src/verify/objects.ts';
import { unhex, vectors } from '../objects/support.ts';
import { LINK_CLAIMS, linkClaimVector } from './claims.ts';
import { OTHER_CLAIMS, MALFORMED_SNAPSHOTS, unlikeState } from './malformed.ts';
import { MET_AGAIN } from './met-again.ts';

interface Vector {
  readonly root: Digest;
  readonly codes: readonly string[];
  readonly objects: readonly ({ readonly codec: Codec } & (
    { readonly hex: string } | { readonly zeros: number }
  ))[];
}

const SETS = { claims: [...LINK_CLAIMS, ...OTHER_CLAIMS], snapshots: [...MALFORMED_SNAPSHOTS, ...MET_AGAIN] };

describe.each(Object.entries(SETS))('%s', (set, claims) => {
  it.each(claims.map((claim) => [claim.name, claim] as const))(
    '%s: the vector is this one',
    async (name, claim) => {
      await expect(linkClaimVector(claim)).toMatchFileSnapshot(`../vectors/${set}/${name}.json`);
    },
  );

  it.each(vectors<Vector>(set))('%s', async (_, { root, codes, objects: stored }) => {
    const objects = new MemoryObjects();
    for (const { codec, ...content } of stored) {
      const bytes = 'hex' in content ? unhex(content.hex) : new Uint8Array(content.zeros);
      objects.put(codec, digestOf(bytes), bytes);
    }
    let read = 0;
    const get = async (id: Digest): Promise<Uint8Array> => {
      const bytes = objects.get(id);
      read += bytes.length;
      return bytes;
    };
    const source = { get };
    const check = new ObjectsCheck(source);
    await check.reach([nodeLink(root)], 'root');
    await check.hashFiles();
    const found = [...check.findings];
    if (found.length === 0)
      for (const packet of check.packets.values())
        found.push(...(await checkStoredPacket(source, packet)).findings);
    expect([...new Set(found.map(({ code }) => code))].sort()).toEqual(codes);
    // However much is claimed: little is stored, and no more is hashed.
    expect(read).toBeLessThan(16 * 2 ** 20);
  });
});

/** Whether a masked row has the right number only its neighbours tell, and how a row is stored says nothing of it. */
const SHOWN_ALL_THE_SAME = [
  'again-masked-list',
  'again-masked-long',
  'row-masked-number',
  'row-short-out-of-line',
  'sound',
  'sound-long-row',
];

describe('who shows what differs', () => {
  it.each(SETS.snapshots.map((claim) => [claim.name, claim] as const))('%s', (name, { make }) => {
    const objects = new MemoryObjects();
    const show = (): unknown =>
      [...driveSync(diffSnapshots(unlikeState(objects), make(objects)), objects.get)].map(showChange);
    if (SHOWN_ALL_THE_SAME.includes(name)) expect(show()).not.toEqual([]);
    else expect(refusedWith(show)).toMatch(/^(OBJECT|TREE|ROW)_/);
  });
});
