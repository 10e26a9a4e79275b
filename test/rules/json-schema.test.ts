import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readAs } from '../../src/rules/declare.ts';
import { faultsIn, type Schema } from '../../src/rules/json-schema.ts';
import { pointerTo } from '../../src/rules/json-pointer.ts';
import { PLAN_SCHEMA } from '../../src/rules/plan-schema.ts';
import { PROFILE_SCHEMA } from '../../src/rules/profile-schema.ts';
import { PROFILE } from '../../src/vectors/profile.ts';
import { controlOf } from '../../src/vectors/vectors.ts';
import { Draft } from '../../src/vectors/draft.ts';
import { refusedWith } from '../support/refusals.ts';

const FIX7 = resolve(import.meta.dirname, '../../profiles/fix7-p0');
const fix7 = (name: string): object => parse(readFileSync(resolve(FIX7, name), 'utf8')) as object;
const plans = [fix7('plan.yaml'), ...(['postgres-full', 'sqlite'] as const).map(planOf)];
const profiles = [fix7('profile.yaml'), parse(PROFILE) as object];

function planOf(control: Parameters<typeof controlOf>[0]): object {
  return new Draft(controlOf(control)).document;
}

const found = (schema: Schema, value: unknown): string[] =>
  [...new Set([...faultsIn(schema, value)].map(({ pointer }) => pointer))].sort();

describe('every keyword', () => {
  it.each<[Schema, good: unknown[], bad: unknown[]]>([
    [{ type: 'string' }, ['', 'a'], [1, null, [], {}, undefined]],
    [{ type: 'number' }, [0, -1.5], ['1', NaN, Infinity]],
    [{ type: 'integer' }, [0, 1e300], [0.5, NaN, Infinity, '1']],
    [{ type: 'boolean' }, [true, false], [0, 'true', null]],
    [{ type: 'array' }, [[], [1]], [{}, 'a', { length: 1 }]],
    [{ type: 'object' }, [{}], [[], null, new Map(), new Date(0), new Uint8Array(1), new Set()]],
    [{ type: ['string', 'number'] }, ['', 1], [true, null]],
    [{ const: true }, [true], [1, 'true', undefined]],
    [{ enum: ['a', 'b'] }, ['a', 'b'], ['c', ['a'], 1]],
    [{ minimum: 2 }, [2, 'a', NaN], [1.9]],
    [{ maximum: 2 }, [2, 'aaa'], [2.1, Infinity]],
    [{ exclusiveMinimum: 2 }, [2.1], [2, -Infinity]],
    // Characters are code points.
    [{ minLength: 2 }, ['ab', '😀😀', 1, []], ['', 'a', '😀']],
    [{ maxLength: 2 }, ['ab', '😀😀', 'é', [1, 2, 3]], ['abc', '😀😀😀', '\ud83d\ud83d\ud83d']],
    [{ pattern: '^\\p{L}.$' }, ['aa', 'a😀', 1], ['', '1a', 'a😀b']],
    [{ minItems: 1 }, [[1], '', {}], [[]]],
    [{ maxItems: 1 }, [[1], 'aa', { a: 1, b: 2 }], [[1, 1]]],
    [{ uniqueItems: true }, [[], [1, '1'], 'aa'], [['a', 'b', 'a']]],
    [{ minProperties: 1 }, [{ a: 1 }, []], [{}]],
    [{ maxProperties: 1 }, [{ a: 1 }, [1, 2]], [{ a: 1, b: 1 }]],
    [{ required: ['a', 'constructor'] }, [{ a: 1, constructor: 1 }, [], 'a'], [{ a: 1 }, { constructor: 1 }]],
  ])('%j', (schema, good, bad) => {
    for (const value of good) expect(found(schema, value)).toEqual([]);
    for (const value of bad) expect(found(schema, value)).toEqual(['']);
  });

  it.each<[Schema, unknown, pointers: string[]]>([
    [{ items: { type: 'string' } }, ['a', 1, 'b', 2], ['/1', '/3']],
    [{ properties: { 'a/b': { const: true } } }, { 'a/b': 1, c: 1 }, ['/a~1b']],
    [{ additionalProperties: { type: 'string' } }, { a: 'b', 'c~': 1 }, ['/c~0']],
    [{ properties: { a: {} }, additionalProperties: false }, { a: 1, b: 2, 'c/d': 3 }, ['/b', '/c~1d']],
    [{ properties: {}, additionalProperties: false }, JSON.parse('{"__proto__":1}'), ['/__proto__']],
    [{ additionalProperties: { type: 'string' } }, JSON.parse('{"__proto__":1}'), ['/__proto__']],
    [{ properties: { a: {} }, additionalProperties: false }, { toString: 1 }, ['/toString']],
  ])('%j says where: %j', (schema, value, pointers) => {
    expect(found(schema, value)).toEqual(pointers);
  });

  it('is known, or nothing is read by it', () => {
    const formatted = { type: 'string', format: 'date' } as Schema;
    expect(refusedWith(() => readAs(formatted, 'x', 'it'))).toBe('INTERNAL');
    for (const schema of [...partsOf(PLAN_SCHEMA), ...partsOf(PROFILE_SCHEMA)])
      expect(() => found(schema, undefined)).not.toThrow();
  });

  it('uniqueItems is asked of texts alone', () => {
    const asked = [...partsOf(PLAN_SCHEMA), ...partsOf(PROFILE_SCHEMA)].filter((part) => part.uniqueItems);
    expect(new Set(asked.map(({ items }) => items?.type))).toEqual(new Set(['string']));
  });
});

/** Every schema in a schema. */
function* partsOf(schema: Schema): Generator<Schema> {
  yield schema;
  const { items, additionalProperties, properties = {} } = schema;
  for (const part of [items, additionalProperties, ...Object.values(properties)])
    if (part) yield* partsOf(part);
}

describe('read as Ajv reads', () => {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
  const pointersOf = (validate: ValidateFunction, value: unknown): string[] => {
    validate(value);
    const pointers = (validate.errors ?? []).map(({ keyword, instancePath, params }) =>
      keyword === 'additionalProperties'
        ? pointerTo(instancePath, String((params as { additionalProperty: unknown }).additionalProperty))
        : instancePath,
    );
    return [...new Set(pointers)].sort();
  };

  it.each([
    ['plans', PLAN_SCHEMA, plans],
    ['profiles', PROFILE_SCHEMA, profiles],
  ] as const)('%s: the same verdict, the same places', (_, schema, documents) => {
    const validate = ajv.compile(schema);
    for (const document of documents) expect(found(schema, document)).toEqual([]);
    let faulty = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...documents),
        fc.array(EDIT, { minLength: 1, maxLength: 4 }),
        (document, edits) => {
          const value = structuredClone(document);
          for (const edit of edits) apply(value, edit);
          const places = found(schema, value);
          if (places.length > 0) faulty += 1;
          expect(places).toEqual(pointersOf(validate, value));
        },
      ),
      { numRuns: 1000 },
    );
    expect(faulty).toBeGreaterThan(100);
  });
});

interface Edit {
  readonly at: number;
  readonly how: 'set' | 'remove' | 'add';
  readonly value: unknown;
}

/** Values that lie on a bound of some schema, and any others. */
const EDIT: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(),
  how: fc.constantFrom('set' as const, 'set' as const, 'remove' as const, 'add' as const),
  value: fc.oneof(
    fc.jsonValue(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom<unknown>(
      ...[0, -1, 0.5, 2 ** 53, 86_400, 86_401, NaN, Infinity, null, true, '', ' ', 'ab', 'a\nb', '\u202e'],
      ...['😀'.repeat(200), 'x'.repeat(200), 'x'.repeat(201), 'y'.repeat(2000), 'y'.repeat(2001)],
      ...['a'.repeat(64), 'A'.repeat(64), 'sqlite', 'T', 'plan/1', 'insert-only', '/srv/a b', 'a*'],
      ...[[], {}, ['a', 'a'], [1], { inserted: 1 }, Array(101).fill('a'), Array(1001).fill('a')],
    ),
  ),
});

function apply(document: object, { at, how, value }: Edit): void {
  const places = placesIn(document);
  if (places.length === 0) return;
  const [parent, key] = places[at % places.length]!;
  if (how === 'remove') {
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else Reflect.deleteProperty(parent, key);
  } else {
    const name = how === 'set' || Array.isArray(parent) ? key : ['more', '__proto__', 'a/b~c'][at % 3]!;
    Object.defineProperty(parent, name, {
      value: structuredClone(value), // an edit's value is drawn more than once: a document may not share it
      ...{ writable: true, enumerable: true, configurable: true },
    });
  }
}

function placesIn(value: unknown): [parent: object, key: string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    [value, key] as [object, string],
    ...placesIn(inner),
  ]);
}
