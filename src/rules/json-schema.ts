import { CustodyError } from '../errors.ts';
import { pointerTo } from './json-pointer.ts';

/**
 * JSON Schema (draft 2020-12), of which only these keywords are known: what the declarations of plans and profiles need.
 * `uniqueItems` is for lists of texts.
 */
export interface Schema {
  readonly type?: TypeName | readonly TypeName[];
  readonly const?: string | boolean;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: true;
  readonly items?: Schema;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | false;
}

export type TypeName = 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object';

export interface SchemaFault {
  /** JSON pointer to what is wrong; of a key that nobody knows, to the key. */
  readonly pointer: string;
  readonly keyword: keyof Schema;
  /** What it must be: `must be one of T, R, S`. */
  readonly message: string;
}

type Plain = Readonly<Record<string, unknown>>;
type Checked = Exclude<keyof Schema, (typeof OTHERS)[number]>;

/** Keywords that say something of a value's parts. */
const OTHERS = ['items', 'required', 'properties', 'additionalProperties'] as const;

/** In the order in which faults are told: what is wrong with the value, or false. */
const CHECKS: { [K in Checked]: (wanted: NonNullable<Schema[K]>, value: unknown) => string | false } = {
  type: (names, value) =>
    ![names].flat().some((name) => TYPES[name](value)) && `must be ${[names].flat().join(' or ')}`,
  const: (only, value) => value !== only && `must be ${only}`,
  enum: (names, value) => !names.some((name) => name === value) && `must be one of ${names.join(', ')}`,
  minimum: number((least, n) => n < least && `must be at least ${least}`),
  maximum: number((most, n) => n > most && `must be at most ${most}`),
  exclusiveMinimum: number((bound, n) => n <= bound && `must be more than ${bound}`),
  minLength: text((least, s) => lengthOf(s) < least && `must have at least ${counted(least, 'character')}`),
  maxLength: text((most, s) => lengthOf(s) > most && `must have at most ${counted(most, 'character')}`),
  pattern: text((pattern, s) => !new RegExp(pattern, 'u').test(s) && `must match ${pattern}`),
  minItems: list((least, { length }) => length < least && `must have at least ${counted(least, 'item')}`),
  maxItems: list((most, { length }) => length > most && `must have at most ${counted(most, 'item')}`),
  uniqueItems: list((_: true, items) => isTwice(items) && 'must not have an item twice'),
  minProperties: keys((least, { length }) => length < least && `must have at least ${counted(least, 'key')}`),
  maxProperties: keys((most, { length }) => length > most && `must have at most ${counted(most, 'key')}`),
};

const TYPES: Record<TypeName, (value: unknown) => boolean> = {
  string: (value) => typeof value === 'string',
  number: Number.isFinite,
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  array: Array.isArray,
  object: isPlain,
};

/**
 * All faults of a value as JSON or YAML gives it, parents first. It descends no deeper than the schema does, and costs
 * time in proportion to the value.
 * @throws CustodyError INTERNAL for a keyword that is not known here: nothing that a schema says is passed over.
 */
export function* faultsIn(schema: Schema, value: unknown, pointer = ''): Generator<SchemaFault> {
  for (const keyword of Object.keys(schema))
    if (!Object.hasOwn(CHECKS, keyword) && !OTHERS.some((other) => other === keyword))
      throw new CustodyError('INTERNAL', `no such keyword of JSON Schema here: ${keyword}`);
  for (const [keyword, check] of Object.entries(CHECKS) as [Checked, (typeof CHECKS)[Checked]][]) {
    const message = Object.hasOwn(schema, keyword) && check(schema[keyword] as never, value);
    if (message !== false) yield { pointer, keyword, message };
  }
  if (Array.isArray(value) && schema.items) {
    for (const [i, item] of value.entries()) yield* faultsIn(schema.items, item, pointerTo(pointer, i));
  } else if (isPlain(value)) {
    const { required = [], properties = {}, additionalProperties: others } = schema;
    for (const key of required)
      if (!Object.hasOwn(value, key))
        yield { pointer, keyword: 'required', message: `must have the key ${JSON.stringify(key)}` };
    for (const [key, item] of Object.entries(value)) {
      if (others === undefined || Object.hasOwn(properties, key)) continue;
      const at = pointerTo(pointer, key);
      if (others) yield* faultsIn(others, item, at);
      else
        yield {
          pointer: at,
          keyword: 'additionalProperties',
          message: `unknown key ${JSON.stringify(key)}`,
        };
    }
    for (const [key, inner] of Object.entries(properties))
      if (Object.hasOwn(value, key)) yield* faultsIn(inner, value[key], pointerTo(pointer, key));
  }
}

type Check<W, V> = (wanted: W, value: V) => string | false;

/** A keyword says nothing of values of another type. */
function number(check: Check<number, number>): Check<number, unknown> {
  return (wanted, value) => typeof value === 'number' && check(wanted, value);
}

function text<W>(check: Check<W, string>): Check<W, unknown> {
  return (wanted, value) => typeof value === 'string' && check(wanted, value);
}

function list<W>(check: Check<W, readonly unknown[]>): Check<W, unknown> {
  return (wanted, value) => Array.isArray(value) && check(wanted, value);
}

function keys(check: Check<number, readonly string[]>): Check<number, unknown> {
  return (wanted, value) => isPlain(value) && check(wanted, Object.keys(value));
}

/** What JSON has as objects: no dates, no bytes, no sets, which YAML has as well. */
function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function isTwice(items: readonly unknown[]): boolean {
  const texts = items.filter((item) => typeof item === 'string');
  return new Set(texts).size < texts.length;
}

/** Characters are code points (JSON Schema Validation, section 6.3.1; RFC 8259). */
function lengthOf(text: string): number {
  return text.replace(/[\uD800-\uDBFF][\uDC00-\uDFFF]/g, '_').length;
}

function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
