import { CustodyError } from '../errors.ts';
import { faultsIn, type Schema, type TypeName } from './json-schema.ts';

/**
 * Small builders of JSON Schemas that keep what they are given as types, so that one literal declares a file for readers,
 * for editors and for the compiler: `Of<typeof PLAN_SCHEMA>` is a plan.
 */
const OPTIONAL = Symbol('optional');
interface Optional {
  readonly [OPTIONAL]: true;
}

/** A key that may be left out. The mark is a symbol: nobody sees it in the printed schema. */
export function optional<const S extends Schema>(schema: S): S & Optional {
  return { ...schema, [OPTIONAL]: true };
}

interface Closed<F> {
  readonly type: 'object';
  readonly additionalProperties: false;
  readonly required: readonly string[];
  readonly properties: F;
}

/** A map with exactly these keys. */
export function object<const F extends Readonly<Record<string, Schema>>>(
  properties: F,
  more: Pick<Schema, 'minProperties'> = {},
): Closed<F> {
  const required = Object.keys(properties).filter((key) => !(OPTIONAL in properties[key]!));
  return { type: 'object', additionalProperties: false, required, properties, ...more };
}

interface List<S> {
  readonly type: 'array';
  readonly items: S;
}

export function listOf<const S extends Schema>(
  items: S,
  maxItems: number,
  more: Pick<Schema, 'minItems' | 'uniqueItems'> = {},
): List<S> {
  return { type: 'array', items, maxItems, ...more } as List<S>;
}

/**
 * A value as what its schema declares.
 * @param name what it is, for messages and paths.
 * @throws CustodyError OBJECT_FIELD_UNKNOWN, OBJECT_FIELD_INVALID: the first fault.
 */
export function readAs<const S extends Schema>(schema: S, value: unknown, name: string): Of<S> {
  for (const { pointer, keyword, message } of faultsIn(schema, value)) {
    const code = keyword === 'additionalProperties' ? 'OBJECT_FIELD_UNKNOWN' : 'OBJECT_FIELD_INVALID';
    throw new CustodyError(code, `${name}${pointer} ${message}`, { path: `${name}${pointer}` });
  }
  return value as Of<S>;
}

/** What a schema admits, as a type. */
export type Of<S> = S extends { readonly const: infer C }
  ? C
  : S extends { readonly enum: readonly (infer E)[] }
    ? E
    : S extends Closed<infer P>
      ? Flat<
          { readonly [K in keyof P as P[K] extends Optional ? never : K]: Of<P[K]> } & {
            readonly [K in keyof P as P[K] extends Optional ? K : never]?: Of<P[K]>;
          }
        >
      : S extends List<infer I>
        ? readonly Of<I>[]
        : S extends { readonly additionalProperties: infer A }
          ? Readonly<Record<string, Of<A>>>
          : S extends { readonly type: infer T }
            ? Types[Extract<T extends readonly (infer U)[] ? U : T, TypeName>]
            : unknown;

type Flat<T> = { readonly [K in keyof T]: T[K] };

interface Types {
  string: string;
  number: number;
  integer: number;
  boolean: boolean;
  array: readonly unknown[];
  object: Readonly<Record<string, unknown>>;
}
