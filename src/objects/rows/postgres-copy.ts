import { CustodyError } from '../../errors.ts';
import { MASKED } from './masked.ts';

/**
 * Rows in PostgreSQL's own text format, one line of `COPY … TO STDOUT` without its newline
 * (https://www.postgresql.org/docs/current/sql-copy.html, "Text Format"): fields divided by a tab, `\N` for NULL, and
 * `\b \f \n \r \t \v \\` for those seven bytes. Our one addition is `\M`, a field that COPY never writes: a masked value.
 *
 * COPY writes each value in exactly one way; whatever it would not write is refused, so that equal rows are equal bytes.
 */
export type CopyField = Uint8Array | null | typeof MASKED;

const TAB = 0x09;
const BACKSLASH = 0x5c;
const LETTER_N = 0x4e;
const LETTER_M = 0x4d;

/** Byte to the letter that follows the backslash, and back. */
const ESCAPES = new Map<number, number>([
  [0x08, 0x62],
  [0x0c, 0x66],
  [0x0a, 0x6e],
  [0x0d, 0x72],
  [TAB, 0x74],
  [0x0b, 0x76],
  [BACKSLASH, BACKSLASH],
]);
const UNESCAPES = new Map([...ESCAPES].map(([byte, letter]) => [letter, byte]));

/**
 * The fields of one row. An empty line is one empty field: a table without columns has no fields to ask for.
 * @throws CustodyError ROW_MALFORMED for an escape that COPY does not write or a byte that it would have escaped.
 */
export function decodeCopyRow(row: Uint8Array): CopyField[] {
  return splitFields(row).map(decodeField);
}

/** The one encoding of these fields. {@link decodeCopyRow} gives them back. */
export function encodeCopyRow(fields: readonly CopyField[]): Uint8Array {
  const chunks = fields.map(encodeField);
  const out = new Uint8Array(
    chunks.reduce((sum, chunk) => sum + chunk.length + 1, -1) + (fields.length ? 0 : 1),
  );
  let at = 0;
  for (const [i, chunk] of chunks.entries()) {
    if (i > 0) out[at++] = TAB;
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

/** The raw fields, still escaped, as views into `row`. */
export function splitFields(row: Uint8Array): Uint8Array[] {
  const fields: Uint8Array[] = [];
  let from = 0;
  for (let at = row.indexOf(TAB); at >= 0; at = row.indexOf(TAB, from)) {
    fields.push(row.subarray(from, at));
    from = at + 1;
  }
  fields.push(row.subarray(from));
  return fields;
}

/** One raw field. @throws CustodyError ROW_MALFORMED */
export function decodeField(raw: Uint8Array): CopyField {
  if (raw.length === 2 && raw[0] === BACKSLASH) {
    if (raw[1] === LETTER_N) return null;
    if (raw[1] === LETTER_M) return MASKED;
  }
  const out = new Uint8Array(raw.length);
  let length = 0;
  for (let i = 0; i < raw.length; i++) {
    let byte = raw[i]!;
    if (byte === BACKSLASH) {
      const letter = raw[++i];
      const unescaped = letter === undefined ? undefined : UNESCAPES.get(letter);
      if (unescaped === undefined)
        throw new CustodyError('ROW_MALFORMED', 'an escape that COPY does not write');
      byte = unescaped;
    } else if (ESCAPES.has(byte)) {
      throw new CustodyError('ROW_MALFORMED', 'a control byte that COPY would have escaped');
    }
    out[length++] = byte;
  }
  return out.subarray(0, length);
}

function encodeField(field: CopyField): Uint8Array {
  if (field === null) return Uint8Array.of(BACKSLASH, LETTER_N);
  if (field === MASKED) return Uint8Array.of(BACKSLASH, LETTER_M);
  const out: number[] = [];
  for (const byte of field) {
    const letter = ESCAPES.get(byte);
    if (letter === undefined) out.push(byte);
    else out.push(BACKSLASH, letter);
  }
  return Uint8Array.from(out);
}
