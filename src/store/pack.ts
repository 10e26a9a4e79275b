import { type Digest, parseDigest } from '../objects/digest.ts';
import { MAX_OBJECT } from '../objects/codec.ts';

/**
 * The pack format (spec/FORMAT.md, "Packs"); all integers are big-endian:
 *
 *     "CUSTPCK2"                                                                           8 bytes
 *     blocks, back to back: concatenated objects, raw or one zstd frame
 *     block table   per block: u64 offset, u32 stored length, u32 length, u32 method       20 bytes each
 *     fan-out       256 x u32: how many digests have a first byte <= i                     1,024 bytes
 *     entries       ascending: digest[32], u32 block, u32 offset in it, u32 length         44 bytes each
 *     footer        u64 offset of the block table, u32 blocks, u32 objects,
 *                   SHA-256[32] from the block table up to the footer, "CUSTEND2"           56 bytes
 *
 * What an object's bytes are, the link to it says. The file's name is the SHA-256 of all of it.
 */
export const PACK_MAGIC = Buffer.from('CUSTPCK2', 'latin1');
export const PACK_END = Buffer.from('CUSTEND2', 'latin1');

export const MAGIC_LENGTH = 8;

/** Whether a file begins as a pack of some version does. */
export function isAnyPackMagic(magic: Buffer): boolean {
  return /^CUSTPCK[0-9]$/.test(magic.toString('latin1'));
}
export const BLOCK_ROW = 20;
export const FAN_OUT = 1024;
export const ENTRY_ROW = 44;
export const FOOTER = 56;

export const BLOCK_RAW = 0;
export const BLOCK_ZSTD = 1;
export type BlockMethod = typeof BLOCK_RAW | typeof BLOCK_ZSTD;

/** A writer closes a block before it would grow above this; a larger object has a block of its own. Bytes. */
export const BLOCK_TARGET = 131_072;
/** No reader accepts a longer block. Bytes. */
export const MAX_BLOCK = MAX_OBJECT + BLOCK_TARGET;
/** Objects in one pack; a writer begins another pack then. Keeps an index, which is read whole, below 300 MiB. */
export const MAX_PACK_OBJECTS = 4_194_304;

export interface BlockRow {
  readonly offset: number;
  readonly storedLength: number;
  readonly length: number;
  readonly method: BlockMethod;
}

export interface PackEntry {
  readonly block: number;
  readonly offset: number;
  readonly length: number;
}

/** The tables of one pack. Everything read through it is checked where it is read, hostile or not. */
export class PackIndex {
  readonly tableOffset: number;
  readonly blockCount: number;
  readonly objectCount: number;
  /** From the block table up to the footer. */
  readonly bytes: Buffer;

  /** @param bytes exactly `indexLength(blockCount, objectCount)` of them. */
  constructor(tableOffset: number, blockCount: number, objectCount: number, bytes: Buffer) {
    this.tableOffset = tableOffset;
    this.blockCount = blockCount;
    this.objectCount = objectCount;
    this.bytes = bytes;
  }

  /** Null where the row is impossible: beyond the blocks, too long, an unknown method. */
  block(i: number): BlockRow | null {
    if (i >= this.blockCount) return null;
    const at = BLOCK_ROW * i;
    const offset = Number(this.bytes.readBigUInt64BE(at));
    const storedLength = this.bytes.readUInt32BE(at + 8);
    const length = this.bytes.readUInt32BE(at + 12);
    const method = this.bytes.readUInt32BE(at + 16);
    if (method !== BLOCK_RAW && method !== BLOCK_ZSTD) return null;
    if (length > MAX_BLOCK || (method === BLOCK_RAW ? storedLength !== length : storedLength >= length))
      return null;
    if (offset < MAGIC_LENGTH || offset + storedLength > this.tableOffset) return null;
    return { offset, storedLength, length, method };
  }

  /** Null where the entry is impossible: outside its block, or larger than an object. */
  entry(i: number): PackEntry | null {
    const at = this.entryOffset(i);
    const block = this.bytes.readUInt32BE(at + 32);
    const offset = this.bytes.readUInt32BE(at + 36);
    const length = this.bytes.readUInt32BE(at + 40);
    if (length > MAX_OBJECT || block >= this.blockCount) return null;
    // The block's length without the row's other checks: this runs for each object when a pack is opened.
    if (offset + length > this.bytes.readUInt32BE(BLOCK_ROW * block + 12)) return null;
    return { block, offset, length };
  }

  digest(i: number): Digest {
    const at = this.entryOffset(i);
    return parseDigest(this.bytes.toString('hex', at, at + 32));
  }

  entryOffset(i: number): number {
    return BLOCK_ROW * this.blockCount + FAN_OUT + ENTRY_ROW * i;
  }

  /** How many digests have a first byte of at most `byte`; as the file says. */
  fanOut(byte: number): number {
    return byte < 0 ? 0 : this.bytes.readUInt32BE(BLOCK_ROW * this.blockCount + 4 * byte);
  }

  /** Of entries `i` and `j`: memcmp of their digests. */
  compareDigests(i: number, j: number): number {
    const a = this.entryOffset(i);
    const b = this.entryOffset(j);
    return this.bytes.compare(this.bytes, b, b + 32, a, a + 32);
  }
}

export function indexLength(blocks: number, objects: number): number {
  return BLOCK_ROW * blocks + FAN_OUT + ENTRY_ROW * objects;
}
