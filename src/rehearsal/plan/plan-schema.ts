/**
 * The JSON Schema (draft 2020-12) of a plan file; `schemas/plan.schema.json` is printed from it, for editors. Unknown keys
 * are refused everywhere; SPEC.md, "Plans", has the meaning of each key.
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
const sql = {
  type: 'string',
  minLength: 1,
  maxLength: 100_000,
  description: 'Gives one row of one column.',
};
const expect = {
  type: ['string', 'number'],
  description: 'A value, compared as text, or a comparison of numbers: ">= 1", "== 0".',
};

function object(required: string[], properties: Record<string, unknown>, more: object = {}): object {
  return { type: 'object', additionalProperties: false, required, properties, ...more };
}

function list(items: object, maxItems: number, more: object = {}): object {
  return { type: 'array', items, maxItems, ...more };
}

function script(what: string): object {
  return object(['file'], {
    file: { ...name, description: `${what}, relative to the plan.` },
    sha256: { ...sha256, description: 'Pins the bytes of the script.' },
    includes: list(object(['file', 'sha256'], { file: name, sha256 }), 1000, {
      description: 'Every file that the script includes with \\i or \\ir, relative to the plan, pinned.',
    }),
  });
}

export const PLAN_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'custody:plan/2',
  title: 'Custody rehearsal plan',
  ...object(['custody', 'name', 'engine', 'source', 'executor', 'delta'], {
    custody: { enum: ['plan/2', 'plan/1'], description: 'Format of this file.' },
    name: { ...line, description: 'What is rehearsed, for people.' },
    macro: { ...line, description: 'The mandate under which it is rehearsed; named in the packet.' },
    engine: { enum: ['sqlite', 'postgres'] },
    profile: object(
      ['file', 'sha256'],
      { file: { ...name, description: 'A profile, relative to the plan.' }, sha256 },
      { description: "A team's rules: what looks like production, forbidden surfaces, probes." },
    ),
    actions: list(line, 100, {
      uniqueItems: true,
      description:
        'Actions beyond a rehearsal that the plan asks for. None is ever permitted: they are refused by name.',
    }),
    source: object(['file', 'kind'], {
      file: { ...name, description: 'A database file or a plain dump, relative to the plan.' },
      kind: { enum: ['surrogate', 'fixture', 'real-dump'] },
      marker: {
        ...line,
        description: 'What marks generated data, for example GENERATED_SURROGATE_NOT_REAL_PRODUCTION_DUMP.',
      },
      sha256: { ...sha256, description: 'Pins the bytes of the file.' },
    }),
    executor: script('The SQL script that makes the change'),
    rollback: script('The SQL script that takes the committed change back (leg S)'),
    approval: object(
      ['by', 'executor'],
      {
        by: { ...line, description: 'Who approved the package.' },
        reference: { ...line, description: 'Where the approval stands.' },
        executor: { ...sha256, description: 'Digest of the approved executor, its includes expanded.' },
        rollback: {
          ...sha256,
          description: 'Digest of the approved rollback script, its includes expanded.',
        },
      },
      { description: 'The approved package. Another digest triggers the rollback.' },
    ),
    session: {
      type: 'object',
      maxProperties: 50,
      additionalProperties: { type: ['string', 'number', 'boolean'] },
      description: 'Settings (PostgreSQL) or pragmas (SQLite) of the session that runs the scripts.',
    },
    preflight: list(object(['name', 'sql', 'expect'], { name: line, sql, expect }), 100, {
      description: 'Gates: asked before anything runs, and again inside each leg before it applies.',
    }),
    boundary: object([], {
      mode: { const: 'insert-only' },
      tables: list(name, 10_000, { uniqueItems: true, description: 'Tables that may grow.' }),
      allow: list(
        object(['action', 'table', 'reason'], {
          action: { enum: ['update', 'delete'] },
          table: name,
          reason,
        }),
        10_000,
        { description: 'What the change may do beyond inserting, each with a reason.' },
      ),
    }),
    delta: {
      type: 'object',
      minProperties: 1,
      additionalProperties: object(
        [],
        { inserted: count, updated: count, deleted: count },
        { minProperties: 1 },
      ),
      description:
        'Rows by table that the change inserts, updates and deletes; every other table stays as it is.',
    },
    postconditions: list(
      object(['name', 'sql'], {
        name: line,
        sql,
        expect,
        unchanged: { const: true, description: 'Instead of expect: the answer is that of the before-state.' },
        at: {
          enum: ['applied', 'back'],
          description:
            'back (the default): after each way back. applied: while the change is applied; what is not met there is a false "done", which triggers the rollback.',
        },
      }),
      100,
    ),
    clock: list(object(['table', 'column', 'reason'], { table: name, column: name, reason }), 10_000, {
      description: 'Columns whose new values come from the clock or from randomness.',
    }),
    bounded: list(
      object(['effect', 'name', 'reason'], { effect: { enum: ['sequence'] }, name, reason }),
      10_000,
      {
        description:
          'Effects that a way back does not undo and that are accepted: after ROLLBACK (leg T, PostgreSQL) and after the rollback script (leg S).',
      },
    ),
    legs: list({ enum: ['T', 'R', 'S'] }, 3, { minItems: 1, uniqueItems: true }),
    isolation: list(line, 50, {
      uniqueItems: true,
      description: 'Assertions about isolation that must hold beyond those that always must.',
    }),
    timeLimit: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 86_400,
      description: 'Seconds that a script may run.',
    },
  }),
} as const;

/** Keys that `plan/1` does not have. */
export const SINCE_PLAN_2 = [
  'profile',
  'actions',
  'rollback',
  'approval',
  'postconditions',
  'isolation',
] as const;
