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
  if (!isOneFrame(Buffer.from(stored.buffer, stored.byteOffset, stored.length))) {
    throw new CustodyError('PACK_CORRUPT', 'a block is not exactly one zstd frame', {
      path: pack,
      hint: HINT,
    });
  }
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

/**
 * RFC 8878, section 3.1.1: whether a Zstandard frame begins with the bytes and ends with them. zlib also takes skippable
 * frames, further frames, and bytes after them: what nobody reads would lie in a pack unseen.
 */
function isOneFrame(bytes: Buffer): boolean {
  if (bytes.length < 6 || bytes.readUInt32LE(0) !== 0xfd2fb528) return false;
  const descriptor = bytes[4]!;
  const singleSegment = (descriptor & 0x20) !== 0;
  const contentSize = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  let at = 5 + (singleSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]! + contentSize;
  for (let last = false; !last;) {
    if (at + 3 > bytes.length) return false;
    const header = bytes.readUIntLE(at, 3);
    last = (header & 1) === 1;
    // A block of type 1 is one byte, so many times.
    at += 3 + (((header >> 1) & 3) === 1 ? 1 : header >> 3);
  }
  return at + ((descriptor & 4) === 0 ? 0 : 4) === bytes.length;
}

const HINT = 'Run custody fsck.';
