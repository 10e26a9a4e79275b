import { CustodyError } from '../../errors.ts';
import type { Value } from '../../objects/codec.ts';
import { parseDigest } from '../../objects/digest.ts';
import type { PlanDocument } from '../../objects/plan-form.ts';
import * as s from '../../objects/schema.ts';

/**
 * A plan file, field by field: what the plan's JSON Schema says of keys and types (SPEC.md, "Plans"). Lengths and
 * patterns are the runner's affair; what a plan means is judged by the form that is made of it.
 */
const text: s.Field<string> = s.text;
const digest: s.Field<string> = (value, path) => parseDigest(text(value, path));
const count: s.Field<number> = (value, path) =>
  Number.isSafeInteger(value) ? s.uint(value, path) : invalid(path, 'a count');
const number: s.Field<number> = (value, path) =>
  Number.isFinite(value) ? (value as number) : invalid(path, 'a number');
const words: s.Field<readonly string[]> = s.list(text);
const scalar: s.Field<string | number | boolean> = (value, path) =>
  typeof value === 'boolean' ? value : textOrNumber(value, path);
const yes: s.Field<true> = (value, path) => (value === true ? true : invalid(path, 'true'));

function textOrNumber(value: Value | undefined, path: string): string | number {
  return typeof value === 'string' ? value : number(value, path);
}

function optional<T>(field: s.Field<T>): s.Field<T | undefined> {
  return (value, path) => (value === undefined ? undefined : field(value, path));
}

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

/** What a profile says that a rehearsal under it must show: its probes. */
export interface ProfileProbes {
  /** As they are listed: the control, then the cases. A control is expected to be refused with nothing. */
  readonly probes: readonly {
    readonly id: string;
    readonly name: string;
    readonly expected: string | null;
  }[];
}

/** A profile; of its other keys nothing is judged here. @throws as {@link planDocument}. */
export function profileProbes(value: unknown): ProfileProbes {
  const profile = value as Value;
  if (!s.isMap(profile) || profile['custody'] !== 'profile/1') return invalid('profile', 'a profile');
  const { probes } = profile;
  if (probes === undefined) return { probes: [] };
  if (!s.isMap(probes)) return invalid('profile/probes', 'a map');
  const control = probe(probes['control'], 'profile/probes/control');
  const cases = s.list((item, path) => ({
    ...probe(item, path),
    expected: text(s.isMap(item) ? item['expected'] : undefined, `${path}/expected`),
  }))(probes['cases'], 'profile/probes/cases');
  return { probes: [{ ...control, expected: null }, ...cases] };
}

function probe(value: Value | undefined, path: string): { id: string; name: string } {
  if (!s.isMap(value)) return invalid(path, 'a map');
  return { id: text(value['id'], `${path}/id`), name: text(value['name'], `${path}/name`) };
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

function invalid(path: string, wanted: string): never {
  throw new CustodyError('OBJECT_FIELD_INVALID', `${path} must be ${wanted}`, { path });
}
