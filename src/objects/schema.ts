import { CustodyError } from '../errors.ts';
import type { Value, ValueMap } from './codec.ts';
import { Link, type Codec } from './link.ts';

/**
 * Small, closed descriptions of an object's fields: unknown fields, missing fields and other types are refused.
 * Each field takes a value and its path (for the message) and returns it typed.
 */
export type Field<T> = (value: Value | undefined, path: string) => T;
export type Fields = Record<string, Field<unknown>>;
export type Shape<F extends Fields> = { readonly [K in keyof F]: ReturnType<F[K]> };

/** @throws CustodyError OBJECT_FIELD_INVALID */
export function invalid(path: string, wanted: string): never {
  throw new CustodyError('OBJECT_FIELD_INVALID', `${path} must be ${wanted}`, { path });
}

export const text: Field<string> = (value, path) =>
  typeof value === 'string' ? value : invalid(path, 'text');
export const bool: Field<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : invalid(path, 'a boolean');
/** An unsigned integer of at most 2^53 - 1. */
export const uint: Field<number> = (value, path) =>
  typeof value === 'number' && value >= 0 ? value : invalid(path, 'an unsigned integer below 2^53');
/** A signed integer of at most 64 bits. */
export const int: Field<number | bigint> = (value, path) =>
  typeof value === 'number' || typeof value === 'bigint' ? value : invalid(path, 'an integer');
export const bytes: Field<Uint8Array> = (value, path) =>
  value instanceof Uint8Array ? value : invalid(path, 'bytes');
/** 32 bytes: a SHA-256 of something that is not an object of ours (a whole file, say). */
export const hash: Field<Uint8Array> = (value, path) =>
  value instanceof Uint8Array && value.length === 32 ? value : invalid(path, '32 bytes');

export function link(...codecs: Codec[]): Field<Link> {
  return (value, path) =>
    value instanceof Link && codecs.includes(value.codec)
      ? value
      : invalid(path, `a link to ${codecs.join(' or ')}`);
}

export function nullable<T>(field: Field<T>): Field<T | null> {
  return (value, path) => (value === null ? null : field(value, path));
}

export function list<T>(item: Field<T>): Field<readonly T[]> {
  return (value, path) =>
    Array.isArray(value) ? value.map((v: Value, i) => item(v, `${path}/${i}`)) : invalid(path, 'a list');
}

/** A list of exactly these items in this order. */
export function tuple<T extends readonly unknown[]>(...items: { [K in keyof T]: Field<T[K]> }): Field<T> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length !== items.length) invalid(path, `a list of ${items.length}`);
    return items.map((item, i) => item((value as Value[])[i], `${path}/${i}`)) as unknown as T;
  };
}

export function oneOf<T extends string>(...names: T[]): Field<T> {
  return (value, path) => names.find((name) => name === value) ?? invalid(path, `one of ${names.join(', ')}`);
}

export function either<A, B>(
  a: (value: Value | undefined) => boolean,
  yes: Field<A>,
  no: Field<B>,
): Field<A | B> {
  return (value, path) => (a(value) ? yes(value, path) : no(value, path));
}

/** A map with exactly these fields. @throws OBJECT_FIELD_UNKNOWN, OBJECT_FIELD_INVALID. */
export function record<F extends Fields>(fields: F): Field<Shape<F>> {
  return (value, path) => {
    if (!isMap(value)) return invalid(path, 'a map');
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(fields, key)) {
        throw new CustodyError('OBJECT_FIELD_UNKNOWN', `${path} has no field ${JSON.stringify(key)}`, {
          path: `${path}/${key}`,
        });
      }
    }
    const out: Record<string, unknown> = {};
    for (const [key, field] of Object.entries(fields)) out[key] = field(value[key], `${path}/${key}`);
    return out as Shape<F>;
  };
}

/** A map whose keys are names that the object chooses, each to a value of one type. */
export function mapOf<T>(item: Field<T>): Field<Readonly<Record<string, T>>> {
  return (value, path) =>
    isMap(value)
      ? Object.fromEntries(Object.entries(value).map(([key, v]) => [key, item(v, `${path}/${key}`)]))
      : invalid(path, 'a map');
}

export function isMap(value: Value | undefined): value is ValueMap {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Link)
  );
}
