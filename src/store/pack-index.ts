import { sha256Bytes } from '../objects/sha256.ts';
import { equalBytes } from '../objects/codec.ts';
import {
  BLOCK_ROW,
  ENTRY_ROW,
  FAN_OUT,
  FOOTER,
  indexLength,
  MAGIC_LENGTH,
  MAX_PACK_OBJECTS,
  PACK_END,
  PACK_MAGIC,
  PackIndex,
} from './pack.ts';

/** What a pack's reading asks for. The steps are the same with and without promises; see {@link readSync}. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}
export type ReadSteps<T> = Generator<ByteRange, T, Uint8Array>;

/** A hostile index could have millions; scrub names each object that they cost. */
const MAX_FAULTS = 100;

/** What could be made of a pack's tables, and everything that is wrong with them. No faults: the pack is strict. */
export interface IndexReport {
  /** Null when not even the places of the tables can be told. */
  readonly index: PackIndex | null;
  readonly faults: readonly string[];
}

export async function readAsync<T>(
  steps: ReadSteps<T>,
  read: (range: ByteRange) => Promise<Uint8Array>,
): Promise<T> {
  let step = steps.next();
  while (!step.done) step = steps.next(await read(step.value));
  return step.value;
}

export function readSync<T>(steps: ReadSteps<T>, read: (range: ByteRange) => Uint8Array): T {
  let step = steps.next();
  while (!step.done) step = steps.next(read(step.value));
  return step.value;
}

/**
 * Reads the magic, the footer and the index of a pack of `size` bytes and checks all that can be checked without the
 * blocks. Time and memory are linear in the size of the index, which is part of the file.
 */
export function* indexSteps(size: number): ReadSteps<IndexReport> {
  const faults: string[] = [];
  if (size < MAGIC_LENGTH + indexLength(1, 1) + FOOTER)
    return { index: null, faults: ['the file is too short for a pack'] };
  const magic = yield { offset: 0, length: MAGIC_LENGTH };
  if (!equalBytes(magic, PACK_MAGIC)) faults.push('the file does not begin with CUSTPCK2');
  const footer = Buffer.from(yield { offset: size - FOOTER, length: FOOTER });
  if (!equalBytes(footer.subarray(48), PACK_END)) faults.push('the file does not end with CUSTEND2');

  const places = possiblePlaces(footer, size);
  if (places.length !== 1 || !places[0]?.declared)
    faults.push('the footer does not fit the length of the file');
  const sha256 = footer.subarray(16, 48);
  let index: PackIndex | null = null;
  for (const { tableOffset, blocks, objects } of places) {
    const bytes = Buffer.from(yield { offset: tableOffset, length: indexLength(blocks, objects) });
    const matches = equalBytes(sha256Bytes(bytes), sha256);
    if (matches || places.length === 1) index = new PackIndex(tableOffset, blocks, objects, bytes);
    if (matches) break;
    if (places.length === 1) faults.push('the index does not have the SHA-256 that the footer names');
  }
  if (index !== null) checkTables(index, faults);
  return { index, faults };
}

interface Place {
  readonly tableOffset: number;
  readonly blocks: number;
  readonly objects: number;
  readonly declared: boolean;
}

/**
 * Offset and counts determine each other through the file's length. Where they disagree, one of them is damaged: each
 * in turn is worked out from the other two, and the index's SHA-256 decides.
 */
function possiblePlaces(footer: Buffer, size: number): Place[] {
  const end = size - FOOTER;
  const tableOffset = Number(footer.readBigUInt64BE(0));
  const blocks = footer.readUInt32BE(8);
  const objects = footer.readUInt32BE(12);
  const fits = ({ tableOffset, blocks, objects }: Place): boolean =>
    Number.isSafeInteger(tableOffset) &&
    Number.isSafeInteger(blocks) &&
    Number.isSafeInteger(objects) &&
    tableOffset >= MAGIC_LENGTH &&
    blocks >= 1 &&
    objects >= 1 &&
    objects <= MAX_PACK_OBJECTS &&
    blocks <= objects &&
    tableOffset + indexLength(blocks, objects) === end;
  const declared: Place = { tableOffset, blocks, objects, declared: true };
  if (fits(declared)) return [declared];
  const room = end - tableOffset - FAN_OUT;
  return [
    { tableOffset: end - indexLength(blocks, objects), blocks, objects, declared: false },
    { tableOffset, blocks: (room - ENTRY_ROW * objects) / BLOCK_ROW, objects, declared: false },
    { tableOffset, blocks, objects: (room - BLOCK_ROW * blocks) / ENTRY_ROW, declared: false },
  ].filter(fits);
}

function checkTables(index: PackIndex, report: string[]): void {
  const faults: string[] = [];
  checkBlocks(index, faults);
  checkEntries(index, faults);
  report.push(...faults.slice(0, MAX_FAULTS));
  if (faults.length > MAX_FAULTS) report.push(`and ${faults.length - MAX_FAULTS} more faults in the index`);
}

function checkBlocks(index: PackIndex, faults: string[]): void {
  let end = MAGIC_LENGTH;
  for (let i = 0; i < index.blockCount; i++) {
    const row = index.block(i);
    if (row === null) faults.push(`block ${i} is impossible`);
    else if (row.offset !== end) faults.push(`block ${i} does not begin where the one before ends`);
    if (row !== null) end = row.offset + row.storedLength;
  }
  if (end !== index.tableOffset) faults.push('the blocks do not end where the block table begins');
}

function checkEntries(index: PackIndex, faults: string[]): void {
  const counts = new Uint32Array(256);
  for (let i = 0; i < index.objectCount; i++) {
    const first = index.bytes[index.entryOffset(i)]!;
    counts[first] = counts[first]! + 1;
    if (index.entry(i) === null) faults.push(`entry ${i} (${index.digest(i)}) is impossible`);
    if (i > 0 && index.compareDigests(i - 1, i) >= 0)
      faults.push(`entry ${i} (${index.digest(i)}) is not above the one before`);
  }
  let sum = 0;
  for (let byte = 0; byte < 256; byte++) {
    sum += counts[byte]!;
    if (index.fanOut(byte) !== sum)
      faults.push(`the fan-out for ${byte} is ${index.fanOut(byte)}, not ${sum}`);
  }
}
