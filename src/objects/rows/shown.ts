import type { Table } from '../snapshots/diff.ts';
import { TextBytes } from './key.ts';
import { MASKED } from './masked.ts';
import type { RowValue } from './row.ts';

/**
 * A value with its type, as JSON (spec/FORMAT.md, "Comparing"): NULL is null, text a string, and anything else an object of one
 * field. So no two values that differ look alike, and no digit is lost. Of PostgreSQL every value that is not NULL is
 * the text that COPY printed: its type is the column's.
 */
export type Shown =
  | null
  | string
  | { readonly integer: string }
  | { readonly real: string }
  /** Hexadecimal. */
  | { readonly blob: string }
  /** Hexadecimal: text whose bytes are no UTF-8. */
  | { readonly textBytes: string }
  | { readonly masked: true };

export function shownValue(format: Table['format'], value: RowValue): Shown {
  if (value === null || typeof value === 'string') return value;
  if (value === MASKED) return { masked: true };
  if (typeof value === 'bigint') return { integer: value.toString() };
  if (typeof value === 'number') return { real: realText(value) };
  const bytes = Buffer.from(value instanceof TextBytes ? value.bytes : value);
  if (!(value instanceof TextBytes) && format === 'sqlite-record') return { blob: bytes.toString('hex') };
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? text : { textBytes: bytes.toString('hex') };
}

export function sameShown(a: Shown, b: Shown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/**
 * A value for people: `NULL`, `1`, `1.0`, `x'…'`, `(masked)`, and text as it is, but in quotes where it would read as one
 * of these.
 */
export function plainValue(value: Shown): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return LIKE_ANOTHER.test(value) ? `'${value}'` : value;
  if ('masked' in value) return '(masked)';
  if ('integer' in value) return value.integer;
  if ('real' in value) return value.real;
  return `x'${'blob' in value ? value.blob : value.textBytes}'`;
}

/** `null`, `text`, `integer`, `real`, `blob`, `masked`; text that is no UTF-8 is `text bytes`. */
export function shownType(value: Shown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return 'text';
  if ('textBytes' in value) return 'text bytes';
  return Object.keys(value)[0]!;
}

const LIKE_ANOTHER = /^(?:NULL|\(masked\)|x'.*'|'.*'|-?[0-9.]+(?:e[-+]?[0-9]+)?|-?Infinity|)$/is;

/** The shortest digits that read back as the same real, with a point or an exponent: no integer looks like it. */
function realText(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  const digits = String(value);
  return /^-?[0-9]+$/.test(digits) ? `${digits}.0` : digits;
}
