import fc from 'fast-check';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { conflictOf } from '../../../../src/engines/sqlite/script/script.ts';
import { hasWords, tokens } from '../../../../src/engines/sqlite/script/tokens.ts';

const texts = (sql: string): string[] => [...tokens(sql)].map(({ text }) => text);

describe('tokens', () => {
  it.each<[string, string[]]>([
    ['select a;', ['SELECT', 'A', ';']],
    [`-- ; x\n/* ; */ 'it''s; ' "a;""b" \`;\` [;] x';'`, [`'it''s; '`, '"a;""b"', '`;`', '[;]', `x';'`]],
    [`/* open ;`, []],
    [`'open ;`, [`'open ;`]],
    ['1e5.x a1 grüße_$1', ['1e5.x', 'A1', 'GRüßE_$1']],
    ['\ufeffselect\0', ['SELECT', '\0']],
  ])('%j', (sql, expected) => {
    expect(texts(sql)).toEqual(expected);
  });

  it.each([
    ["'", "'"],
    ["x'", "'"],
    ['"', '"'],
    ['`', '`'],
    ['[', ']'],
  ])('%s with 20 million characters is one', (open, close) => {
    const literal = `${open}${'a'.repeat(2e7)}${close}`;
    const found = [...tokens(`/*${'*'.repeat(2e7)}*/ ${literal};`)];
    expect(found.map(({ start, end }) => end - start)).toEqual([literal.length, 1]);
  });

  it('cover the whole text, in order, whatever it is', () => {
    const piece = fc.oneof(
      fc.constantFrom("'", '"', '`', '[', ']', ';', '-', '/', '*', ' ', '\n', '--', '/*', '*/', 'x', `''`),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const sql = pieces.join('');
        let last = 0;
        for (const { start, end } of tokens(sql)) {
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThan(start);
          last = end;
        }
        expect(last).toBeLessThanOrEqual(sql.length);
      }),
    );
  });

  it('end statements where SQLite does', () => {
    using db = new DatabaseSync(':memory:');
    const piece = fc.constantFrom(
      `'a;''b'`,
      '"c;"',
      '[;]',
      '/* ; */',
      '--;\n',
      '1',
      ',',
      ';',
      'x',
      ' ',
      `x'31'`,
      '$1',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const sql = `SELECT ${pieces.join(' ')}`;
        let exact: string;
        try {
          exact = db.prepare(sql).sourceSQL;
        } catch {
          return;
        }
        const end = [...tokens(sql)].find(({ kind }) => kind === 'semicolon')?.end ?? sql.length;
        expect(exact).toBe(sql.slice(0, end));
      }),
      { numRuns: 500 },
    );
  });

  it('are words side by side only where nothing but comments is between them', () => {
    expect(hasWords('insert or /* x */ replace -- y\n into t', 'REPLACE', 'INTO')).toBe(true);
    for (const sql of [
      `select replace('a', 'into')`,
      `'replace into'`,
      '"replace" into',
      'replace, into',
      '-- replace into',
    ]) {
      expect(hasWords(sql, 'REPLACE', 'INTO')).toBe(false);
    }
  });
});

describe('conflictOf', () => {
  it.each<[string, string | null]>([
    ['INSERT INTO t VALUES (1)', null],
    ['insert or ignore into t values (1)', 'IGNORE'],
    ['WITH x AS (SELECT 1) INSERT OR ABORT INTO t SELECT * FROM x', 'ABORT'],
    ['REPLACE INTO t VALUES (1)', 'REPLACE'],
    [`INSERT INTO t SELECT 'insert or ignore' FROM "insert" -- insert or ignore\n`, null],
    ['SELECT 1; REPLACE INTO t VALUES (1)', null],
  ])('%s', (sql, conflict) => {
    expect(conflictOf(sql)).toBe(conflict);
  });
});
