import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../src/errors.ts';
import { expandIncludes, type ScriptPart } from '../../src/rules/includes.ts';

const expand = (main: string, others: Record<string, string> = {}, path = 'run.sql'): string =>
  expandIncludes([
    { path, text: main },
    ...Object.entries(others).map(([p, text]): ScriptPart => ({ path: p, text })),
  ]);

function code(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof CustodyError) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('includes', () => {
  it('are replaced by their files, line for line', () => {
    expect(expand('BEGIN;\n\\i a.sql\nCOMMIT;\n', { 'a.sql': 'SELECT 1;' })).toBe(
      'BEGIN;\nSELECT 1;\nCOMMIT;\n',
    );
    expect(expand('  \\i   a.sql  \r\n', { 'a.sql': 'A\n' })).toBe('A\n');
    expect(expand('\\i a.sql', { 'a.sql': 'A\n' })).toBe('A\n');
    expect(expand("\\i 'with space.sql'\n", { 'with space.sql': 'A\n' })).toBe('A\n');
  });

  it('start from the plan (\\i) or from the script (\\ir), as psql has it', () => {
    const others = { 'sql/b.sql': '\\ir c.sql\n', 'sql/c.sql': 'C\n' };
    expect(expand('\\i sql/b.sql\n', others)).toBe('C\n');
    expect(expand('\\ir b.sql\n', others, 'sql/run.sql')).toBe('C\n');
    expect(expand('\\i ./x/../a.sql\n', { 'a.sql': 'A\n' })).toBe('A\n');
    expect(code(() => expand('\\i b.sql\n', others, 'sql/run.sql'))).toBe('INCLUDE_REFUSED');
  });

  it.each([
    ["'a\n\\i a.sql\n'"],
    ["E'it\\'s\n\\i a.sql\n'"],
    ['"a\n\\i a.sql\n"'],
    ['/* a\n\\i a.sql\n*/'],
    ['/* a /* b */\n\\i a.sql\n*/'],
    ['-- a \\i a.sql'],
    ['$$\n\\i a.sql\n$$'],
    ['$tag$ $$\n\\i a.sql\n$tag$'],
    ['SELECT 1; \\i a.sql'],
  ])('are none inside of %j', (text) => {
    expect(expand(text)).toBe(text);
  });

  it.each([
    ["'a'\n\\i a.sql\n"],
    ["-- it's\n\\i a.sql\n"],
    ['a$b$\n\\i a.sql\n'],
    ['SELECT \'it\'\'s\', "a""b";\n\\i a.sql\n'],
  ])('are some after %j', (text) => {
    expect(expand(text, { 'a.sql': 'A\n' })).toBe(text.replace('\\i a.sql\n', 'A\n'));
  });

  it.each<[string, string, Record<string, string>]>([
    ['a file that is not listed', '\\i a.sql\n', {}],
    ['a file that nothing includes', 'SELECT 1;\n', { 'a.sql': '' }],
    ['a script that includes itself', '\\i run.sql\n', {}],
    ['a circle', '\\i a.sql\n', { 'a.sql': '\\i b.sql\n', 'b.sql': '\\i a.sql\n' }],
    [
      'a chain without end',
      '\\i 0\n',
      Object.fromEntries(Array.from({ length: 30 }, (_, i) => [String(i), i < 29 ? `\\i ${i + 1}\n` : ''])),
    ],
  ])('refuse %s', (_, main, others) => {
    expect(code(() => expand(main, others))).toBe('INCLUDE_REFUSED');
  });

  it('that multiply are refused, and soon', () => {
    const files = Object.fromEntries(
      Array.from({ length: 19 }, (_, i) => [
        `f${i}`,
        i < 18 ? `\\i f${i + 1}\n`.repeat(10) : 'x'.repeat(100),
      ]),
    );
    expect(code(() => expand('\\i f0\n', files))).toBe('INCLUDE_REFUSED');
  });

  it.each(["'", '"', "E'"])('are found behind a literal of 20 million characters in %s', (open) => {
    const text = `SELECT ${open}${'x'.repeat(2e7)}${open.at(-1)!};\n`;
    expect(expand(`${text}\\i a.sql\n`, { 'a.sql': 'A\n' })).toBe(`${text}A\n`);
  });
});
