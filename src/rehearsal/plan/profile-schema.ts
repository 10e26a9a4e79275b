/**
 * The JSON Schema (draft 2020-12) of a profile; `schemas/profile.schema.json` is printed from it, for editors. Unknown
 * keys are refused everywhere; SPEC.md, "Profiles", has the meaning of each key.
 */
const line = {
  type: 'string',
  minLength: 1,
  maxLength: 2000,
  pattern: '^(?=.*\\S)[^\\p{Cc}\\p{Bidi_Control}\\u2028\\u2029]*$',
};
const id = { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$' };
const file = { ...line, maxLength: 200, description: 'Relative to the profile.' };
const sha256 = { type: 'string', pattern: '^[0-9a-f]{64}$' };
/** Nothing that could be meant as a pattern. */
const word = { type: 'string', minLength: 2, maxLength: 200, pattern: '^[^\\s\\p{Cc}*?\\[\\]]+$' };
/** The same for a path, whose names may hold spaces. */
const place = { ...word, pattern: '^[^\\s\\p{Cc}*?\\[\\]]+( +[^\\s\\p{Cc}*?\\[\\]]+)*$' };
const phrase = { type: 'string', maxLength: 200, pattern: '^[\\p{L}\\p{N}]+([ _-][\\p{L}\\p{N}]+)*$' };

function object(required: string[], properties: Record<string, unknown>, more: object = {}): object {
  return { type: 'object', additionalProperties: false, required, properties, ...more };
}

function list(items: object, more: object = {}): object {
  return { type: 'array', items, maxItems: 1000, uniqueItems: true, ...more };
}

const pinnedFile = object(['file', 'sha256'], { file, sha256 });
const assertions = list(line, { minItems: 1 });

const surface = object(['id', 'title', 'how', 'explanation'], {
  id,
  title: line,
  how: object(
    [],
    {
      isolation: object(
        [],
        { sqlite: assertions, postgres: assertions },
        { minProperties: 1, description: 'By engine: assertions that together prevent it.' },
      ),
      action: { ...phrase, description: "It would be asked for by this name in a plan's actions." },
      words: list(phrase, { minItems: 1, description: 'SQL that names one of them asks for it.' }),
    },
    { minProperties: 1, description: 'How it is known that the surface was not touched.' },
  ),
  explanation: line,
});

const probe = object(['id', 'name', 'command', 'expected'], {
  id,
  name: line,
  command: { enum: ['rehearse', 'verify'] },
  expected: { type: 'string', pattern: '^[A-Z][A-Z_]+$', description: 'An error code or a finding code.' },
  plan: {
    type: 'object',
    description:
      'A JSON merge patch (RFC 7396) on the control plan; ${SUBJECT+VERDICT} stands for that token.',
  },
  executor: { type: 'string', maxLength: 100_000, description: 'The executor instead, with its new digest.' },
  evidence: object(
    ['edit'],
    {
      edit: { enum: ['drop-leg', 'not-compared', 'after-is-entry', 'drop-isolation'] },
      leg: { enum: ['T', 'R', 'S'] },
    },
    { description: "A fabrication: the control's evidence, changed, with an accepted verdict." },
  ),
});

export const PROFILE_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'custody:profile/1',
  title: 'Custody profile',
  ...object(['custody', 'name', 'production', 'surfaces', 'claims'], {
    custody: { const: 'profile/1', description: 'Format of this file.' },
    name: { ...line, maxLength: 200 },
    macro: { ...line, maxLength: 200, description: 'The mandate under which is rehearsed.' },
    production: object(
      ['hosts', 'urls', 'paths', 'databases'],
      { hosts: list(word), urls: list(word), paths: list(place), databases: list(word) },
      { description: 'Literal words that name production; what names one is refused before it is opened.' },
    ),
    surfaces: list(surface, { description: 'What must not be touched.' }),
    claims: object(
      ['subjects', 'verdicts'],
      { subjects: list(phrase), verdicts: list(phrase) },
      { description: 'Forbidden tokens are SUBJECT_VERDICT, also with - or a space.' },
    ),
    preflight: list(
      object(['name', 'sql', 'expect'], {
        name: line,
        sql: { type: 'string', minLength: 1, maxLength: 100_000 },
        expect: { type: ['string', 'number'] },
      }),
      { description: 'Gates that every plan under this profile must have.' },
    ),
    probes: object(['plan', 'control', 'cases'], {
      plan: { ...file, description: 'The control plan, relative to the profile.' },
      control: object(['id', 'name'], { id, name: line }),
      cases: list(probe, { minItems: 1 }),
    }),
    surrogate: object(['sql', 'spec', 'marker', 'sha256'], {
      sql: { ...pinnedFile, description: 'The script that makes the surrogate database.' },
      spec: {
        type: 'object',
        minProperties: 1,
        description: 'What it models and what it does not; any keys.',
      },
      marker: line,
      sha256: { ...sha256, description: 'Of the database that the script makes.' },
    }),
    ci: object(['id', 'question', 'classification', 'status', 'actor', 'next_action', 'explanation'], {
      id,
      question: line,
      classification: line,
      status: line,
      actor: line,
      next_action: line,
      explanation: line,
    }),
    blockers: list(
      object(['id', 'item', 'status', 'actor_needed', 'next_action', 'blocks'], {
        id,
        item: line,
        status: line,
        actor_needed: line,
        next_action: line,
        blocks: line,
      }),
    ),
    validator: object(['expected'], {
      expected: {
        type: 'string',
        pattern: '^([0-9a-f]{64}|[0-9a-f]{6,32}…[0-9a-f]{6,32})$',
        description: "A validator's SHA-256, whole or abbreviated: shown, never counted.",
      },
    }),
  }),
} as const;
