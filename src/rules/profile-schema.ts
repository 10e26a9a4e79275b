import { listOf, object, optional, type Of } from './declare.ts';
import type { Schema } from './json-schema.ts';
import { sha256 } from './plan-schema.ts';

/**
 * The one declaration of a profile, a JSON Schema (draft 2020-12): runner and validator read by it, its type follows from
 * it, and `schemas/profile.schema.json` is printed from it, with what scripts/schema-texts.ts tells editors. Unknown keys are refused everywhere; spec/REHEARSAL.md, "Profiles", has the meaning of each key.
 */
const line = {
  type: 'string',
  minLength: 1,
  maxLength: 2000,
  pattern: '^(?=.*\\S)[^\\p{Cc}\\p{Bidi_Control}\\u2028\\u2029]*$',
} as const;
const id = { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$' } as const;
const file = { ...line, maxLength: 200 } as const;
/** Nothing that could be meant as a pattern. */
const word = {
  type: 'string',
  minLength: 2,
  maxLength: 200,
  pattern: '^[^\\s\\p{Cc}*?\\[\\]]+$',
} as const;
/** The same for a path, whose names may hold spaces. */
const place = {
  ...word,
  pattern: '^[^\\s\\p{Cc}*?\\[\\]]+( +[^\\s\\p{Cc}*?\\[\\]]+)*$',
} as const;
const phrase = {
  type: 'string',
  maxLength: 200,
  pattern: '^[\\p{L}\\p{N}]+([ _-][\\p{L}\\p{N}]+)*$',
} as const;

/** What is looked for in every text must be few and short. */
const MAX_ITEMS = 1000;

function words<const S extends Schema>(item: S, more: Pick<Schema, 'minItems'> = {}) {
  return listOf(item, MAX_ITEMS, { uniqueItems: true, ...more });
}

const assertions = words(line, { minItems: 1 });

const surface = object({
  id,
  title: line,
  how: object(
    {
      isolation: optional(
        object({ sqlite: optional(assertions), postgres: optional(assertions) }, { minProperties: 1 }),
      ),
      action: optional(phrase),
      words: optional(words(phrase, { minItems: 1 })),
    },
    { minProperties: 1 },
  ),
  explanation: line,
});

const probe = object({
  id,
  name: line,
  command: { enum: ['rehearse', 'verify'] },
  expected: { type: 'string', pattern: '^[A-Z][A-Z_]+$' },
  plan: optional({
    type: 'object',
  }),
  executor: optional({
    type: 'string',
    maxLength: 100_000,
  }),
  evidence: optional(
    object({
      edit: { enum: ['drop-leg', 'not-compared', 'after-is-entry', 'drop-isolation'] },
      leg: optional({ enum: ['T', 'R', 'S'] }),
    }),
  ),
});

export const PROFILE_SCHEMA = object({
  custody: { const: 'profile/2' },
  name: { ...line, maxLength: 200 },
  macro: optional({ ...line, maxLength: 200 }),
  status: optional(object({ accepted: line, rejected: line, default: line })),
  production: object({
    hosts: words(word),
    urls: words(word),
    paths: words(place),
    databases: words(word),
  }),
  surfaces: listOf(surface, MAX_ITEMS),
  claims: object({ subjects: words(phrase), verdicts: words(phrase) }),
  preflight: optional(
    listOf(
      object({
        name: line,
        sql: { type: 'string', minLength: 1, maxLength: 100_000 },
        expect: { type: ['string', 'number'] },
      }),
      MAX_ITEMS,
    ),
  ),
  probes: optional(
    object({
      plan: file,
      control: object({ id, name: line }),
      cases: listOf(probe, MAX_ITEMS, { minItems: 1 }),
    }),
  ),
  surrogate: optional(
    object({
      sql: object({ file, sha256 }),
      spec: {
        type: 'object',
        minProperties: 1,
      },
      marker: line,
      sha256,
      expected: optional(object({ deterministic_db_sha256: sha256, generator_sha256: sha256 })),
    }),
  ),
  ci: optional(
    object({
      id,
      question: line,
      classification: line,
      status: line,
      actor: line,
      next_action: line,
      explanation: line,
    }),
  ),
  blockers: optional(
    listOf(
      object({ id, item: line, status: line, actor_needed: line, next_action: line, blocks: line }),
      MAX_ITEMS,
    ),
  ),
  validator: optional(
    object({
      expected: {
        type: 'string',
        pattern: '^([0-9a-f]{64}|[0-9a-f]{6,32}…[0-9a-f]{6,32})$',
      },
    }),
  ),
});

/** A profile file. */
export type ProfileDocument = Of<typeof PROFILE_SCHEMA>;
export type ProfileSurface = ProfileDocument['surfaces'][number];
export type Probe = NonNullable<ProfileDocument['probes']>['cases'][number];
