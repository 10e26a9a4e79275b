import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SqlScanner, type Piece } from '../../../../src/engines/postgres/script/sql-scanner.ts';

/** All pieces of `text`, given in pieces of `size` bytes. */
function scan(text: string, size = Infinity): Piece[] {
  const bytes = Buffer.from(text);
  const scanner = new SqlScanner();
  const pieces: Piece[] = [];
  const drain = (): void => {
    for (let piece = scanner.next(); piece; piece = scanner.next()) pieces.push(piece);
  };
  for (let at = 0; at < bytes.length; at += size) {
    scanner.push(bytes.subarray(at, Math.min(bytes.length, at + size)));
    drain();
  }
  scanner.end();
  drain();
  return pieces;
}

const statements = (text: string): string[] =>
  scan(text).flatMap((piece) => (piece.type === 'statement' ? [piece.text.toString()] : []));

describe('splitting SQL as psql does', () => {
  it.each([
    ['plain', 'SELECT 1;SELECT 2', ['SELECT 1;', 'SELECT 2']],
    ['empty statements', ';; SELECT 1;;', ['SELECT 1;']],
    ['a quoted semicolon', "SELECT ';', 'it''s;';SELECT 2;", ["SELECT ';', 'it''s;';", 'SELECT 2;']],
    ['a backslash in a standard string', "SELECT '\\';SELECT 2;", ["SELECT '\\';", 'SELECT 2;']],
    ["a backslash in E''", "SELECT E'\\';';SELECT 2;", ["SELECT E'\\';';", 'SELECT 2;']],
    ["a doubled quote in E''", "SELECT E'a'';\\';';SELECT 2;", ["SELECT E'a'';\\';';", 'SELECT 2;']],
    [
      "E'' that goes on on the next line",
      "SELECT E'a'\n'\\';';SELECT 2;",
      ["SELECT E'a'\n'\\';';", 'SELECT 2;'],
    ],
    [
      "E'' that does not go on on the same line",
      "SELECT E'a' '\\';SELECT 2;",
      ["SELECT E'a' '\\';", 'SELECT 2;'],
    ],
    ['a name that ends in e before a quote', "SELECT type';'; SELECT 2;", ["SELECT type';';", 'SELECT 2;']],
    ['a quoted name', 'SELECT "a;""b;";SELECT 2;', ['SELECT "a;""b;";', 'SELECT 2;']],
    ['dollar quotes', 'DO $$;$a$;$$;SELECT $a$;$$;$a$;', ['DO $$;$a$;$$;', 'SELECT $a$;$$;$a$;']],
    ['a dollar inside a name, a parameter', 'SELECT a$b$;SELECT $1;', ['SELECT a$b$;', 'SELECT $1;']],
    ['nested comments', 'SELECT /* ; /* ; */ ; */ 1;SELECT 2;', ['SELECT /* ; /* ; */ ; */ 1;', 'SELECT 2;']],
    ['a line comment', "SELECT 1 -- ; '\n;SELECT 2;", ["SELECT 1 -- ; '\n;", 'SELECT 2;']],
    [
      'a rule of two commands',
      'CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);',
      ['CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);'],
    ],
    [
      'a SQL-standard body',
      'CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END;SELECT 3;',
      [
        'CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END;',
        'SELECT 3;',
      ],
    ],
    ['BEGIN is no body elsewhere', 'BEGIN;SELECT 1;END;', ['BEGIN;', 'SELECT 1;', 'END;']],
  ])('%s', (_name, text, expected) => {
    expect(statements(text)).toEqual(expected);
  });

  it('gives lines, meta-commands and comments between statements', () => {
    expect(scan('-- one\n\\set A b\nSELECT\n1; \\echo x\r\nSELECT 2 \\gset\n')).toEqual([
      { type: 'comment', text: '-- one', line: 1 },
      { type: 'meta', text: '\\set A b', line: 2, offset: 7, inside: false },
      { type: 'statement', text: Buffer.from('SELECT\n1;'), line: 3, ended: true },
      { type: 'meta', text: '\\echo x', line: 4, offset: 26, inside: false },
      { type: 'meta', text: '\\gset', line: 5, offset: 44, inside: true },
      { type: 'statement', text: Buffer.from('SELECT 2 \\gset\n'), line: 5, ended: false },
    ]);
  });

  it.each([
    ["SELECT 'a", 'quoted text'],
    ["SELECT E'a\\'", 'quoted text'],
    ['SELECT "a', 'quoted name'],
    ['SELECT $x$ a $y$', 'dollar-quoted text'],
    ['/* a /* b */', 'comment'],
  ])('knows what %j ends inside of', (text, expected) => {
    const scanner = new SqlScanner();
    scanner.push(Buffer.from(text));
    scanner.end();
    while (scanner.next());
    expect(scanner.unfinished).toBe(expected);
  });

  it('does not depend on where the input is cut', () => {
    const fragment = fc.constantFrom(
      "'",
      "''",
      "E'",
      '\\',
      '"',
      '$$',
      '$a$',
      '$',
      ';',
      '--',
      '/*',
      '*/',
      '(',
      ')',
      '\n',
      'é',
      ' ',
      'x',
      '1',
      'create function f() begin',
      ' end ',
    );
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 30 }), fc.integer({ min: 1, max: 7 }), (parts, size) => {
        const text = parts.join('');
        expect(scan(text, size)).toEqual(scan(text));
      }),
      { numRuns: 500 },
    );
  });

  it('reads COPY data up to \\. whatever is in it and however it is cut', () => {
    const text = "COPY t FROM stdin;\n1;'\t--\n\\\\.\n\\.x\n\\.\nSELECT 1;";
    for (let size = 1; size <= text.length; size++) {
      const bytes = Buffer.from(text);
      const scanner = new SqlScanner();
      let data = '';
      let copying = false;
      let first = true;
      const found: string[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        scanner.push(bytes.subarray(at, at + size));
        if (at + size >= bytes.length) scanner.end();
        for (;;) {
          if (copying) {
            const next = scanner.copyData(first);
            if (!next) break;
            first = false;
            data += next.data.toString();
            copying = !next.done;
            continue;
          }
          const piece = scanner.next();
          if (!piece) break;
          if (piece.type !== 'statement') continue;
          found.push(piece.text.toString());
          copying = piece.text.toString().startsWith('COPY');
        }
      }
      expect([data, found, scanner.line]).toEqual([
        "1;'\t--\n\\\\.\n\\.x\n",
        ['COPY t FROM stdin;', 'SELECT 1;'],
        6,
      ]);
    }
  });
});
