import { describe, expect, it } from 'vitest';
import type { Digest } from '../../src/objects/digest.ts';
import { nodeLink, type Codec } from '../../src/objects/link.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { digestOf } from '../../src/objects/digest.ts';
import { checkStoredPacket } from '../../src/packets/check-stored.ts';
import { ObjectsCheck } from '../../src/verify/objects.ts';
import { unhex, vectors } from '../objects/support.ts';
import { LINK_CLAIMS, linkClaimVector } from './claims.ts';
import { OTHER_CLAIMS, MALFORMED_SNAPSHOTS } from './malformed.ts';

interface Vector {
  readonly root: Digest;
  readonly codes: readonly string[];
  readonly objects: readonly ({ readonly codec: Codec } & (
    { readonly hex: string } | { readonly zeros: number }
  ))[];
}

const SETS = { claims: [...LINK_CLAIMS, ...OTHER_CLAIMS], snapshots: MALFORMED_SNAPSHOTS };

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
