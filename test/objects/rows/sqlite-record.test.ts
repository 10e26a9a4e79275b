import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, it } from 'vitest';
import { isCustodyError } from '../../../src/errors.ts';
import { TextBytes } from '../../../src/objects/rows/key.ts';
import {
  decodeRecord,
  encodeRecord,
  MASKED,
  type SqliteValue,
} from '../../../src/objects/rows/sqlite-record.ts';
import { refusedWith } from '../../support/refusals.ts';
import { makeTestFolder } from '../../support/folder.ts';

const value: fc.Arbitrary<SqliteValue> = fc.oneof(
  fc.constant(null),
  fc.constant(MASKED),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.integer({ min: -300, max: 300 }).map(BigInt),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.uint8Array(),
);

const refused = (run: () => unknown): boolean => refusedWith(run) === 'ROW_MALFORMED';
const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

describe('canonical records', () => {
  it('decode to what was encoded', () => {
    fc.assert(
      fc.property(fc.array(value), (row) => {
        expect(decodeRecord(encodeRecord(row))).toEqual(row);
      }),
    );
  });

  it('are the only encoding that is accepted: any accepted bytes encode to themselves', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), fc.nat(), fc.nat(255), (row, where, byte) => {
        const changed = encodeRecord(row);
        changed[where % changed.length] = byte;
        let decoded: SqliteValue[];
        try {
          decoded = decodeRecord(changed);
        } catch (error) {
          expect(isCustodyError(error, 'ROW_MALFORMED')).toBe(true);
          return;
        }
        expect(encodeRecord(decoded)).toEqual(changed);
      }),
    );
  });

  it.each<[SqliteValue[], string]>([
    [[], '01'],
    [[null, 0n, 1n, MASKED], '050008090a'],
    [[2n, -1n, 127n, 128n, -129n, 32768n], '0701010102020302ff7f0080ff7f008000'],
    [[8388608n, 2n ** 31n, 2n ** 47n], '040405060080000000008000000000008000' + '00000000'],
    [[1.0, -0.0], '0307073ff00000000000008000000000000000'],
    [['', new Uint8Array(), '1', bytes('31')], '050d0c0f0e3131'],
  ])('%# are these bytes', (row, hex) => {
    expect(Buffer.from(encodeRecord(row)).toString('hex')).toBe(hex);
    expect(decodeRecord(bytes(hex))).toEqual(row);
  });

  it('keep 1, 1.0, text 1 and the blob 31 apart', () => {
    const all = [1n, 1.0, '1', bytes('31')].map((one) => Buffer.from(encodeRecord([one])).toString('hex'));
    expect(new Set(all).size).toBe(4);
  });

  it('keep text that is not UTF-8', () => {
    const text = new TextBytes(bytes('61ff00eda080'));
    expect(decodeRecord(encodeRecord([text]))).toEqual([text]);
  });

  it('take headers longer than 127 bytes, and values longer than the scratch space', () => {
    const row: SqliteValue[] = [...Array.from({ length: 200 }, (_, i) => BigInt(i)), 'x'.repeat(5_000_000)];
    expect(decodeRecord(encodeRecord(row))).toEqual(row);
    for (let n = 120; n < 135; n++) expect(decodeRecord(encodeRecord(Array(n).fill(null)))).toHaveLength(n);
  });

  it.each<[string, string]>([
    ['empty', ''],
    ['a wide integer', '02020005'],
    ['0 written out', '020100'],
    ['1 written out', '020101'],
    ['16 bits for 8', '0202ff80'],
    ['24 bits for 16', '0203007fff'],
    ['32 bits for 24', '0204ff800000'],
    ['48 bits for 32', '020500007fffffff'],
    ['64 bits for 48', '0206ffff800000000000'],
    ['a long varint', '03800d'],
    ['a header that counts a byte of its own too many', `8100${'00'.repeat(126)}`],
    ['the same of a longer one', `818000${'00'.repeat(16_381)}`],
    ['a header past the end', '05'],
    ['a header of 0', '00'],
    ['a body cut short', '020f'],
    ['bytes after the end', '020800'],
    ['serial type 11', '020b'],
    ['NaN', '02077ff8000000000000'],
  ])('refuses %s', (_, hex) => {
    expect(refused(() => decodeRecord(bytes(hex)))).toBe(true);
  });

  it('refuses values that SQLite does not have', () => {
    expect(refused(() => encodeRecord([Number.NaN]))).toBe(true);
    expect(refused(() => encodeRecord([2n ** 63n]))).toBe(true);
    expect(refused(() => encodeRecord(['\ud800']))).toBe(true);
  });
});

describe('SQLite itself', () => {
  let folder = '';
  beforeAll(() => {
    folder = makeTestFolder();
  });

  it('stores the same bytes', () => {
    const rows: SqliteValue[][] = [
      [null, 0n, 1n, 2n, -1n],
      [127n, 128n, -32769n, 2n ** 40n, -(2n ** 63n)],
      [1.5, -0.0, Number.POSITIVE_INFINITY, 1.0, 1e300],
      ['', 'a', 'grüße', '\0nul', 'x'.repeat(200)],
      [new Uint8Array(), bytes('00ff'), new Uint8Array(300).fill(7), null, 'end'],
    ];
    const path = join(folder, 'cells.db');
    const db = new DatabaseSync(path);
    db.exec('CREATE TABLE t(a, b, c, d, e)');
    const insert = db.prepare('INSERT INTO t VALUES (?, ?, ?, ?, ?)');
    for (const row of rows) insert.run(...(row as (null | bigint | number | string | Uint8Array)[]));
    db.close();
    expect(leafCells(readFileSync(path), 2)).toEqual(
      rows.map((row) => Buffer.from(encodeRecord(row)).toString('hex')),
    );
  });
});

/** Payloads of a table leaf page (https://www.sqlite.org/fileformat2.html#b_tree_pages), in the order of rowids. */
function leafCells(file: Buffer, page: number): string[] {
  const size = file.readUInt16BE(16);
  const leaf = file.subarray((page - 1) * size, page * size);
  expect(leaf[0]).toBe(0x0d);
  const varint = (at: number): [number, number] => {
    let [result, next] = [0, at];
    for (;;) {
      const byte = leaf[next++]!;
      result = result * 128 + (byte & 0x7f);
      if (byte < 0x80) return [result, next];
    }
  };
  return Array.from({ length: leaf.readUInt16BE(3) }, (_, i) => {
    const [length, afterLength] = varint(leaf.readUInt16BE(8 + 2 * i));
    const [, start] = varint(afterLength);
    return leaf.subarray(start, start + length).toString('hex');
  });
}
