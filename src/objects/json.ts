import { CustodyError } from '../errors.ts';
import { Link } from './link.ts';

/**
 * An object as JSON for people and for packets: links and bytes as lower-case hex, integers beyond 2^53 as text, fields
 * in the order of the object. One way only: what is judged are the objects themselves.
 */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export function toJson(value: unknown): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return value;
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (value instanceof Link) return value.digest;
  if (Array.isArray(value)) return value.map(toJson);
  const out: { [key: string]: Json } = {};
  if (typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) if (item !== undefined) out[key] = toJson(item);
  }
  return out;
}

/** The one text of a JSON file in a packet: two spaces, a line feed at the end. */
export function jsonFile(value: unknown): string {
  return `${JSON.stringify(toJson(value), null, 2)}\n`;
}

/** Bytes of a document: of a YAML file of 1 MiB, laid out. */
export const MAX_DOCUMENT = 4 * 1024 * 1024;
/** Collections around any part of a document: those of ours need ten, and writing is recursive. */
const MAX_NESTING = 60;

/**
 * The one text of a document that is judged (spec/REHEARSAL.md, "Judged documents"): values and the order of keys as in RFC 8785, laid out as
 * {@link jsonFile} does. @throws CustodyError OBJECT_NOT_CANONICAL for what has no JSON, is nested too deeply or too large.
 */
export function canonicalJson(value: unknown): Uint8Array {
  const text = `${written(value, '\n')}\n`;
  if (text.length > MAX_DOCUMENT) throw notCanonical('it is larger than 4 MiB');
  return new Uint8Array(Buffer.from(text));
}

/** @throws CustodyError OBJECT_NOT_CANONICAL where the bytes are not what {@link canonicalJson} writes. */
export function readCanonicalJson(bytes: Uint8Array): unknown {
  try {
    const value: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
    );
    if (Buffer.compare(canonicalJson(value), bytes) === 0) return value;
  } catch (error) {
    // What is no text, or no JSON.
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  throw notCanonical('it is not JSON in its one spelling: keys sorted, two spaces, a line feed at the end');
}

function written(value: unknown, line: string): string {
  if (line.length > 2 * MAX_NESTING) throw notCanonical('it is nested too deeply');
  const inner = `${line}  `;
  const listed = ([open, close]: string, items: string[]): string =>
    items.length === 0 ? `${open}${close}` : `${open}${inner}${items.join(`,${inner}`)}${line}${close}`;
  if (Array.isArray(value))
    return listed(
      '[]',
      value.map((item) => written(item, inner)),
    );
  if (typeof value === 'object' && value !== null)
    return listed(
      '{}',
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, item]) => `${plain(key)}: ${written(item, inner)}`),
    );
  return plain(value);
}

function plain(value: unknown): string {
  if (
    typeof value === 'string'
      ? value.isWellFormed()
      : value === null || typeof value === 'boolean' || Number.isFinite(value)
  )
    return JSON.stringify(value);
  throw notCanonical('it holds a value that JSON does not have');
}

function notCanonical(why: string): CustodyError {
  return new CustodyError('OBJECT_NOT_CANONICAL', why, {
    hint: 'Write it anew: custody rehearse makes it of what the YAML file says.',
  });
}
