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
