import { listOf, object, optional, type Of } from './declare.ts';
import type { Schema } from './json-schema.ts';
import { sha256 } from './plan-schema.ts';

/**
 * The one declaration of a profile, a JSON Schema (draft 2020-12): runner and validator read by it, its type follows from
 * it, and `schemas/profile.schema.json` is printed from it, for editors. Unknown keys are refused everywhere; SPEC.md,
 * "Profiles", has the meaning of each key.
 */
const line = {
  type: 'string',
  minLength: 1,
  maxLength: 2000,
  pattern: '^(?=.*\\S)[^\\p{Cc}\\p{Bidi_Control}\\u2028\\u2029]*$',
} as const;
const id = { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$' } as const;
const file = { ...line, maxLength: 200, description: 'Relative to the profile.' } as const;
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

function words<const S extends Schema>(item: S, more: Pick<Schema, 'description' | 'minItems'> = {}) {
  return listOf(item, MAX_ITEMS, { uniqueItems: true, ...more });
}

const assertions = words(line, { minItems: 1 });

const surface = object({
  id,
  title: line,
  how: object(
    {
      isolation: optional(
        object(
          { sqlite: optional(assertions), postgres: optional(assertions) },
          { minProperties: 1, description: 'By engine: assertions that together prevent it.' },
        ),
      ),
      action: optional({ ...phrase, description: "It would be asked for by this name in a plan's actions." }),
      words: optional(words(phrase, { minItems: 1, description: 'SQL that names one of them asks for it.' })),
    },
    { minProperties: 1, description: 'How it is known that the surface was not touched.' },
  ),
  explanation: line,
});

const probe = object({
  id,
  name: line,
  command: { enum: ['rehearse', 'verify'] },
  expected: { type: 'string', pattern: '^[A-Z][A-Z_]+$', description: 'An error code or a finding code.' },
  plan: optional({
    type: 'object',
    description:
      'A JSON merge patch (RFC 7396) on the control plan; ${SUBJECT+VERDICT} stands for that token.',
  }),
  executor: optional({
    type: 'string',
    maxLength: 100_000,
    description: 'The executor instead, with its new digest.',
  }),
  evidence: optional(
    object(
      {
        edit: { enum: ['drop-leg', 'not-compared', 'after-is-entry', 'drop-isolation'] },
        leg: optional({ enum: ['T', 'R', 'S'] }),
      },
      { description: "A fabrication: the control's evidence, changed, with an accepted verdict." },
    ),
  ),
});

export const PROFILE_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'custody:profile/2',
  title: 'Custody profile',
  ...object({
    custody: { const: 'profile/2', description: 'Format of this file.' },
    name: { ...line, maxLength: 200 },
    macro: optional({ ...line, maxLength: 200, description: 'The mandate under which is rehearsed.' }),
    status: optional(
      object(
        { accepted: line, rejected: line, default: line },
        { description: "The team's words in README.md: how it ended, and what remains whatever came out." },
      ),
    ),
    production: object(
      { hosts: words(word), urls: words(word), paths: words(place), databases: words(word) },
      { description: 'Literal words that name production; what names one is refused before it is opened.' },
    ),
    surfaces: listOf(surface, MAX_ITEMS, { description: 'What must not be touched.' }),
    claims: object(
      { subjects: words(phrase), verdicts: words(phrase) },
      { description: 'Forbidden tokens are SUBJECT_VERDICT, also with - or a space.' },
    ),
    preflight: optional(
      listOf(
        object({
          name: line,
          sql: { type: 'string', minLength: 1, maxLength: 100_000 },
          expect: { type: ['string', 'number'] },
        }),
        MAX_ITEMS,
        { description: 'Gates that every plan under this profile must have.' },
      ),
    ),
    probes: optional(
      object({
        plan: { ...file, description: 'The control plan, relative to the profile.' },
        control: object({ id, name: line }),
        cases: listOf(probe, MAX_ITEMS, { minItems: 1 }),
      }),
    ),
    surrogate: optional(
      object({
        sql: {
          ...object({ file, sha256 }),
          description: 'The script that makes the surrogate database.',
        },
        spec: {
          type: 'object',
          minProperties: 1,
          description: 'What it models and what it does not; any keys.',
        },
        marker: line,
        sha256: { ...sha256, description: 'Of the database that the script makes.' },
        expected: optional({
          ...object({ deterministic_db_sha256: sha256, generator_sha256: sha256 }),
          description: 'Digests that somebody else gave for the two: shown, never counted.',
        }),
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
          description: "A validator's SHA-256, whole or abbreviated: shown, never counted.",
        },
      }),
    ),
  }),
} as const;

/** A profile file. */
export type ProfileDocument = Of<typeof PROFILE_SCHEMA>;
export type ProfileSurface = ProfileDocument['surfaces'][number];
export type Probe = NonNullable<ProfileDocument['probes']>['cases'][number];
