import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { CustodyError } from '../errors.ts';
import { BLOCK_RAW, BLOCK_ZSTD, type BlockMethod } from './pack.ts';

/** log2 of the largest window that a frame may ask for: 2 MiB, more than a block has. A hostile frame may claim 128 MiB. */
const WINDOW_LOG = 21;

/** A block as it is stored: one zstd frame where that saves at least a sixteenth, else as it is. */
export function encodeBlock(data: Uint8Array): { method: BlockMethod; stored: Uint8Array } {
  const packed = zstdCompressSync(data, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
  return packed.length * 16 <= data.length * 15
    ? { method: BLOCK_ZSTD, stored: packed }
    : { method: BLOCK_RAW, stored: data };
}

/**
 * @param length what the block table says, already within its limit; nothing larger is ever allocated.
 * @throws PACK_CORRUPT.
 */
export function decodeBlock(
  method: BlockMethod,
  stored: Uint8Array,
  length: number,
  pack: string,
): Uint8Array {
  const data = method === BLOCK_RAW ? stored : inflate(stored, length, pack);
  if (data.length !== length) {
    throw new CustodyError('PACK_CORRUPT', `a block has ${data.length} bytes, not ${length}`, {
      path: pack,
      hint: HINT,
    });
  }
  return data;
}

function inflate(stored: Uint8Array, length: number, pack: string): Uint8Array {
  try {
    return zstdDecompressSync(stored, {
      maxOutputLength: length,
      chunkSize: Math.max(length, constants.Z_MIN_CHUNK),
      params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG },
    });
  } catch (cause) {
    throw new CustodyError('PACK_CORRUPT', 'a block cannot be decompressed', {
      path: pack,
      cause,
      hint: HINT,
    });
  }
}

const HINT = 'Run custody fsck.';
