import Database from 'better-sqlite3';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextBytes } from '../../../../src/objects/rows/key.ts';
import { realLiteral, sqliteLiteral } from '../../../../src/engines/sqlite/restore/literal.ts';

const ours = new DatabaseSync(':memory:');
const other = new Database(':memory:');

/** What each of two SQLite libraries reads from the literal. */
function read(sql: string): unknown[] {
  return [
    Object.values(ours.prepare(`SELECT ${sql} AS v`).get() as object)[0],
    other.prepare(`SELECT ${sql}`).pluck().get(),
  ];
}

describe('literals for SQLite', () => {
  it('any real is read back bit for bit', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        for (const got of read(realLiteral(value)))
          expect(Object.is(got, value), realLiteral(value)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('amounts and other short decimals, which people write', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 8 }), (n, digits) => {
        const value = n / 10 ** digits;
        for (const got of read(realLiteral(value)))
          expect(Object.is(got, value), realLiteral(value)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('is a decimal number where every SQLite reads it as that, else an exact expression', () => {
    expect(
      ['0.5', '19.99', '-1.25', '1.0', '1e+21', '0.001'].map((text) => realLiteral(Number(text))),
    ).toEqual(['0.5', '19.99', '-1.25', '1.0', '1e+21', '0.001']);
    expect(realLiteral(0.1 + 0.2)).toBe('(CAST(1351079888211149 AS REAL) / 4503599627370496)');
    // Rounded to 64 bits first, as SQLite did before 3.43 on x86, this one would become its neighbour.
    const twice = doublyRounded();
    expect(realLiteral(twice)).toContain('CAST');
    for (const got of read(realLiteral(twice))) expect(got).toBe(twice);
  });

  it('text and bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.uint8Array(), (text, bytes) => {
        for (const got of read(sqliteLiteral(text, 'UTF-8'))) expect(got).toBe(text);
        for (const got of read(`hex(${sqliteLiteral(bytes, 'UTF-8')})`))
          expect(got).toBe(Buffer.from(bytes).toString('hex').toUpperCase());
        for (const got of read(`hex(${sqliteLiteral(new TextBytes(bytes), 'UTF-8')})`))
          expect(got).toBe(Buffer.from(bytes).toString('hex').toUpperCase());
      }),
    );
  });
});

/** A number of 15 digits whose shortest text comes out wrong when it is rounded to 64 bits before 53. */
function doublyRounded(): number {
  for (let n = 123456789012345; n < 123456789112345; n += 7) {
    const value = Number(`${n}e-22`);
    if (realLiteral(value).startsWith('(')) return value;
  }
  throw new Error('no number of 15 digits is written as an expression');
}
