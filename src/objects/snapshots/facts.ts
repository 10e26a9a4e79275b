import { CustodyError } from '../../errors.ts';
import { decode, encode, type Value } from '../codec.ts';
import type { ObjectOf } from '../kinds.ts';
import { findRow, rowBytes, type Row } from '../map-walk.ts';
import { boundKey, encodeKey } from '../rows/key.ts';
import { collect, type Walk } from '../walk.ts';

export type Pairs = readonly (readonly [name: string, value: string])[];
/** What a snapshot says of one fact: a text, or names with texts. */
export type Definition = string | Pairs;

/** A definition is content of a row, not an object of its own: a long one is stored in chunks. Bytes. */
const MAX_DEFINITION = 256 * 1_048_576;

export function encodeDefinition(definition: Definition): Uint8Array {
  const value = typeof definition === 'string' ? definition : definition.map(([name, text]) => [name, text]);
  return encode(value, MAX_DEFINITION);
}

/** @throws TREE_MALFORMED for anything that is no definition, and what decoding throws. */
export function readDefinition(bytes: Uint8Array): Definition {
  const value = decode(bytes, MAX_DEFINITION);
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every(isPair)) return value;
  throw new CustodyError('TREE_MALFORMED', 'a definition is neither a text nor a list of names and texts');
}

function isPair(value: Value): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((text) => typeof text === 'string');
}

/** A definition as people read it: its text, or `name: value` lines. @throws as {@link readDefinition}. */
export function definitionText(bytes: Uint8Array): string {
  const definition = readDefinition(bytes);
  return typeof definition === 'string' ? definition : definition.map((pair) => pair.join(': ')).join('\n');
}

/** The definition of the fact of this class and name as bytes, undefined where there is none. */
export function* findFact<T>(
  { facts }: Pick<ObjectOf<'snapshot'>, 'facts'>,
  of: string,
  ...name: string[]
): Walk<T, Uint8Array | undefined> {
  const map = Object.hasOwn(facts, of) ? facts[of] : undefined;
  if (!map) return undefined;
  const [row] = yield* collect<Row, T>(findRow(map, boundKey(encodeKey(name))));
  return row && (yield* rowBytes<T>(row));
}
