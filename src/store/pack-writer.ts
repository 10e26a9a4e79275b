import { CustodyError } from '../errors.ts';
import type { Digest } from '../objects/digest.ts';
import { DigestTable } from '../objects/digest-table.ts';
import { sha256Bytes } from '../objects/sha256.ts';
import { type PackName, packName, type Staged } from './backend.ts';
import { BlockCache } from './block-cache.ts';
import { decodeBlock, encodeBlock } from './block.ts';
import { HashedObject, StoredBytes } from './hashing.ts';
import {
  BLOCK_ROW,
  BLOCK_TARGET,
  type BlockRow,
  ENTRY_ROW,
  FAN_OUT,
  FOOTER,
  indexLength,
  MAX_PACK_OBJECTS,
  PACK_END,
  PACK_MAGIC,
} from './pack.ts';

/**
 * Writes one pack, front to back. The same objects in the same order give the same bytes (with the same zstd).
 * Only finished blocks leave it, so it holds one block and the table of its objects' places, and what a cache of finished
 * blocks may hold for those who read back.
 */
export class PackWriter {
  readonly staged: Staged;
  readonly #digests = new DigestTable();
  /** By the digest's number: {@link PLACE} fields. */
  #places = new Uint32Array(64 * PLACE);
  readonly #blocks: BlockRow[] = [];
  readonly #pending = Buffer.allocUnsafe(BLOCK_TARGET);
  #pendingLength = 0;
  readonly #cache = new BlockCache();
  /** Objects in the open block; it may hold nothing but the empty blob. */
  #pendingObjects = 0;

  constructor(staged: Staged) {
    this.staged = staged;
    staged.write(PACK_MAGIC);
  }

  get objectCount(): number {
    return this.#digests.size;
  }

  has(digest: Digest): boolean {
    return this.#digests.find(digest) >= 0;
  }

  /** The object's bytes; undefined where it is not here. @throws OBJECT_CORRUPT, PACK_CORRUPT, IO_FAILED. */
  get(digest: Digest): Uint8Array | undefined {
    const known = this.#digests.find(digest);
    if (known < 0) return undefined;
    const [block = 0, offset = 0, length = 0] = this.#place(known);
    const data = block < this.#blocks.length ? this.#block(block) : this.#pending;
    return new StoredBytes(data.subarray(offset, offset + length)).open(digest);
  }

  #block(block: number): Uint8Array {
    let data = this.#cache.get('', block);
    if (data === undefined) {
      const { method, offset, storedLength, length } = this.#blocks[block]!;
      data = decodeBlock(method, this.staged.read(offset, storedLength), length, 'the pack in the making');
      this.#cache.set('', block, data);
    }
    return data;
  }

  /**
   * Adds an object, unless it is here.
   * @throws DISK_FULL, IO_FAILED; the pack is then worthless.
   */
  add(object: HashedObject): void {
    if (!HashedObject.isChecked(object)) throw new CustodyError('INTERNAL', 'an object that nobody hashed');
    if (this.has(object.digest)) return;
    if (this.#digests.size === MAX_PACK_OBJECTS) throw new CustodyError('INTERNAL', 'the pack is full');
    const { digest, bytes } = object;
    if (this.#pendingLength + bytes.length > BLOCK_TARGET) this.#flush();
    const place = [this.#blocks.length, this.#pendingLength, bytes.length];
    if (bytes.length > BLOCK_TARGET) {
      this.#writeBlock(bytes);
    } else {
      this.#pending.set(bytes, this.#pendingLength);
      this.#pendingLength += bytes.length;
      this.#pendingObjects++;
    }
    const at = this.#digests.add(digest) * PLACE;
    if (at === this.#places.length) {
      const longer = new Uint32Array(2 * at);
      longer.set(this.#places);
      this.#places = longer;
    }
    this.#places.set(place, at);
  }

  #place(number: number): Uint32Array {
    return this.#places.subarray(number * PLACE, (number + 1) * PLACE);
  }

  /** Writes the tables. @returns the pack's name; the staged file is complete but not yet durable. */
  close(): PackName {
    this.#flush();
    const tableOffset = this.staged.length;
    const index = this.#index();
    const footer = Buffer.alloc(FOOTER);
    footer.writeBigUInt64BE(BigInt(tableOffset), 0);
    footer.writeUInt32BE(this.#blocks.length, 8);
    footer.writeUInt32BE(this.#digests.size, 12);
    footer.set(sha256Bytes(index), 16);
    footer.set(PACK_END, 48);
    this.staged.write(index);
    this.staged.write(footer);
    return packName(this.staged.sha256());
  }

  #flush(): void {
    if (this.#pendingObjects > 0) this.#writeBlock(this.#pending.subarray(0, this.#pendingLength));
    this.#pendingLength = 0;
    this.#pendingObjects = 0;
  }

  #writeBlock(data: Uint8Array): void {
    const { method, stored } = encodeBlock(data);
    const offset = this.staged.length;
    this.staged.write(stored);
    this.#blocks.push({ offset, storedLength: stored.length, length: data.length, method });
  }

  #index(): Buffer {
    const index = Buffer.alloc(indexLength(this.#blocks.length, this.#digests.size));
    let at = 0;
    for (const { offset, storedLength, length, method } of this.#blocks) {
      index.writeBigUInt64BE(BigInt(offset), at);
      index.writeUInt32BE(storedLength, at + 8);
      index.writeUInt32BE(length, at + 12);
      index.writeUInt32BE(method, at + 16);
      at += BLOCK_ROW;
    }
    const fanOut = at;
    at += FAN_OUT;
    const counts = new Uint32Array(256);
    for (const number of this.#digests.ascending()) {
      index.set(this.#digests.bytesOf(number), at);
      counts[index[at]!]!++;
      this.#place(number).forEach((field, i) => index.writeUInt32BE(field, at + 32 + 4 * i));
      at += ENTRY_ROW;
    }
    let sum = 0;
    counts.forEach((count, byte) => index.writeUInt32BE((sum += count), fanOut + 4 * byte));
    return index;
  }
}

/** Fields of an object's place, in the order of an index's entry: block, offset in it, length. */
const PLACE = 3;
