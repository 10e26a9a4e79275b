import { TextBytes } from '../../../objects/rows/key.ts';
import { MASKED } from '../../../objects/rows/masked.ts';
import type { RowValue } from '../../../objects/rows/row.ts';
import { CustodyError } from '../../../errors.ts';

/** `encoding` of a snapshot's facts: what CAST from a blob reads text as. */
export type TextEncoding = 'UTF-8' | 'UTF-16le' | 'UTF-16be';

/** Characters that a reader of the script may not see or that may break a line: such text is written as bytes. */
const UNSAFE = /[\p{Cc}\p{Cf}\u2028\u2029]/u;

/** Exactly this value as SQLite reads it, with its storage class. @throws INTERNAL for a masked value. */
export function sqliteLiteral(value: RowValue, encoding: TextEncoding): string {
  if (value === null) return 'NULL';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return realLiteral(value);
  if (typeof value === 'string')
    return UNSAFE.test(value) ? textOfBytes(encoded(value, encoding)) : `'${value.replaceAll("'", "''")}'`;
  if (value instanceof TextBytes)
    return textOfBytes(encoding === 'UTF-8' ? value.bytes : encoded(fromWtf8(value.bytes), encoding));
  if (value === MASKED) throw new CustodyError('INTERNAL', 'a masked value was to be written');
  return `x'${Buffer.from(value).toString('hex')}'`;
}

/** CAST reads a blob in the encoding of the database (https://www.sqlite.org/lang_expr.html#castexpr). */
function textOfBytes(bytes: Uint8Array): string {
  return `CAST(x'${Buffer.from(bytes).toString('hex')}' AS TEXT)`;
}

function encoded(text: string, encoding: TextEncoding): Uint8Array {
  if (encoding === 'UTF-8') return Buffer.from(text);
  const units = Buffer.from(text, 'utf16le');
  return encoding === 'UTF-16be' ? units.swap16() : units;
}

/** The inverse of how UTF-16 text with lone surrogates is stored (spec/FORMAT.md, "SQLite snapshots"). */
function fromWtf8(bytes: Uint8Array): string {
  let text = '';
  let from = 0;
  for (let at = 0; at < bytes.length; at++) {
    // ED A0..BF xx is a surrogate, which UTF-8 does not have.
    if (bytes[at] !== 0xed || (bytes[at + 1] ?? 0) < 0xa0) continue;
    text += Buffer.from(bytes.subarray(from, at)).toString();
    text += String.fromCharCode(0xd000 | ((bytes[at + 1]! & 0x3f) << 6) | ((bytes[at + 2] ?? 0) & 0x3f));
    from = at + 3;
    at += 2;
  }
  return text + Buffer.from(bytes.subarray(from)).toString();
}

/** 2^62, the largest power of two that is an integer literal. */
const STEP = 62;

/**
 * A decimal number where every SQLite reads it as exactly this value, else an expression of integers and powers of two
 * that is exact in any binary64 arithmetic: SQLite promises only 15 digits (https://www.sqlite.org/floatingpoint.html).
 */
export function realLiteral(value: number): string {
  if (value === Infinity) return '9e999';
  if (value === -Infinity) return '-9e999';
  if (Object.is(value, -0)) return '-0.0';
  const sign = value < 0 ? '-' : '';
  const size = Math.abs(value);
  const [digits = '', exponent = '0'] = size.toExponential().split('e');
  const significant = digits.replace('.', '');
  if (isExactDecimal(BigInt(significant), Number(exponent) - significant.length + 1, size))
    return sign + decimal(String(size));
  const { mantissa, power } = parts(size);
  const operator = power < 0 ? '/' : '*';
  let text = `CAST(${sign}${mantissa} AS REAL)`;
  for (let left = Math.abs(power); left > 0; left -= STEP)
    text += ` ${operator} ${2n ** BigInt(Math.min(left, STEP))}`;
  return `(${text})`;
}

/** With a point or an exponent: else it would be an integer. */
function decimal(text: string): string {
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** `size` as mantissa * 2^power, the mantissa odd. */
function parts(size: number): { mantissa: bigint; power: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, size);
  const bits = view.getBigUint64(0);
  const field = Number(bits >> 52n);
  let mantissa = (bits & 0xfffffffffffffn) | (field === 0 ? 0n : 1n << 52n);
  let power = Math.max(field, 1) - 1075;
  while ((mantissa & 1n) === 0n) {
    mantissa >>= 1n;
    power++;
  }
  return { mantissa, power };
}

/**
 * Whether digits * 10^exponent is read as `size` by one multiplication or division, rounded to 53 bits at once (binary64)
 * or to 64 bits first (x87 `long double`, which SQLite used before version 3.43).
 */
function isExactDecimal(digits: bigint, exponent: number, size: number): boolean {
  if (digits >= 2n ** 53n || Math.abs(exponent) > 22) return false;
  const scale = 10n ** BigInt(Math.abs(exponent));
  const once = exponent < 0 ? Number(digits) / Number(scale) : Number(digits) * Number(scale);
  const [above, below] = exponent < 0 ? [digits, scale] : [digits * scale, 1n];
  return once === size && roundedTo64(above, below) === size;
}

/** above / below, rounded half to even to 64 bits, then to 53. */
function roundedTo64(above: bigint, below: bigint): number {
  // Scaled so that the quotient has at least 64 bits.
  const shift = BigInt(Math.max(0, 66 + below.toString(2).length - above.toString(2).length));
  let quotient = (above << shift) / below;
  const inexact = (above << shift) % below !== 0n;
  const surplus = BigInt(quotient.toString(2).length - 64);
  if (surplus > 0n) {
    const half = 1n << (surplus - 1n);
    const rest = quotient & ((1n << surplus) - 1n);
    quotient >>= surplus;
    if (rest > half || (rest === half && (inexact || (quotient & 1n) === 1n))) quotient++;
    quotient <<= surplus;
  }
  // Number() of a BigInt rounds half to even; dividing by a power of two is exact here.
  return Number(quotient) / 2 ** Number(shift);
}
