import { CustodyError } from '../../errors.ts';
import type { Value } from '../../objects/codec.ts';
import * as s from '../../objects/schema.ts';

/** What files in YAML hold beside what objects do: numbers with a point, keys that may be left out. */
export const number: s.Field<number> = (value, path) =>
  Number.isFinite(value) ? (value as number) : invalid(path, 'a number');

export const textOrNumber: s.Field<string | number> = (value, path) =>
  typeof value === 'string' ? value : number(value, path);

export function optional<T>(field: s.Field<T>): s.Field<T | undefined> {
  return (value, path) => (value === undefined ? undefined : field(value, path));
}

/** A map with at least these fields; of others nothing is read. @throws OBJECT_FIELD_INVALID. */
export function part<F extends s.Fields>(fields: F): s.Field<s.Shape<F>> {
  const known = s.record(fields);
  return (value, path) => {
    if (!s.isMap(value)) return invalid(path, 'a map');
    const read: [string, Value][] = Object.entries(value).filter(([key]) => Object.hasOwn(fields, key));
    return known(Object.fromEntries(read), path);
  };
}

export function invalid(path: string, wanted: string): never {
  throw new CustodyError('OBJECT_FIELD_INVALID', `${path} must be ${wanted}`, { path });
}
