import { listOf, object, optional, type Of } from './declare.ts';

/**
 * The one declaration of a plan file, a JSON Schema (draft 2020-12): runner and validator read by it, its type follows from
 * it, and `schemas/plan.schema.json` is printed from it, with what scripts/schema-texts.ts tells editors. Unknown keys are refused everywhere; spec/REHEARSAL.md, "Plans", has the meaning of each key. What the parts of a plan must be to each other (nothing twice, say) is not asked
 * here: the runner's plan-check.ts and the validator's checks/plan.ts ask it, with codes of their own.
 */
const name = { type: 'string', minLength: 1, maxLength: 200 } as const;
/** Words that a packet's README shows: one line, no control characters, nothing that turns the text around. */
const line = { ...name, pattern: '^[^\\p{Cc}\\p{Bidi_Control}\\u2028\\u2029]*$' } as const;
const reason = {
  type: 'string',
  minLength: 3,
  maxLength: 2000,
  pattern: '^(?=.*\\S)[^\\p{Cc}\\p{Bidi_Control}\\u2028\\u2029]*$',
} as const;
export const sha256 = { type: 'string', pattern: '^[0-9a-f]{64}$' } as const;
const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
const sql = { type: 'string', minLength: 1, maxLength: 100_000 } as const;
const expect = { type: ['string', 'number'] } as const;

const script = object({
  file: name,
  sha256: optional(sha256),
  includes: optional(listOf(object({ file: name, sha256 }), 1000)),
});

export const PLAN_SCHEMA = object({
  custody: { const: 'plan/2' },
  name: line,
  macro: optional(line),
  engine: { enum: ['sqlite', 'postgres'] },
  profile: optional(object({ file: name, sha256 })),
  actions: optional(listOf(line, 100)),
  source: object({
    file: name,
    kind: { enum: ['surrogate', 'fixture', 'real-dump'] },
    marker: optional(line),
    sha256: optional(sha256),
  }),
  executor: script,
  rollback: optional(script),
  approval: optional(
    object({
      by: line,
      reference: optional(line),
      executor: sha256,
      rollback: optional(sha256),
    }),
  ),
  session: optional({
    type: 'object',
    maxProperties: 50,
    additionalProperties: { type: ['string', 'number', 'boolean'] },
  }),
  preflight: optional(listOf(object({ name: line, sql, expect }), 100)),
  boundary: optional(
    object({
      mode: optional({ const: 'insert-only' }),
      tables: optional(listOf(name, 10_000)),
      allow: optional(
        listOf(object({ action: { enum: ['update', 'delete'] }, table: name, reason }), 10_000),
      ),
    }),
  ),
  delta: {
    type: 'object',
    additionalProperties: object(
      { inserted: optional(count), updated: optional(count), deleted: optional(count) },
      { minProperties: 1 },
    ),
  },
  postconditions: optional(
    listOf(
      object({
        name: line,
        sql,
        expect: optional(expect),
        unchanged: optional({ const: true }),
        at: optional({ enum: ['applied', 'back'] }),
      }),
      100,
    ),
  ),
  clock: optional(listOf(object({ table: name, column: name, reason }), 10_000)),
  bounded: optional(listOf(object({ effect: { enum: ['sequence'] }, name, reason }), 10_000)),
  legs: optional(listOf({ enum: ['T', 'R', 'S'] }, 3)),
  isolation: optional(listOf(line, 50)),
  timeLimit: optional({ type: 'number', exclusiveMinimum: 0, maximum: 86_400 }),
});

/** A plan file. */
export type PlanDocument = Of<typeof PLAN_SCHEMA>;
export type ScriptDocument = PlanDocument['executor'];
export type GateDocument = NonNullable<PlanDocument['preflight']>[number];
