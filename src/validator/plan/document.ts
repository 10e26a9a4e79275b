import type { Value } from '../../objects/codec.ts';
import { parseDigest } from '../../objects/digest.ts';
import type { PlanDocument } from '../../rules/plan-form.ts';
import * as s from '../../objects/schema.ts';
import { invalid, number, optional, textOrNumber } from './fields.ts';

/**
 * A plan file, field by field: what the plan's JSON Schema says of keys and types (SPEC.md, "Plans"). Lengths and
 * patterns are the runner's affair; what a plan means is judged by the form that is made of it.
 */
const text: s.Field<string> = s.text;
const digest: s.Field<string> = (value, path) => parseDigest(text(value, path));
const count: s.Field<number> = (value, path) =>
  Number.isSafeInteger(value) ? s.uint(value, path) : invalid(path, 'a count');
const words: s.Field<readonly string[]> = s.list(text);
const scalar: s.Field<string | number | boolean> = (value, path) =>
  typeof value === 'boolean' ? value : textOrNumber(value, path);
const yes: s.Field<true> = (value, path) => (value === true ? true : invalid(path, 'true'));

/** A map whose keys are names. */
function mapOf<T>(field: s.Field<T>): s.Field<Readonly<Record<string, T>>> {
  return (value, path) => {
    if (!s.isMap(value)) return invalid(path, 'a map');
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, field(item, `${path}/${name}`)]),
    );
  };
}

const script = s.record({
  file: text,
  sha256: optional(digest),
  includes: optional(s.list(s.record({ file: text, sha256: digest }))),
});

const document = s.record({
  custody: s.oneOf('plan/1', 'plan/2'),
  name: text,
  macro: optional(text),
  engine: s.oneOf('sqlite', 'postgres'),
  profile: optional(s.record({ file: text, sha256: digest })),
  actions: optional(words),
  source: s.record({
    file: text,
    kind: s.oneOf('surrogate', 'fixture', 'real-dump'),
    marker: optional(text),
    sha256: optional(digest),
  }),
  executor: script,
  rollback: optional(script),
  approval: optional(
    s.record({ by: text, reference: optional(text), executor: digest, rollback: optional(digest) }),
  ),
  session: optional(mapOf(scalar)),
  preflight: optional(s.list(s.record({ name: text, sql: text, expect: textOrNumber }))),
  boundary: optional(
    s.record({
      mode: optional(s.oneOf('insert-only')),
      tables: optional(words),
      allow: optional(s.list(s.record({ action: s.oneOf('update', 'delete'), table: text, reason: text }))),
    }),
  ),
  delta: mapOf(s.record({ inserted: optional(count), updated: optional(count), deleted: optional(count) })),
  postconditions: optional(
    s.list(
      s.record({
        name: text,
        sql: text,
        expect: optional(textOrNumber),
        unchanged: optional(yes),
        at: optional(s.oneOf('applied', 'back')),
      }),
    ),
  ),
  clock: optional(s.list(s.record({ table: text, column: text, reason: text }))),
  bounded: optional(s.list(s.record({ effect: s.oneOf('sequence'), name: text, reason: text }))),
  legs: optional(s.list(s.oneOf('T', 'R', 'S'))),
  isolation: optional(words),
  timeLimit: optional(number),
});

/** @throws CustodyError OBJECT_FIELD_INVALID, OBJECT_FIELD_UNKNOWN, DIGEST_MALFORMED. */
export function planDocument(value: unknown): PlanDocument {
  return withoutUndefined(document(value as Value, 'plan')) as PlanDocument;
}

/** A key that is not there is no key with nothing. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([name, item]) => [name, withoutUndefined(item)]),
  );
}
