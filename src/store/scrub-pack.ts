import { isCustodyError, isLost } from '../errors.ts';
import { finding, type Finding } from '../finding.ts';
import { sha256Hasher } from '../objects/sha256.ts';
import { type Backend, packDigest, type PackName } from './backend.ts';
import { decodeBlock } from './block.ts';
import { StoredBytes } from './hashing.ts';
import { indexSteps, readAsync } from './pack-index.ts';
import { EntriesByBlock } from './pack-reader.ts';
import { isAnyPackMagic, MAGIC_LENGTH, PACK_MAGIC, type BlockRow, type PackIndex } from './pack.ts';

/** Bytes between blocks are read in pieces of this many. */
const PIECE = 1_048_576;

export interface PackReport {
  /** Entries in its index. */
  readonly objects: number;
  /** Its length. */
  readonly bytes: number;
  readonly findings: readonly Finding[];
}

/**
 * Re-hashes one pack and everything in it. The file is read once, front to back: what lies in blocks is also
 * decompressed and hashed object by object. Null when there is no such file (any more).
 * @throws PERMISSION_DENIED, IO_FAILED where it is not the disk that fails: that says nothing about the pack.
 */
export async function scrubPack(backend: Backend, name: PackName): Promise<PackReport | null> {
  const findings: Finding[] = [];
  let bytes = 0;
  let objects = 0;
  try {
    const size = await backend.size(name);
    if (size === null) return null;
    bytes = size;
    const { index, faults } = await readAsync(indexSteps(size), (r) =>
      backend.readRange(name, r.offset, r.length),
    );
    for (const fault of faults) findings.push(finding('PACK_DAMAGED', name, fault));
    objects = index?.objectCount ?? 0;
    const sha256 = await new PackScrub(backend, name, size, findings).run(index);
    if (sha256 !== packDigest(name))
      findings.push(finding('PACK_MISNAMED', name, `the file's SHA-256 is ${sha256}`));
    // Under its own name it is what somebody wrote: what else would be said of it this version cannot know.
    else if (await isOfAnotherVersion(backend, name, size))
      return {
        objects: 0,
        bytes,
        findings: [finding('OBJECT_VERSION_UNKNOWN', name, 'a pack of another version')],
      };
  } catch (error) {
    if (isCustodyError(error, 'PATH_NOT_FOUND')) return null;
    if (!isLost(error)) throw error;
    findings.push(finding('PACK_DAMAGED', name, `the file cannot be read: ${error.message}`));
  }
  return { objects, bytes, findings };
}

async function isOfAnotherVersion(backend: Backend, name: PackName, size: number): Promise<boolean> {
  const magic = Buffer.from(await backend.readRange(name, 0, Math.min(size, MAGIC_LENGTH)));
  return isAnyPackMagic(magic) && !magic.equals(PACK_MAGIC);
}

class PackScrub {
  readonly #backend: Backend;
  readonly #name: PackName;
  readonly #size: number;
  readonly #findings: Finding[];
  readonly #hasher = sha256Hasher();
  /** All bytes before this one went through the hasher. */
  #position = 0;

  constructor(backend: Backend, name: PackName, size: number, findings: Finding[]) {
    this.#backend = backend;
    this.#name = name;
    this.#size = size;
    this.#findings = findings;
  }

  /** @returns the file's SHA-256, as hex digits. */
  async run(index: PackIndex | null): Promise<string> {
    if (index !== null) await this.#blocks(index);
    await this.#skipTo(this.#size);
    return this.#hasher.hex();
  }

  async #blocks(index: PackIndex): Promise<void> {
    const byBlock = new EntriesByBlock(index);
    for (let i = 0; i < index.objectCount; i++) {
      if (index.entry(i) === null) this.#object(index, i, 'its entry is impossible');
    }
    const rows = Array.from({ length: index.blockCount }, (_, block) => ({ block, row: index.block(block) }));
    for (const { block, row } of rows.sort((a, b) => (a.row?.offset ?? 0) - (b.row?.offset ?? 0))) {
      const entries = byBlock.of(block);
      // Reading what overlaps again and again would not be linear; the index is reported already.
      const data = row === null || row.offset < this.#position ? null : await this.#block(block, row);
      if (data === null) for (const i of entries) this.#object(index, i, `its block ${block} cannot be read`);
      else this.#entries(index, block, data, entries);
    }
  }

  async #block(block: number, row: BlockRow): Promise<Uint8Array | null> {
    await this.#skipTo(row.offset);
    const stored = await this.#next(row.storedLength);
    try {
      return decodeBlock(row.method, stored, row.length, this.#name);
    } catch (error) {
      if (!isCustodyError(error)) throw error;
      this.#findings.push(finding('PACK_DAMAGED', this.#name, `block ${block}: ${error.message}`));
      return null;
    }
  }

  #entries(index: PackIndex, block: number, data: Uint8Array, entries: readonly number[]): void {
    let end = 0;
    for (const i of entries) {
      const entry = index.entry(i);
      if (entry === null) continue;
      const { offset, length } = entry;
      if (offset > end) this.#gap(block, end, offset);
      if (offset < end) this.#object(index, i, 'it overlaps another object');
      else if (!new StoredBytes(data.subarray(offset, offset + length)).matches(index.digest(i)))
        this.#object(index, i, 'its bytes have another SHA-256');
      end = Math.max(end, offset + length);
    }
    if (end < data.length) this.#gap(block, end, data.length);
  }

  #gap(block: number, from: number, to: number): void {
    this.#findings.push(
      finding('PACK_DAMAGED', this.#name, `block ${block}: bytes ${from} to ${to} belong to no object`),
    );
  }

  #object(index: PackIndex, i: number, why: string): void {
    this.#findings.push(finding('OBJECT_DAMAGED', index.digest(i), `${why}; in ${this.#name}`));
  }

  async #skipTo(offset: number): Promise<void> {
    while (this.#position < offset) await this.#next(Math.min(PIECE, offset - this.#position));
  }

  async #next(length: number): Promise<Uint8Array> {
    const bytes = await this.#backend.readRange(this.#name, this.#position, length);
    this.#hasher.update(bytes);
    this.#position += length;
    return bytes;
  }
}
