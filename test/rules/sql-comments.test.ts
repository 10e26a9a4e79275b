import { describe, expect, it } from 'vitest';
import { withoutComments } from '../../src/rules/sql-comments.ts';

const both = (sql: string): string[] =>
  (['sqlite', 'postgres'] as const).map((engine) => withoutComments(sql, engine));

describe('SQL without its comments', () => {
  it.each([
    ['a -- b\nc', 'a     \nc'],
    ['a /* b\nc */ d', 'a     \n     d'],
    ["'-- no' b", "'-- no' b"],
    ['"/* no */" b', '"/* no */" b'],
    ["'it''s -- no' -- b", "'it''s -- no'     "],
    ['a -- b', 'a     '],
    ['a /* b', 'a     '],
    ['-', '-'],
    ['', ''],
  ])('%j', (sql, bare) => {
    expect(both(sql)).toEqual([bare, bare]);
  });

  it('nests for PostgreSQL, not for SQLite', () => {
    const sql = '/* a /* b */ c */ d';
    expect(withoutComments(sql, 'postgres')).toBe('                  d');
    expect(withoutComments(sql, 'sqlite')).toBe('             c */ d');
  });

  it('knows the quotes of each engine', () => {
    expect(withoutComments('[a -- b] c', 'sqlite')).toBe('[a -- b] c');
    expect(withoutComments('`a -- b` c', 'sqlite')).toBe('`a -- b` c');
    expect(withoutComments('[a -- b] c', 'postgres')).toBe('[a        ');
    expect(withoutComments('$x$ -- b $x$ c', 'postgres')).toBe('$x$ -- b $x$ c');
    expect(withoutComments('$x$ -- b', 'sqlite')).toBe('$x$     ');
    expect(withoutComments("E'\\' -- b' c", 'postgres')).toBe("E'\\' -- b' c");
    expect(withoutComments("'\\' -- b' c", 'postgres')).toBe("'\\'        ");
    expect(withoutComments('a$b$ -- c', 'postgres')).toBe('a$b$     ');
  });

  it.each([
    ['sqlite', "'", "'"],
    ['sqlite', '"', '"'],
    ['sqlite', '`', '`'],
    ['sqlite', '[', ']'],
    ['sqlite', '/*', '*/'],
    ['postgres', "'", "'"],
    ['postgres', '"', '"'],
    ['postgres', "E'", "'"],
    ['postgres', '$a$', '$a$'],
    ['postgres', '/*', '*/'],
  ] as const)('of %s: 20 million characters between %s and %s', (engine, open, close) => {
    const sql = `a ${open}${'-'.repeat(2e7)}${close} b -- c`;
    const bare = withoutComments(sql, engine);
    expect(bare).toHaveLength(sql.length);
    expect(bare.endsWith(`${open === '/*' ? '  ' : close} b     `)).toBe(true);
    expect(bare.includes('--')).toBe(open !== '/*');
  });

  it('of text that is all quotes, or all beginnings, in linear time', () => {
    for (const piece of ["'", '"', '`', '[', '$', '$a', "E'\\", '/*', '/', '-', "''''a"])
      for (const bare of both(piece.repeat(1e6))) expect(bare).toHaveLength(piece.length * 1e6);
  });
});
