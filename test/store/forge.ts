import { sha256Hex } from '../../src/objects/sha256.ts';
import { packName, type PackName } from '../../src/store/backend.ts';

/** A pack described field by field, so that any field can be wrong. Written from spec/FORMAT.md, not from the writer. */
export interface Forgery {
  magic: string;
  blocks: { bytes: Buffer; offset?: bigint; storedLength?: number; length: number; method: number }[];
  entries: { digest: string; block: number; offset: number; length: number }[];
  fanOut?: (counts: number[]) => number[];
  footer: { tableOffset?: bigint; blocks?: number; objects?: number; sha256?: string; end: string };
  /** Bytes between the last block and the block table. */
  padding: Buffer;
}

/** Two objects in one raw block. */
export function soundForgery(): Forgery {
  const objects = [Buffer.from('before'), Buffer.from('after')];
  const bytes = Buffer.concat(objects);
  const entries = objects.map((object, i) => ({
    digest: sha256Hex(object),
    block: 0,
    offset: i === 0 ? 0 : 6,
    length: object.length,
  }));
  entries.sort((a, b) => (a.digest < b.digest ? -1 : 1));
  return {
    magic: 'CUSTPCK2',
    blocks: [{ bytes, length: bytes.length, method: 0 }],
    entries,
    footer: { end: 'CUSTEND2' },
    padding: Buffer.alloc(0),
  };
}

export function forge(change: (forgery: Forgery) => void = () => undefined): Buffer {
  const forgery = soundForgery();
  change(forgery);
  const { magic, blocks, entries, footer, padding, fanOut = (all: number[]) => all } = forgery;
  const body = Buffer.concat([Buffer.from(magic, 'latin1'), ...blocks.map(({ bytes }) => bytes), padding]);
  const rows: Buffer[] = [];
  let offset = 8n;
  for (const block of blocks) {
    const row = Buffer.alloc(20);
    row.writeBigUInt64BE(block.offset ?? offset, 0);
    row.writeUInt32BE(block.storedLength ?? block.bytes.length, 8);
    row.writeUInt32BE(block.length, 12);
    row.writeUInt32BE(block.method, 16);
    rows.push(row);
    offset += BigInt(block.bytes.length);
  }
  const counts = Array.from(
    { length: 256 },
    (_, byte) => entries.filter(({ digest }) => Number.parseInt(digest.slice(0, 2), 16) <= byte).length,
  );
  for (const count of fanOut(counts)) {
    const cell = Buffer.alloc(4);
    cell.writeUInt32BE(count);
    rows.push(cell);
  }
  for (const entry of entries) {
    const row = Buffer.alloc(44);
    row.write(entry.digest, 0, 'hex');
    [entry.block, entry.offset, entry.length].forEach((field, i) => row.writeUInt32BE(field, 32 + 4 * i));
    rows.push(row);
  }
  const index = Buffer.concat(rows);
  const end = Buffer.alloc(56);
  end.writeBigUInt64BE(footer.tableOffset ?? BigInt(body.length), 0);
  end.writeUInt32BE(footer.blocks ?? blocks.length, 8);
  end.writeUInt32BE(footer.objects ?? entries.length, 12);
  end.write(footer.sha256 ?? sha256Hex(index), 16, 'hex');
  end.write(footer.end, 48, 'latin1');
  return Buffer.concat([body, index, end]);
}

export const packNameOf = (pack: Uint8Array): PackName => packName(sha256Hex(pack));
