import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frontier, rootAt } from '../../src/log/frontier.ts';
import { consistencyProof, inclusionProof, verifyConsistency, verifyInclusion } from '../../src/log/proof.ts';
import {
  entriesPath,
  hashesFromTiles,
  newTiles,
  tileHashes,
  tileOf,
  tilePath,
  tileRoot,
  tilesNeeded,
  tileWidth,
} from '../../src/log/tile.ts';
import { leafHash, rootOf } from '../../src/log/tree-hash.ts';
import * as oracle from './oracle.ts';
import { hinted, hex } from './vectors.ts';

const LEAVES = oracle.leavesOf(300);
const HASHES = LEAVES.map(leafHash);
/** Enough for a second full tile row; the oracle would be too slow. */
const MANY = oracle.leavesOf(66_000).map(leafHash);

/** The tiles of a tree as the specification defines them: MTH(D[(n * 256 + i) * 256^l : (n * 256 + i + 1) * 256^l]). */
function tilesOf(hashes: readonly Uint8Array[]): Map<string, Uint8Array> {
  const tiles = new Map<string, Uint8Array>();
  for (const { level, index, width } of newTiles(0, hashes.length)) {
    const span = 256 ** level;
    const row = Array.from({ length: width }, (_, i) => {
      const at = (index * 256 + i) * span;
      return rootOf(hashes.slice(at, at + span));
    });
    tiles.set(`${level}/${index}`, Buffer.concat(row));
  }
  return tiles;
}

const readFrom = (tiles: Map<string, Uint8Array>) => (level: number, index: number) => {
  const tile = tiles.get(`${level}/${index}`);
  if (tile === undefined) throw new RangeError(`no tile ${level}/${index}`);
  return tile;
};

describe('tile paths', () => {
  it.each([
    [0, 0, 256, 'tile/0/000'],
    [0, 1234067, 256, 'tile/0/x001/x234/067'],
    [1, 1234067, 17, 'tile/1/x001/x234/067.p/17'],
    [0, 999, 255, 'tile/0/999.p/255'],
    [2, 1000, 1, 'tile/2/x001/000.p/1'],
    [63, 999_999, 256, 'tile/63/x999/999'],
    [0, 2 ** 53 - 1, 256, 'tile/0/x009/x007/x199/x254/x740/991'],
  ])('%d, %d, %d', (level, index, width, path) => {
    expect(tilePath(level, index, width)).toBe(path);
  });

  it('names entry bundles', () => {
    expect(entriesPath(1234067)).toBe('tile/entries/x001/x234/067');
    expect(entriesPath(0, 5)).toBe('tile/entries/000.p/5');
  });

  it.each([
    [64, 0, 256],
    [-1, 0, 256],
    [0.5, 0, 256],
    [0, -1, 256],
    [0, 2 ** 53, 256],
    [0, 0, 0],
    [0, 0, 257],
    [0, 0, 1.5],
  ])('there is no tile %d, %d, %d', (level, index, width) => {
    hinted(() => tilePath(level, index, width), 'USAGE');
  });
});

describe('the tiles of a tree', () => {
  it("are those of the specification's example of 70,000 entries", () => {
    const tiles = [...newTiles(0, 70_000)];
    const at = (level: number) => tiles.filter((tile) => tile.level === level).map((tile) => tile.width);
    expect(at(0)).toEqual([...Array.from({ length: 273 }, () => 256), 112]);
    expect(at(1)).toEqual([256, 17]);
    expect(at(2)).toEqual([1]);
    expect(tiles).toHaveLength(277);
  });

  it('include a partial one above a full one', () => {
    expect([...newTiles(0, 256)]).toEqual([
      { level: 0, index: 0, width: 256 },
      { level: 1, index: 0, width: 1 },
    ]);
    expect([...newTiles(0, 0)]).toEqual([]);
  });

  it('grow: only what is new is written', () => {
    expect([...newTiles(255, 258)]).toEqual([
      { level: 0, index: 0, width: 256 },
      { level: 0, index: 1, width: 2 },
      { level: 1, index: 0, width: 1 },
    ]);
    expect([...newTiles(256, 257)]).toEqual([{ level: 0, index: 1, width: 1 }]);
    expect([...newTiles(300, 300)]).toEqual([]);
    expect([...newTiles(300, 10)]).toEqual([]);
  });

  it('after any growth are the tiles of the larger tree', () => {
    const size = fc.integer({ min: 0, max: 200_000 });
    fc.assert(
      fc.property(size, size, (a, b) => {
        const tiles = new Map<string, number>();
        for (const [from, to] of [
          [0, Math.min(a, b)],
          [Math.min(a, b), Math.max(a, b)],
        ] as const) {
          for (const { level, index, width } of newTiles(from, to)) tiles.set(`${level}/${index}`, width);
        }
        const all = [...newTiles(0, Math.max(a, b))];
        expect(tiles).toEqual(new Map(all.map(({ level, index, width }) => [`${level}/${index}`, width])));
      }),
      { numRuns: 30 },
    );
  });

  it('have the width that the size gives them', () => {
    expect(tileWidth(0, 273, 70_000)).toBe(112);
    expect(tileWidth(0, 274, 70_000)).toBe(0);
    expect(tileWidth(1, 1, 70_000)).toBe(17);
    expect(tileWidth(3, 0, 70_000)).toBe(0);
    hinted(() => tileWidth(0, 0, -1), 'USAGE');
  });

  it('hold a subtree at one place', () => {
    expect(tileOf(0, 0)).toEqual({ level: 0, index: 0, offset: 0, count: 1 });
    expect(tileOf(0, 257)).toEqual({ level: 0, index: 1, offset: 1, count: 1 });
    expect(tileOf(7, 3)).toEqual({ level: 0, index: 1, offset: 128, count: 128 });
    expect(tileOf(8, 3)).toEqual({ level: 1, index: 0, offset: 3, count: 1 });
    expect(tileOf(9, 128)).toEqual({ level: 1, index: 1, offset: 0, count: 2 });
    hinted(() => tileOf(-1, 0), 'USAGE');
    hinted(() => tileOf(0, -1), 'USAGE');
  });

  it('have a root, which is a hash of the level above', () => {
    const tiles = tilesOf(MANY.slice(0, 600));
    const above = tileHashes(tiles.get('1/0')!);
    expect(above.map(hex)).toEqual([tileRoot(tiles.get('0/0')!), tileRoot(tiles.get('0/1')!)].map(hex));
  });
});

describe('hashes out of tiles', () => {
  it('serve the same proofs and roots as the leaves', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), (size, pick) => {
        const hashAt = hashesFromTiles(readFrom(tilesOf(HASHES.slice(0, size))));
        const leaves = LEAVES.slice(0, size);
        const index = pick % size;
        expect(hex(rootAt(size, hashAt))).toBe(hex(oracle.mth(leaves)));
        expect(inclusionProof(index, size, hashAt).map(hex)).toEqual(oracle.path(index, leaves).map(hex));
        expect(consistencyProof(index + 1, size, hashAt).map(hex)).toEqual(
          oracle.proof(index + 1, leaves).map(hex),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('serve a log of three tile levels', () => {
    const size = MANY.length;
    const tiles = tilesOf(MANY);
    expect(tiles.has('2/0')).toBe(true);
    const hashAt = hashesFromTiles(readFrom(tiles));
    const root = rootOf(MANY);
    expect(hex(rootAt(size, hashAt))).toBe(hex(root));
    expect(hex(Frontier.at(65_537, hashAt).root())).toBe(hex(rootOf(MANY.slice(0, 65_537))));
    for (const index of [0, 255, 256, 65_535, 65_536, size - 1]) {
      const proof = inclusionProof(index, size, hashAt);
      verifyInclusion({ index, size, leafHash: MANY[index]!, root, proof });
    }
    for (const first of [1, 256, 257, 65_535, 65_536, 65_537, size]) {
      const firstRoot = rootOf(MANY.slice(0, first));
      const proof = consistencyProof(first, size, hashAt);
      verifyConsistency({ first, second: size, firstRoot, secondRoot: root, proof });
    }
  });

  it('can be planned before they are read', () => {
    const tiles = tilesOf(MANY);
    const size = MANY.length;
    const needed = tilesNeeded((hashAt) => inclusionProof(65_000, size, hashAt));
    expect(needed.length).toBeLessThanOrEqual(6);
    const loaded = new Map(
      needed.map(({ level, index }) => [`${level}/${index}`, tiles.get(`${level}/${index}`)!]),
    );
    const proof = inclusionProof(65_000, size, hashesFromTiles(readFrom(loaded)));
    verifyInclusion({ index: 65_000, size, leafHash: MANY[65_000]!, root: rootOf(MANY), proof });
  });

  it('take a full tile where a partial one would do', () => {
    const hashAt = hashesFromTiles(readFrom(tilesOf(MANY.slice(0, 512))));
    expect(hex(rootAt(300, hashAt))).toBe(hex(oracle.mth(LEAVES)));
  });

  it('fail on a tile that is too short, too long or not whole hashes', () => {
    const tile = tilesOf(HASHES).get('0/0')!;
    const read = (bytes: Uint8Array) => () => hashesFromTiles(() => bytes)(0, 200);
    hinted(read(tile), null);
    hinted(read(tile.subarray(0, 201 * 32)), null);
    hinted(read(tile.subarray(0, 200 * 32)), 'LOG_CORRUPT');
    hinted(read(tile.subarray(0, 8191)), 'LOG_CORRUPT');
    hinted(read(Buffer.concat([tile, tile.subarray(0, 32)])), 'LOG_CORRUPT');
    hinted(read(new Uint8Array(0)), 'LOG_CORRUPT');
    hinted(() => tileRoot(new Uint8Array(0)), 'LOG_CORRUPT');
  });

  it('give a proof that does not verify where a tile was changed', () => {
    const tiles = tilesOf(HASHES);
    const changed = Uint8Array.from(tiles.get('0/0')!);
    changed[100]! ^= 1;
    const proof = inclusionProof(200, 300, hashesFromTiles(readFrom(new Map([...tiles, ['0/0', changed]]))));
    const claim = { index: 200, size: 300, leafHash: HASHES[200]!, root: rootOf(HASHES), proof };
    hinted(() => verifyInclusion(claim), 'PROOF_INVALID');
  });
});
