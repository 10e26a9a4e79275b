/**
 * The JSON Schema (draft 2020-12) of a plan file. Unknown keys are refused everywhere; SPEC.md, "Plans", has the
 * meaning of each key.
 */
const name = { type: 'string', minLength: 1, maxLength: 200 };
/** Words that a packet's README shows: one line, no control characters, nothing that turns the text around. */
const line = { ...name, pattern: '^[^\\p{Cc}\\p{Bidi_Control}\\u2028\\u2029]*$' };
const reason = {
  type: 'string',
  minLength: 3,
  maxLength: 2000,
  pattern: '^(?=.*\\S)[^\\p{Cc}\\p{Bidi_Control}\\u2028\\u2029]*$',
};
const sha256 = { type: 'string', pattern: '^[0-9a-f]{64}$' };
const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };

export const PLAN_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'custody:plan/1',
  title: 'Custody rehearsal plan',
  type: 'object',
  additionalProperties: false,
  required: ['custody', 'name', 'engine', 'source', 'executor', 'delta'],
  properties: {
    custody: { const: 'plan/1', description: 'Format of this file.' },
    name: { ...line, description: 'What is rehearsed, for people.' },
    macro: { ...line, description: 'The mandate under which it is rehearsed; named in the packet.' },
    engine: { enum: ['sqlite', 'postgres'] },
    source: {
      type: 'object',
      additionalProperties: false,
      required: ['file', 'kind'],
      properties: {
        file: { ...name, description: 'A database file or a plain dump, relative to the plan.' },
        kind: { enum: ['surrogate', 'fixture', 'real-dump'] },
        marker: {
          ...line,
          description: 'What marks generated data, for example GENERATED_SURROGATE_NOT_REAL_PRODUCTION_DUMP.',
        },
        sha256: { ...sha256, description: 'Pins the bytes of the file.' },
      },
    },
    executor: {
      type: 'object',
      additionalProperties: false,
      required: ['file'],
      properties: {
        file: { ...name, description: 'The SQL script that makes the change, relative to the plan.' },
        sha256: { ...sha256, description: 'Pins the bytes of the script.' },
      },
    },
    session: {
      type: 'object',
      maxProperties: 50,
      additionalProperties: { type: ['string', 'number', 'boolean'] },
      description: 'Settings (PostgreSQL) or pragmas (SQLite) of the session that runs the executor.',
    },
    preflight: {
      type: 'array',
      maxItems: 100,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'sql', 'expect'],
        properties: {
          name,
          sql: {
            type: 'string',
            minLength: 1,
            maxLength: 100_000,
            description: 'Gives one row of one column.',
          },
          expect: {
            type: ['string', 'number'],
            description: 'A value, compared as text, or a comparison of numbers: ">= 1", "== 0".',
          },
        },
      },
    },
    boundary: {
      type: 'object',
      additionalProperties: false,
      properties: {
        mode: { const: 'insert-only' },
        tables: { type: 'array', items: name, maxItems: 10_000, uniqueItems: true },
      },
    },
    delta: {
      type: 'object',
      minProperties: 1,
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        minProperties: 1,
        properties: { inserted: count, updated: count, deleted: count },
      },
      description:
        'Rows by table that the change inserts, updates and deletes; every other table stays as it is.',
    },
    clock: {
      type: 'array',
      maxItems: 10_000,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['table', 'column', 'reason'],
        properties: { table: name, column: name, reason },
      },
      description: 'Columns whose new values come from the clock or from randomness.',
    },
    bounded: {
      type: 'array',
      maxItems: 10_000,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['effect', 'name', 'reason'],
        properties: { effect: { enum: ['sequence'] }, name, reason },
      },
      description: 'Effects that ROLLBACK does not undo and that are accepted in leg T.',
    },
    legs: { type: 'array', items: { enum: ['T', 'R'] }, minItems: 1, uniqueItems: true },
    timeLimit: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 86_400,
      description: 'Seconds that a script may run.',
    },
  },
} as const;
