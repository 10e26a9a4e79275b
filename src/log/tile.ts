/**
 * Tiles (C2SP tlog-tiles): the tree cut into rows of 256 hashes, so that O(log n) small immutable pieces serve any proof.
 * Tiles are not authenticated by themselves: a proof made of them is, once it verifies against a trusted root.
 */
import { CustodyError } from '../errors.ts';
import { checkCount, HASH_SIZE, rootOf } from './tree-hash.ts';
import type { Hash, HashAt } from './tree-hash.ts';

/** Hashes in a full tile; 2^8, so that a tile spans eight levels of the tree. */
export const TILE_WIDTH = 256;
const TILE_HEIGHT = 8;
const MAX_TILE_LEVEL = 63;

export interface TileRef {
  /** Of the tile, not of the tree: hashes in it are at tree level 8 * level. */
  readonly level: number;
  readonly index: number;
}

export interface SizedTileRef extends TileRef {
  /** Hashes in it, 1 to 256; below 256 it is partial. */
  readonly width: number;
}

/** The hashes of a tile in a row, each 32 bytes; at least those that the tree in question has. */
export type ReadTile = (level: number, index: number) => Uint8Array;

/** `tile/<L>/<N>[.p/<W>]`. @throws CustodyError USAGE unless level is 0-63 and width 1-256. */
export function tilePath(level: number, index: number, width = TILE_WIDTH): string {
  checkCount(level, 'tile level');
  if (level > MAX_TILE_LEVEL)
    throw new CustodyError('USAGE', `no tile level ${level}`, { hint: 'Levels are 0 to 63.' });
  return `tile/${level}/${numberPath(index, width)}`;
}

/** `tile/entries/<N>[.p/<W>]`: the bundle of entries beside the level 0 tile. @throws CustodyError USAGE. */
export function entriesPath(index: number, width = TILE_WIDTH): string {
  return `tile/entries/${numberPath(index, width)}`;
}

/** 1234067 is x001/x234/067. */
function numberPath(index: number, width: number): string {
  checkCount(index, 'tile index');
  if (!Number.isInteger(width) || width < 1 || width > TILE_WIDTH) {
    throw new CustodyError('USAGE', `no tile has ${width} hashes`, { hint: 'A width is 1 to 256.' });
  }
  const digits = String(index);
  const parts = digits.padStart(3 * Math.ceil(digits.length / 3), '0').match(/.../g) ?? [];
  const path = parts.map((part, i) => (i < parts.length - 1 ? `x${part}` : part)).join('/');
  return width === TILE_WIDTH ? path : `${path}.p/${width}`;
}

export interface TileRange extends TileRef {
  /** The first hash in the tile and how many (1 to 128, a power of two) that lie under the wanted hash. */
  readonly offset: number;
  readonly count: number;
}

/** Which tile holds the subtree (level, index) of the tree, and where in it. @throws CustodyError USAGE. */
export function tileOf(level: number, index: number): TileRange {
  checkCount(level, 'level');
  checkCount(index, 'index');
  const count = 2 ** (level % TILE_HEIGHT);
  const first = index * count;
  return {
    level: Math.floor(level / TILE_HEIGHT),
    index: Math.floor(first / TILE_WIDTH),
    offset: first % TILE_WIDTH,
    count,
  };
}

/**
 * Serves `hashAt` out of tiles. It keeps nothing: caching is the reader's.
 * @throws CustodyError LOG_CORRUPT (from the function returned) where a tile is not whole hashes, or too short.
 */
export function hashesFromTiles(readTile: ReadTile): HashAt {
  return (level, index) => {
    const range = tileOf(level, index);
    const hashes = tileHashes(readTile(range.level, range.index));
    if (hashes.length < range.offset + range.count) {
      throw corrupt(`${tilePath(range.level, range.index)} has only ${hashes.length} hashes`);
    }
    return rootOf(hashes.slice(range.offset, range.offset + range.count));
  };
}

/**
 * The tiles that a computation would read, each once, without reading any: run it on zeros. For callers whose storage is
 * asynchronous: `tilesNeeded((hashAt) => inclusionProof(i, n, hashAt))`, load those, then run it on them.
 */
export function tilesNeeded(compute: (hashAt: HashAt) => unknown): TileRef[] {
  const refs = new Map<string, TileRef>();
  compute((level, index) => {
    const tile = tileOf(level, index);
    refs.set(tilePath(tile.level, tile.index), { level: tile.level, index: tile.index });
    return new Uint8Array(HASH_SIZE);
  });
  return [...refs.values()];
}

/** The hashes in a tile's bytes. @throws CustodyError LOG_CORRUPT unless they are 1 to 256 whole hashes. */
export function tileHashes(tile: Uint8Array): Hash[] {
  const width = tile.length / HASH_SIZE;
  if (!Number.isInteger(width) || width < 1 || width > TILE_WIDTH) {
    throw corrupt(`a tile of ${tile.length} bytes`);
  }
  return Array.from({ length: width }, (_, i) => tile.subarray(i * HASH_SIZE, (i + 1) * HASH_SIZE));
}

/** The root over a tile's hashes. Only a full tile's is a hash of the level above; a partial one goes into no tile. */
export function tileRoot(tile: Uint8Array): Hash {
  return rootOf(tileHashes(tile));
}

/** How many hashes tile (level, index) has in a tree of `size` leaves, 0 (no such tile) to 256. @throws CustodyError USAGE. */
export function tileWidth(level: number, index: number, size: number): number {
  checkCount(level, 'tile level');
  checkCount(index, 'tile index');
  checkCount(size, 'size');
  const hashes = Math.floor(size / TILE_WIDTH ** level);
  return Math.min(TILE_WIDTH, Math.max(0, hashes - index * TILE_WIDTH));
}

/**
 * The tiles to write when a tree grows from `oldSize` to `newSize` (from 0: all its tiles), lowest level first. A partial
 * tile that grew is named with its new width.
 * @throws CustodyError USAGE.
 */
export function* newTiles(oldSize: number, newSize: number): Generator<SizedTileRef> {
  checkCount(oldSize, 'old size');
  checkCount(newSize, 'new size');
  for (let level = 0; newSize >= TILE_WIDTH ** level; level++) {
    const before = Math.floor(oldSize / TILE_WIDTH ** level);
    const after = Math.floor(newSize / TILE_WIDTH ** level);
    if (after <= before) continue;
    for (let index = Math.floor(before / TILE_WIDTH); index * TILE_WIDTH < after; index++) {
      yield { level, index, width: tileWidth(level, index, newSize) };
    }
  }
}

function corrupt(message: string): CustodyError {
  return new CustodyError('LOG_CORRUPT', message, {
    hint: 'Run custody fsck: a tile of the log is damaged.',
  });
}
