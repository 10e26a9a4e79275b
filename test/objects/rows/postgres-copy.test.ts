import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCustodyError } from '../../../src/errors.ts';
import { MASKED } from '../../../src/objects/rows/masked.ts';
import {
  decodeCopyRow,
  encodeCopyRow,
  splitFields,
  type CopyField,
} from '../../../src/objects/rows/postgres-copy.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

describe('PostgreSQL COPY rows', () => {
  it('tells NULL, the empty text, the text \\N and a masked value apart', () => {
    expect(decodeCopyRow(bytes('\\N\t\t\\\\N\t\\M\t\\\\M'))).toEqual([
      null,
      bytes(''),
      bytes('\\N'),
      MASKED,
      bytes('\\M'),
    ]);
  });

  it('reads and writes the seven escapes', () => {
    const row = bytes('\\b\\f\\n\\r\\t\\v\\\\');
    expect(decodeCopyRow(row)).toEqual([bytes('\b\f\n\r\t\v\\')]);
    expect(encodeCopyRow(decodeCopyRow(row))).toEqual(row);
  });

  it.each(['\\x41', '\\101', 'a\\', '\\q', 'a\nb', 'a\rb', '\\Na', 'a\\M'])(
    'refuses %j, which COPY never writes',
    (text) => {
      expect(() => decodeCopyRow(bytes(text))).toThrow(
        expect.toSatisfy((e: unknown) => isCustodyError(e, 'ROW_MALFORMED')),
      );
    },
  );

  it('an empty line is one empty field; no fields encode to it too', () => {
    expect(decodeCopyRow(bytes(''))).toEqual([bytes('')]);
    expect(encodeCopyRow([])).toEqual(bytes(''));
  });

  it('gives back any fields, and never writes a newline', () => {
    const field: fc.Arbitrary<CopyField> = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((b) => new Uint8Array(b)),
      fc.constant(null),
      fc.constant(MASKED),
    );
    fc.assert(
      fc.property(fc.array(field, { minLength: 1, maxLength: 8 }), (fields) => {
        const row = encodeCopyRow(fields);
        expect(row.includes(0x0a)).toBe(false);
        expect(splitFields(row)).toHaveLength(fields.length);
        expect(decodeCopyRow(row)).toEqual(fields);
      }),
    );
  });
});
