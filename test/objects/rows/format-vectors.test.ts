import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { TextBytes } from '../../../src/objects/rows/key.ts';
import { boundKey, encodeKey, type KeyPart } from '../../../src/objects/rows/key.ts';
import { splitMultisetValue } from '../../../src/objects/rows/multiset.ts';
import { decodeCopyRow, encodeCopyRow } from '../../../src/objects/rows/postgres-copy.ts';
import { shownValue } from '../../../src/objects/rows/shown.ts';
import { decodeRecord, encodeRecord } from '../../../src/objects/rows/sqlite-record.ts';
import { refusedWith } from '../../support/refusals.ts';
import { hex, unhex } from '../support.ts';
import { BAD_COUNTED, BAD_LINES, BAD_RECORDS, KEYS, COPY_LINES, RECORDS } from './format-vectors.ts';

/** Files for who reads the format with other code; values as spec/FORMAT.md, "Comparing" shows them. `-u` writes them anew: look at what changed. */
const same = (path: string, vector: object): Promise<void> =>
  expect(`${JSON.stringify(vector, null, 2)}\n`).toMatchFileSnapshot(
    fileURLToPath(new URL(`../../vectors/${path}.json`, import.meta.url)),
  );

describe('keys', () => {
  const part = (value: KeyPart | TextBytes) => shownValue('sqlite-record', value);

  it('are what the vectors say', () =>
    same(
      'keys/valid',
      Object.entries(KEYS).map(([name, parts]) => {
        const key = encodeKey(parts);
        return { name, parts: parts.map(part), key: hex(key), stored: hex(boundKey(key)) };
      }),
    ));

  it('ascend as the vectors of one part are listed', () => {
    const ascending = Object.values(KEYS)
      .filter((parts) => parts.length === 1)
      .slice(0, 16)
      .map((parts) => hex(encodeKey(parts)));
    expect(ascending.toSorted()).toEqual(ascending);
  });
});

describe('rows', () => {
  it('records of SQLite are what the vectors say', () =>
    same(
      'rows/sqlite-valid',
      Object.entries(RECORDS).map(([name, values]) => {
        const record = encodeRecord(values);
        expect(hex(encodeRecord(decodeRecord(record)))).toBe(hex(record));
        return {
          name,
          values: values.map((value) => shownValue('sqlite-record', value)),
          record: hex(record),
        };
      }),
    ));

  it('lines of PostgreSQL are what the vectors say; a field that is no UTF-8 is in hexadecimal', () =>
    same(
      'rows/postgres-valid',
      Object.entries(COPY_LINES).map(([name, fields]) => {
        const line = encodeCopyRow(fields);
        expect(hex(encodeCopyRow(decodeCopyRow(line)))).toBe(hex(line));
        return {
          name,
          fields: fields.map((field) => shownValue('postgres-copy', field)),
          line: hex(line),
        };
      }),
    ));

  it.each([
    ['sqlite', BAD_RECORDS, (bytes: Uint8Array) => decodeRecord(bytes)],
    ['postgres', BAD_LINES, (bytes: Uint8Array) => decodeCopyRow(bytes)],
  ] as const)('malformed ones of %s are refused', (engine, bad, decode) => {
    for (const [name, text] of Object.entries(bad))
      expect(
        refusedWith(() => decode(unhex(text))),
        name,
      ).toBe('ROW_MALFORMED');
    return same(
      `rows/${engine}-invalid`,
      Object.entries(bad).map(([name, text]) => ({ name, row: text, code: 'ROW_MALFORMED' })),
    );
  });

  it('counts of a multiset that are none are refused', () => {
    for (const [name, value] of Object.entries(BAD_COUNTED))
      expect(splitMultisetValue(unhex(value)), name).toBeUndefined();
    return same(
      'rows/multiset-invalid',
      Object.entries(BAD_COUNTED).map(([name, value]) => ({ name, value })),
    );
  });
});
