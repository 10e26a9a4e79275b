import { listOf, object, optional, type Of } from './declare.ts';

/**
 * The one declaration of a plan file, a JSON Schema (draft 2020-12): runner and validator read by it, its type follows from
 * it, and `schemas/plan.schema.json` is printed from it, for editors. Unknown keys are refused everywhere; SPEC.md,
 * "Plans", has the meaning of each key. What the parts of a plan must be to each other (nothing twice, say) is not asked
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
const sql = {
  type: 'string',
  minLength: 1,
  maxLength: 100_000,
  description: 'Gives one row of one column.',
} as const;
const expect = {
  type: ['string', 'number'],
  description: 'A value, compared as text, or a comparison of numbers: ">= 1", "== 0".',
} as const;

function script(what: string) {
  return object({
    file: { ...name, description: `${what}, relative to the plan.` },
    sha256: optional({ ...sha256, description: 'Pins the bytes of the script.' }),
    includes: optional(
      listOf(object({ file: name, sha256 }), 1000, {
        description: 'Every file that the script includes with \\i or \\ir, relative to the plan, pinned.',
      }),
    ),
  });
}

export const PLAN_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'custody:plan/2',
  title: 'Custody rehearsal plan',
  ...object({
    custody: { const: 'plan/2', description: 'Format of this file.' },
    name: { ...line, description: 'What is rehearsed, for people.' },
    macro: optional({
      ...line,
      description: 'The mandate under which it is rehearsed; named in the packet.',
    }),
    engine: { enum: ['sqlite', 'postgres'] },
    profile: optional(
      object(
        { file: { ...name, description: 'A profile, relative to the plan.' }, sha256 },
        { description: "A team's rules: what looks like production, forbidden surfaces, probes." },
      ),
    ),
    actions: optional(
      listOf(line, 100, {
        description:
          'Actions beyond a rehearsal that the plan asks for. None is ever permitted: they are refused by name.',
      }),
    ),
    source: object({
      file: { ...name, description: 'A database file or a plain dump, relative to the plan.' },
      kind: { enum: ['surrogate', 'fixture', 'real-dump'] },
      marker: optional({
        ...line,
        description: 'What marks generated data, for example GENERATED_SURROGATE_NOT_REAL_PRODUCTION_DUMP.',
      }),
      sha256: optional({ ...sha256, description: 'Pins the bytes of the file.' }),
    }),
    executor: script('The SQL script that makes the change'),
    rollback: optional(script('The SQL script that takes the committed change back (leg S)')),
    approval: optional(
      object(
        {
          by: { ...line, description: 'Who approved the package.' },
          reference: optional({ ...line, description: 'Where the approval stands.' }),
          executor: { ...sha256, description: 'Digest of the approved executor, its includes expanded.' },
          rollback: optional({
            ...sha256,
            description: 'Digest of the approved rollback script, its includes expanded.',
          }),
        },
        { description: 'The approved package. Another digest triggers the rollback.' },
      ),
    ),
    session: optional({
      type: 'object',
      maxProperties: 50,
      additionalProperties: { type: ['string', 'number', 'boolean'] },
      description: 'Settings (PostgreSQL) or pragmas (SQLite) of the session that runs the scripts.',
    }),
    preflight: optional(
      listOf(object({ name: line, sql, expect }), 100, {
        description: 'Gates: asked before anything runs, and again inside each leg before it applies.',
      }),
    ),
    boundary: optional(
      object({
        mode: optional({ const: 'insert-only' }),
        tables: optional(listOf(name, 10_000, { description: 'Tables that may grow.' })),
        allow: optional(
          listOf(object({ action: { enum: ['update', 'delete'] }, table: name, reason }), 10_000, {
            description: 'What the change may do beyond inserting, each with a reason.',
          }),
        ),
      }),
    ),
    delta: {
      type: 'object',
      additionalProperties: object(
        { inserted: optional(count), updated: optional(count), deleted: optional(count) },
        { minProperties: 1 },
      ),
      description:
        'Rows by table that the change inserts, updates and deletes; every other table stays as it is.',
    },
    postconditions: optional(
      listOf(
        object({
          name: line,
          sql,
          expect: optional(expect),
          unchanged: optional({
            const: true,
            description: 'Instead of expect: the answer is that of the before-state.',
          }),
          at: optional({
            enum: ['applied', 'back'],
            description:
              'back (the default): after each way back. applied: while the change is applied; what is not met there is a false "done", which triggers the rollback.',
          }),
        }),
        100,
      ),
    ),
    clock: optional(
      listOf(object({ table: name, column: name, reason }), 10_000, {
        description: 'Columns whose new values come from the clock or from randomness.',
      }),
    ),
    bounded: optional(
      listOf(object({ effect: { enum: ['sequence'] }, name, reason }), 10_000, {
        description:
          'Effects that a way back does not undo and that are accepted: after ROLLBACK (leg T, PostgreSQL) and after the rollback script (leg S).',
      }),
    ),
    legs: optional(listOf({ enum: ['T', 'R', 'S'] }, 3)),
    isolation: optional(
      listOf(line, 50, {
        description: 'Assertions about isolation that must hold beyond those that always must.',
      }),
    ),
    timeLimit: optional({
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 86_400,
      description: 'Seconds that a script may run.',
    }),
  }),
} as const;

/** A plan file. */
export type PlanDocument = Of<typeof PLAN_SCHEMA>;
export type ScriptDocument = PlanDocument['executor'];
export type GateDocument = NonNullable<PlanDocument['preflight']>[number];
