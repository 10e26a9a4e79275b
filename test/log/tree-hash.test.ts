import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frontier, perfectSubtrees, rootAt } from '../../src/log/frontier.ts';
import { checkCount, emptyRoot, equalHashes, leafHash, nodeHash, rootOf } from '../../src/log/tree-hash.ts';
import { leavesOf, mth } from './oracle.ts';
import { hinted, hex, readVector, unhex } from './vectors.ts';

const rfc6962 = readVector('rfc6962.json') as { leaves: string[]; roots: string[] };
const sizes = fc.integer({ min: 0, max: 300 });

describe('tree hashing', () => {
  it.each(rfc6962.roots.map((root, size) => [size, root] as const))(
    'has the known root of size %i',
    (size, root) => {
      const leaves = rfc6962.leaves.slice(0, size).map(unhex);
      const hashes = leaves.map(leafHash);
      expect(hex(rootOf(hashes))).toBe(root);
      expect(hex(mth(leaves))).toBe(root);
      const frontier = Frontier.empty();
      for (const hash of hashes) frontier.append(hash);
      expect(hex(frontier.root())).toBe(root);
    },
  );

  it('separates leaves from nodes', () => {
    const [a, b] = [leafHash(unhex('00')), leafHash(unhex('01'))];
    expect(hex(nodeHash(a, b))).not.toBe(hex(leafHash(Buffer.concat([a, b]))));
    expect(hex(nodeHash(a, b))).not.toBe(hex(nodeHash(b, a)));
  });

  it('gives an empty root that nobody can change for others', () => {
    emptyRoot().fill(0);
    expect(hex(emptyRoot())).toBe(rfc6962.roots[0]);
  });

  it('refuses hashes that are not 32 bytes', () => {
    const good = emptyRoot();
    for (const bad of [new Uint8Array(31), new Uint8Array(33), new Uint8Array(0)]) {
      hinted(() => nodeHash(bad, good), 'LOG_CORRUPT');
      hinted(() => nodeHash(good, bad), 'LOG_CORRUPT');
      hinted(() => rootOf([bad]), 'LOG_CORRUPT');
      expect(equalHashes(bad, bad)).toBe(false);
    }
    expect(equalHashes(good, emptyRoot())).toBe(true);
    expect(equalHashes(good, leafHash(good))).toBe(false);
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('takes no count of %d', (value) => {
    hinted(() => checkCount(value, 'size'), 'USAGE');
  });
});

describe('frontier', () => {
  it('has the batch root and the oracle root after every leaf', () => {
    const leaves = leavesOf(300);
    const frontier = Frontier.empty();
    expect(hex(frontier.root())).toBe(hex(mth([])));
    leaves.forEach((leaf, i) => {
      frontier.append(leafHash(leaf));
      const soFar = leaves.slice(0, i + 1);
      expect(frontier.size).toBe(i + 1);
      expect(hex(frontier.root())).toBe(hex(rootOf(soFar.map(leafHash))));
      if (i % 17 === 0) expect(hex(frontier.root())).toBe(hex(mth(soFar)));
    });
  });

  it('goes on after being stored, from any size', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 50 }), (size, more) => {
        const hashes = leavesOf(size + more).map(leafHash);
        const first = Frontier.empty();
        for (const hash of hashes.slice(0, size)) first.append(hash);
        const stored = first.hashes();
        expect(stored.length).toBe(size.toString(2).replaceAll('0', '').length);
        const second = Frontier.from(size, stored);
        for (const hash of hashes.slice(size)) second.append(hash);
        expect(hex(second.root())).toBe(hex(rootOf(hashes)));
        expect(hex(first.root())).toBe(hex(rootOf(hashes.slice(0, size))));
      }),
    );
  });

  it('is left alone by its clone and by its hashes', () => {
    const frontier = Frontier.empty();
    frontier.append(leafHash(unhex('00')));
    const root = hex(frontier.root());
    const clone = frontier.clone();
    clone.append(leafHash(unhex('01')));
    frontier.hashes().pop();
    expect([frontier.size, hex(frontier.root())]).toEqual([1, root]);
    expect(clone.size).toBe(2);
  });

  it('is read out of perfect subtrees, one read a binary one', () => {
    const hashes = leavesOf(300).map(leafHash);
    for (const size of [0, 1, 2, 3, 255, 256, 257, 299, 300]) {
      let reads = 0;
      const hashAt = (level: number, index: number) => {
        reads += 1;
        return rootOf(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level));
      };
      expect(hex(Frontier.at(size, hashAt).root())).toBe(hex(rootOf(hashes.slice(0, size))));
      expect(reads).toBe(size.toString(2).replaceAll('0', '').length);
      expect(hex(rootAt(size, hashAt))).toBe(hex(rootOf(hashes.slice(0, size))));
    }
  });

  it('refuses what does not fit its size', () => {
    const hash = emptyRoot();
    hinted(() => Frontier.from(3, [hash]), 'LOG_CORRUPT');
    hinted(() => Frontier.from(3, [hash, hash, hash]), 'LOG_CORRUPT');
    hinted(() => Frontier.from(3, [hash, hash.subarray(1)]), 'LOG_CORRUPT');
    hinted(() => Frontier.from(0, [hash]), 'LOG_CORRUPT');
    hinted(() => Frontier.from(-1, [hash]), 'LOG_CORRUPT');
    hinted(() => Frontier.from(1.5, [hash]), 'LOG_CORRUPT');
    hinted(() => Frontier.from(2 ** 53, [hash]), 'LOG_CORRUPT');
    hinted(() => Frontier.empty().append(hash.subarray(1)), 'LOG_CORRUPT');
    hinted(() => Frontier.at(-1, () => hash), 'USAGE');
  });

  it('counts beyond 32 bits', () => {
    expect(perfectSubtrees(0, 2 ** 40 + 2)).toEqual([
      { level: 40, index: 0 },
      { level: 1, index: 2 ** 39 },
    ]);
    expect(perfectSubtrees(0, 2 ** 53 - 1)).toHaveLength(53);
    const frontier = Frontier.from(2 ** 32 + 1, [emptyRoot(), emptyRoot()]);
    frontier.append(emptyRoot());
    expect(frontier.hashes().map(hex)).toEqual([emptyRoot(), nodeHash(emptyRoot(), emptyRoot())].map(hex));
  });
});
