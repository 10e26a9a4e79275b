import { zstdCompressSync } from 'node:zlib';
import { both, fault, type PackFault, TABLES, BLOCK, FRAME } from './fault.ts';
import { sha256Hex } from '../../src/objects/sha256.ts';

const BOMB = zstdCompressSync(Buffer.alloc(1 << 20));

const HALF = Buffer.alloc(1000, 'half ');
const WHOLE = zstdCompressSync(Buffer.concat([HALF, HALF]));
/** RFC 8878, section 3.1.2: magic, length, anything. */
const SKIPPABLE = Buffer.from('502a4d1806000000' + Buffer.from('hidden').toString('hex'), 'hex');

/** Faults in blocks and in what they hold. */
export const BLOCK_FAULTS: readonly PackFault[] = [
  fault(
    'object-changed',
    'one byte of an object differs; all tables are right',
    'none',
    ['OBJECT_CORRUPT', 'none'],
    ['OBJECT_DAMAGED'],
    (f) => {
      f.blocks[0]!.bytes = Buffer.from(f.blocks[0]!.bytes);
      const at = f.entries[0]!.offset;
      f.blocks[0]!.bytes[at]! ^= 1;
    },
  ),
  fault(
    'object-too-large',
    'an object of more than 1 MiB',
    'PACK_CORRUPT',
    ['OBJECT_MISSING'],
    ['OBJECT_DAMAGED', 'PACK_DAMAGED'],
    (f) => {
      const object = Buffer.alloc(1_048_577);
      f.blocks = [{ bytes: zstdCompressSync(object), length: object.length, method: 1 }];
      f.entries = [{ digest: sha256Hex(object), block: 0, offset: 0, length: object.length }];
    },
  ),
  fault('block-too-large', 'a block of 2 GiB is claimed', ...BLOCK, (f) => {
    f.blocks[0]!.length = 0x80000000;
  }),
  fault('block-out-of-range', 'a block lies beyond the file', ...BLOCK, (f) => {
    f.blocks[0]!.offset = 2n ** 40n;
  }),
  fault('block-method-unknown', 'a block has method 2', ...BLOCK, (f) => {
    f.blocks[0]!.method = 2;
  }),
  fault(
    'blocks-overlap',
    'two blocks are the same bytes',
    'PACK_CORRUPT',
    ['none', 'none'],
    ['OBJECT_DAMAGED', 'PACK_DAMAGED'],
    (f) => {
      f.blocks.push({ bytes: Buffer.alloc(0), offset: 8n, storedLength: 11, length: 11, method: 0 });
      f.entries[1]!.block = 1;
    },
  ),
  fault('blocks-gap', 'bytes before the block table belong to no block', ...TABLES, (f) => {
    f.padding = Buffer.from('hidden');
  }),
  fault(
    'block-uncovered',
    'bytes in a block belong to no object',
    'none',
    both('none'),
    ['PACK_DAMAGED'],
    (f) => {
      f.blocks[0]!.bytes = Buffer.concat([f.blocks[0]!.bytes, Buffer.from('hidden')]);
      f.blocks[0]!.length += 6;
    },
  ),
  fault(
    'objects-overlap',
    'one object lies inside another',
    'none',
    both('none'),
    ['OBJECT_DAMAGED'],
    (f) => {
      const inner = Buffer.from('before');
      const outer = Buffer.from('beforeafter');
      f.entries = [inner, outer]
        .map((object) => ({
          digest: sha256Hex(object),
          block: 0,
          offset: 0,
          length: object.length,
        }))
        .sort((a, b) => (a.digest < b.digest ? -1 : 1));
    },
  ),
  fault('zstd-bomb', 'a block says 100 bytes and inflates to 1 MiB', ...FRAME, (f) => {
    f.blocks = [{ bytes: BOMB, length: 100, method: 1 }];
    f.entries = [{ digest: sha256Hex(Buffer.alloc(100)), block: 0, offset: 0, length: 100 }];
  }),
  fault('zstd-short', 'a block says more bytes than it inflates to', ...FRAME, (f) => {
    f.blocks = [{ bytes: BOMB, length: (1 << 20) + 1, method: 1 }];
    f.entries = [{ digest: sha256Hex(Buffer.alloc(1 << 20)), block: 0, offset: 0, length: 1 << 20 }];
  }),
  fault('zstd-window', 'a frame asks for a window of 128 MiB', ...FRAME, (f) => {
    // Magic; descriptor 0: no content size, several segments; window 0x88: 2^27; a last RLE block: 100 times "a".
    f.blocks = [{ bytes: Buffer.from('28b52ffd008823030061', 'hex'), length: 100, method: 1 }];
    f.entries = [{ digest: sha256Hex(Buffer.alloc(100, 'a')), block: 0, offset: 0, length: 100 }];
  }),
  fault('zstd-garbage', 'a compressed block is no zstd frame', ...FRAME, (f) => {
    f.blocks = [{ bytes: Buffer.from('garbage'), length: 100, method: 1 }];
    f.entries = [{ digest: sha256Hex(Buffer.alloc(100)), block: 0, offset: 0, length: 100 }];
  }),
  ...Object.entries({
    'zstd-skippable-after': ['a skippable frame follows the frame of a block', [WHOLE, SKIPPABLE]],
    'zstd-skippable-before': ['a skippable frame comes before the frame of a block', [SKIPPABLE, WHOLE]],
    'zstd-two-frames': ['a block is two frames', [zstdCompressSync(HALF), zstdCompressSync(HALF)]],
    'zstd-empty-frame-after': ['an empty frame follows', [WHOLE, zstdCompressSync(Buffer.alloc(0))]],
    'zstd-bytes-after': ['a byte follows the frame of a block', [WHOLE, Buffer.alloc(1)]],
  } satisfies Record<string, [string, Buffer[]]>).map(([name, [description, frames]]) =>
    fault(name, description, ...FRAME, (f) => {
      const object = Buffer.concat([HALF, HALF]);
      f.blocks = [{ bytes: Buffer.concat(frames), length: object.length, method: 1 }];
      f.entries = [{ digest: sha256Hex(object), block: 0, offset: 0, length: object.length }];
    }),
  ),
];
