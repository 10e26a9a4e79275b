import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consistencyProof, inclusionProof, verifyConsistency, verifyInclusion } from '../../src/log/proof.ts';
import { leafHash, rootOf } from '../../src/log/tree-hash.ts';
import type { Hash } from '../../src/log/tree-hash.ts';
import * as oracle from './oracle.ts';
import { hinted, hex, unhex, vectorsIn } from './vectors.ts';
import type { LogVector } from './vectors.ts';
import { refusedWith } from '../support/refusals.ts';

interface InclusionVector extends LogVector {
  index: number;
  size: number;
  leafHash: string;
  root: string;
  proof: string[];
}

interface ConsistencyVector extends LogVector {
  first: number;
  second: number;
  firstRoot: string;
  secondRoot: string;
  proof: string[];
}

const MAX = 300;
const LEAVES = oracle.leavesOf(MAX);
const HASHES = LEAVES.map(leafHash);
const roots = new Map<string, Hash>();

/** Reads perfect subtrees of the first `size` leaves only, and counts. */
function reader(size: number) {
  const state = { reads: 0 };
  const hashAt = (level: number, index: number): Hash => {
    state.reads += 1;
    expect((index + 1) * 2 ** level).toBeLessThanOrEqual(size);
    const key = `${level}/${index}`;
    const root = roots.get(key) ?? rootOf(HASHES.slice(index * 2 ** level, (index + 1) * 2 ** level));
    roots.set(key, root);
    return root;
  };
  return { state, hashAt };
}

const rootOfSize = (size: number) => rootOf(HASHES.slice(0, size));

describe('inclusion vectors', () => {
  it.each(vectorsIn<InclusionVector>('inclusion'))('%s', (_, vector) => {
    const claim = {
      index: vector.index,
      size: vector.size,
      leafHash: unhex(vector.leafHash),
      root: unhex(vector.root),
      proof: vector.proof.map(unhex),
    };
    hinted(() => verifyInclusion(claim), vector.code);
  });
});

describe('consistency vectors', () => {
  it.each(vectorsIn<ConsistencyVector>('consistency'))('%s', (_, vector) => {
    const claim = {
      first: vector.first,
      second: vector.second,
      firstRoot: unhex(vector.firstRoot),
      secondRoot: unhex(vector.secondRoot),
      proof: vector.proof.map(unhex),
    };
    hinted(() => verifyConsistency(claim), vector.code);
  });
});

describe('proofs against the recursive definitions', () => {
  it('are PATH and verify for every leaf of every size up to 40', () => {
    for (let size = 1; size <= 40; size++) {
      const root = rootOfSize(size);
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(index, size, reader(size).hashAt);
        expect(proof.map(hex)).toEqual(oracle.path(index, LEAVES.slice(0, size)).map(hex));
        verifyInclusion({ index, size, leafHash: HASHES[index]!, root, proof });
      }
    }
  });

  it('are PROOF and verify between all sizes up to 40', () => {
    for (let second = 1; second <= 40; second++) {
      const secondRoot = rootOfSize(second);
      for (let first = 1; first <= second; first++) {
        const proof = consistencyProof(first, second, reader(second).hashAt);
        expect(proof.map(hex)).toEqual(oracle.proof(first, LEAVES.slice(0, second)).map(hex));
        verifyConsistency({ first, second, firstRoot: rootOfSize(first), secondRoot, proof });
      }
    }
  });

  const pair = fc
    .tuple(fc.integer({ min: 1, max: MAX }), fc.nat())
    .map(([n, k]) => [1 + (k % n), n] as const);

  it('are PATH and PROOF at sizes up to 300, with O(log n) reads', () => {
    fc.assert(
      fc.property(pair, ([first, size]) => {
        const limit = 2 * Math.ceil(Math.log2(size + 1));
        const a = reader(size);
        const path = inclusionProof(first - 1, size, a.hashAt);
        expect(path.map(hex)).toEqual(oracle.path(first - 1, LEAVES.slice(0, size)).map(hex));
        expect(a.state.reads).toBeLessThanOrEqual(limit);
        const b = reader(size);
        const proof = consistencyProof(first, size, b.hashAt);
        expect(proof.map(hex)).toEqual(oracle.proof(first, LEAVES.slice(0, size)).map(hex));
        expect(b.state.reads).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it('fail after any flipped bit', () => {
    fc.assert(
      fc.property(pair, fc.nat(), fc.integer({ min: 0, max: 255 }), ([first, size], pick, bit) => {
        const { hashAt } = reader(size);
        const inclusion = [HASHES[first - 1]!, rootOfSize(size), ...inclusionProof(first - 1, size, hashAt)];
        const [leaf, root, ...path] = flipOne(inclusion, pick, bit);
        expect(
          refusedWith(() =>
            verifyInclusion({ index: first - 1, size, leafHash: leaf!, root: root!, proof: path }),
          ),
        ).toBe('PROOF_INVALID');
        const consistency = [rootOfSize(first), rootOfSize(size), ...consistencyProof(first, size, hashAt)];
        const [firstRoot, secondRoot, ...proof] = flipOne(consistency, pick, bit);
        const claim = { first, second: size, firstRoot: firstRoot!, secondRoot: secondRoot!, proof };
        expect(refusedWith(() => verifyConsistency(claim))).toBe('PROOF_INVALID');
      }),
    );
  });

  it('prove no leaf that is not there: wrong index, wrong leaf, forked first tree', () => {
    const fork = oracle.leavesOf(MAX, 'fork ').map(leafHash);
    fc.assert(
      fc.property(pair, fc.nat({ max: MAX - 1 }), ([first, size], other) => {
        const { hashAt } = reader(size);
        const index = first - 1;
        const root = rootOfSize(size);
        const proof = inclusionProof(index, size, hashAt);
        const wrong = other % size;
        if (wrong !== index) {
          hinted(
            () => verifyInclusion({ index: wrong, size, leafHash: HASHES[index]!, root, proof }),
            'PROOF_INVALID',
          );
          hinted(
            () => verifyInclusion({ index, size, leafHash: HASHES[wrong]!, root, proof }),
            'PROOF_INVALID',
          );
        }
        const forked = rootOf([...HASHES.slice(0, index), fork[index]!]);
        const claim = {
          first,
          second: size,
          firstRoot: forked,
          secondRoot: root,
          proof: consistencyProof(first, size, hashAt),
        };
        hinted(() => verifyConsistency(claim), 'PROOF_INVALID');
      }),
    );
  });

  it('do not bind the size by themselves: RFC 9162 takes it from the signed tree head', () => {
    // The walk from leaf 5 is the same in trees of 7 and 8. Whoever verifies must take size and root from one checkpoint.
    const proof = inclusionProof(5, 8, reader(8).hashAt);
    verifyInclusion({ index: 5, size: 7, leafHash: HASHES[5]!, root: rootOfSize(8), proof });
  });

  it('are not made of hashes that are not 32 bytes', () => {
    hinted(() => inclusionProof(0, 2, () => new Uint8Array(31)), 'LOG_CORRUPT');
    hinted(() => consistencyProof(1, 2, () => new Uint8Array(33)), 'LOG_CORRUPT');
  });

  it('reach sizes beyond 32 bits', () => {
    // A log of 2^40 + 1 equal leaves: its perfect subtrees are one hash a level.
    const levels = [HASHES[0]!];
    const hashAt = (level: number): Hash => {
      while (levels.length <= level) levels.push(rootOf([levels.at(-1)!, levels.at(-1)!]));
      return levels[level]!;
    };
    const size = 2 ** 40 + 1;
    const root = rootOf([hashAt(40), hashAt(0)]);
    for (const index of [0, 2 ** 32 + 7, 2 ** 40 - 1, 2 ** 40]) {
      verifyInclusion({
        index,
        size,
        leafHash: HASHES[0]!,
        root,
        proof: inclusionProof(index, size, hashAt),
      });
    }
    const claim = { first: 2 ** 33, second: size, firstRoot: hashAt(33), secondRoot: root };
    verifyConsistency({ ...claim, proof: consistencyProof(2 ** 33, size, hashAt) });
  });

  it.each([
    [0, 0],
    [8, 8],
    [-1, 8],
    [0.5, 8],
    [0, 2 ** 53],
  ])('there is no inclusion proof of %d in %d', (index, size) => {
    hinted(() => inclusionProof(index, size, reader(8).hashAt), 'USAGE');
  });

  it.each([
    [0, 8],
    [0, 0],
    [8, 7],
    [-1, 8],
    [1.5, 8],
    [1, 2 ** 53],
  ])('there is no consistency proof from %d to %d', (first, second) => {
    hinted(() => consistencyProof(first, second, reader(8).hashAt), 'USAGE');
  });
});

function flipOne(hashes: readonly Hash[], pick: number, bit: number): Hash[] {
  return hashes.map((hash, i) => {
    if (i !== pick % hashes.length) return hash;
    const flipped = Uint8Array.from(hash);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    return flipped;
  });
}
