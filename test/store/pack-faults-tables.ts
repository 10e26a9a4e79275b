import { zstdCompressSync } from 'node:zlib';
import { both, fault, type PackFault, TABLES, ENTRY } from './fault.ts';
import { sha256Hex } from '../../src/objects/sha256.ts';

/** Sound packs, and faults in the magic, the footer, the fan-out and the entries. */
export const TABLE_FAULTS: readonly PackFault[] = [
  fault('sound', 'two objects in one raw block', 'none', both('none'), [], () => undefined),
  fault('sound-zstd', 'two objects in one compressed block', 'none', both('none'), [], (f) => {
    const objects = [Buffer.alloc(300, 'before '), Buffer.alloc(300, 'after ')];
    const bytes = Buffer.concat(objects);
    f.blocks = [{ bytes: zstdCompressSync(bytes), length: bytes.length, method: 1 }];
    f.entries = objects
      .map((object, i) => ({ digest: sha256Hex(object), block: 0, offset: 300 * i, length: 300 }))
      .sort((a, b) => (a.digest < b.digest ? -1 : 1));
  }),
  fault('magic-wrong', 'the file begins with CUSTPAK2', ...TABLES, (f) => {
    f.magic = 'CUSTPAK2';
  }),
  fault(
    'version-other',
    'the file begins with CUSTPCK3',
    TABLES[0],
    TABLES[1],
    ['OBJECT_VERSION_UNKNOWN'],
    (f) => {
      f.magic = 'CUSTPCK3';
    },
  ),
  fault('end-wrong', 'the file ends with CUSTEND1', ...TABLES, (f) => {
    f.footer.end = 'CUSTEND1';
  }),
  fault('index-hash-wrong', 'the footer names another SHA-256', ...TABLES, (f) => {
    f.footer.sha256 = '00'.repeat(32);
  }),
  fault('table-offset-wrong', 'the block table is said to be elsewhere', ...TABLES, (f) => {
    f.footer.tableOffset = 2n ** 63n;
  }),
  fault('object-count-wrong', '4,294,967,295 objects are claimed', ...TABLES, (f) => {
    f.footer.objects = 0xffffffff;
  }),
  fault('block-count-wrong', '4,294,967,295 blocks are claimed', ...TABLES, (f) => {
    f.footer.blocks = 0xffffffff;
  }),
  fault('entries-unsorted', 'the entries descend', ...TABLES, (f) => {
    f.entries.reverse();
  }),
  fault(
    'entry-twice',
    'one entry is there twice',
    'PACK_CORRUPT',
    ['none'],
    ['OBJECT_DAMAGED', 'PACK_DAMAGED'],
    (f) => {
      f.entries = [f.entries[0]!, f.entries[0]!];
    },
  ),
  fault('fan-out-wrong', 'the fan-out counts nothing', ...TABLES, (f) => {
    f.fanOut = (counts) => counts.map(() => 0);
  }),
  fault('fan-out-too-large', 'the fan-out reaches beyond the entries', ...TABLES, (f) => {
    f.fanOut = (counts) => counts.map(() => 0xffffffff);
  }),
  fault('entry-offset-out-of-range', 'an object begins after its block', ...ENTRY, (f) => {
    f.entries[0]!.offset = 0xffffffff;
  }),
  fault('entry-length-out-of-range', 'an object is longer than its block', ...ENTRY, (f) => {
    f.entries[0]!.length = 12;
  }),
  fault('entry-block-out-of-range', 'an object is in a block that there is not', ...ENTRY, (f) => {
    f.entries[0]!.block = 1;
  }),
];
