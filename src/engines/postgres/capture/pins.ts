/**
 * Settings that decide how values and definitions are printed (spec/FORMAT.md, "PostgreSQL pins"). Each is set in
 * every transaction that captures.
 */
export const PINS: readonly (readonly [name: string, value: string])[] = [
  ['search_path', 'pg_catalog, pg_temp'],
  ['TimeZone', 'UTC'],
  ['DateStyle', 'ISO, MDY'],
  ['IntervalStyle', 'postgres'],
  ['extra_float_digits', '1'],
  ['bytea_output', 'hex'],
  ['client_encoding', 'UTF8'],
  ['lc_monetary', 'C'],
  ['lc_numeric', 'C'],
  ['lc_time', 'C'],
  ['xmlbinary', 'base64'],
  ['xmloption', 'content'],
  ['standard_conforming_strings', 'on'],
  ['quote_all_identifiers', 'off'],
  ['row_security', 'off'],
  ['statement_timeout', '0'],
  ['lock_timeout', '0'],
];

/** `SET LOCAL` for all of them. search_path is a list of names, not a text. */
export const PIN_SQL: string = PINS.map(([name, value]) =>
  name === 'search_path' ? `SET LOCAL search_path = ${value}` : `SET LOCAL ${name} = '${value}'`,
).join('; ');
