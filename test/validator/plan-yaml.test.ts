import { describe, expect, it } from 'vitest';
import { readAs } from '../../src/rules/declare.ts';
import { planForm } from '../../src/rules/plan-form.ts';
import { PLAN_SCHEMA, type PlanDocument } from '../../src/rules/plan-schema.ts';
import { PROFILE_SCHEMA, type ProfileDocument } from '../../src/rules/profile-schema.ts';
import { yamlValue } from '../../src/rules/yaml.ts';
import { utf8 } from '../objects/support.ts';
import { refusedWith } from '../support/refusals.ts';

const read = (text: string): unknown => yamlValue(utf8(text));
const planOf = (text: string): PlanDocument => readAs(PLAN_SCHEMA, read(text), 'plan');
const profileOf = (text: string): ProfileDocument => readAs(PROFILE_SCHEMA, read(text), 'profile');

const PLAN = `# a comment
custody: plan/2
name: "one more"
engine: sqlite
source: &source { file: a.sqlite, kind: fixture }
executor:
  file: b.sql
preflight:
  - name: none
    sql: >
      SELECT count(*)
      FROM t
    expect: 0
delta: { t: { inserted: 1 } }
timeLimit: 1.5
`;

describe('a plan file', () => {
  it('is read as YAML, with comments, blocks and defaults', () => {
    const form = planForm(planOf(PLAN));
    expect(form).toMatchObject({
      name: 'one more',
      preflight: [{ name: 'none', sql: 'SELECT count(*) FROM t\n', expect: '0' }],
      boundary: { tables: ['t'], allow: [] },
      legs: ['T', 'R'],
      timeLimit: 1500,
    });
  });

  it('may use anchors', () => {
    const text = PLAN.replace('"one more"', '&name one').replace('name: none', 'name: *name');
    expect(planForm(planOf(text)).preflight[0]!.name).toBe('one');
  });

  it.each([
    ['a key more', PLAN.replace('delta:', 'hidden: 1\ndelta:'), 'OBJECT_FIELD_UNKNOWN'],
    ['a key less', PLAN.replace('name: "one more"\n', ''), 'OBJECT_FIELD_INVALID'],
    ['null for nothing', PLAN.replace('1.5', ''), 'OBJECT_FIELD_INVALID'],
    ['a list for a map', PLAN.replace('{ t: { inserted: 1 } }', '[]'), 'OBJECT_FIELD_INVALID'],
    ['half a row', PLAN.replace('inserted: 1 ', 'inserted: 0.5 '), 'OBJECT_FIELD_INVALID'],
    ['less than no rows', PLAN.replace('inserted: 1 ', 'inserted: -1 '), 'OBJECT_FIELD_INVALID'],
    ['no number', PLAN.replace('1.5', '.nan'), 'OBJECT_FIELD_INVALID'],
    [
      'a digest in capitals',
      PLAN.replace('b.sql', `b.sql\n  sha256: ${'A'.repeat(64)}`),
      'OBJECT_FIELD_INVALID',
    ],
    ['a date', PLAN.replace('"one more"', '!!timestamp 2001-01-01'), 'OBJECT_FIELD_INVALID'],
    ['itself', PLAN.replace('{ t: { inserted: 1 } }', '&d { t: *d }'), 'OBJECT_FIELD_UNKNOWN'],
  ])('with %s is refused', (_, text, code) => {
    expect(refusedWith(() => planOf(text))).toBe(code);
  });
});

const PROFILE = `custody: profile/2
name: x
production: { hosts: [db.invalid], urls: [], paths: [], databases: [] }
surfaces:
  - { id: van, title: a van, how: { action: call, words: [van], isolation: { sqlite: [a] } }, explanation: it costs }
claims: { subjects: [REAL], verdicts: [DONE] }
preflight: [{ name: marked, sql: SELECT 1, expect: 1 }]
probes:
  plan: p.yaml
  control: { id: C, name: as it is }
  cases: [{ id: B, name: bad, command: verify, expected: LEG_MISSING, evidence: { edit: drop-leg, leg: T } }]
`;
const LEAST = `custody: profile/2
name: x
production: { hosts: [], urls: [], paths: [], databases: [] }
surfaces: []
claims: { subjects: [], verdicts: [] }
`;

describe('a profile', () => {
  it('is read as it stands, all of it', () => {
    expect(profileOf(PROFILE)).toEqual(read(PROFILE));
    expect(profileOf(LEAST)).toMatchObject({ surfaces: [] });
  });

  it('has no keys that nobody knows', () => {
    for (const text of [
      PROFILE.replace('name: x', 'name: x\nfuture: [1]'),
      PROFILE.replace('id: van', 'id: van, more: 1'),
    ])
      expect(refusedWith(() => profileOf(text))).toBe('OBJECT_FIELD_UNKNOWN');
  });

  it.each([
    ['another version', LEAST.replace('profile/2', 'profile/1')],
    ['a plan', LEAST.replace('profile/2', 'plan/2')],
    ['a list', '[]'],
    ['no surfaces', LEAST.replace('surfaces: []\n', '')],
    ['no claims', LEAST.replace(/claims.*\n/, '')],
    ['no production', LEAST.replace(/production.*\n/, '')],
    ['half of production', LEAST.replace('hosts: [], ', '')],
    ['half of the claims', LEAST.replace(', verdicts: []', '')],
    ['a host that is a number', PROFILE.replace('[db.invalid]', '[1]')],
    ['a subject that is a list', PROFILE.replace('[REAL]', '[[REAL]]')],
    ['a text for words', PROFILE.replace('words: [van]', 'words: van')],
    ['null for words', PROFILE.replace('words: [van]', 'words: ')],
    ['a map of surfaces', LEAST.replace('surfaces: []', 'surfaces: {}')],
    ['a surface without an id', PROFILE.replace('id: van, ', '')],
    ['a surface that says not how', PROFILE.replace(/how: .*\} \}/, 'how: {}')],
    ['a surface without any how', PROFILE.replace(/how: .*\} \}, /, '')],
    ['assertions that are none', PROFILE.replace('sqlite: [a]', 'sqlite: [true]')],
    ['a gate without SQL', PROFILE.replace('sql: SELECT 1, ', '')],
    ['a gate that expects a boolean', PROFILE.replace('expect: 1', 'expect: true')],
    ['a word that is too long', PROFILE.replace('[van]', `[${'x'.repeat(201)}]`)],
    ['too many words', PROFILE.replace('[van]', `[${'x,'.repeat(1001)}]`)],
    ['a list of probes', LEAST + 'probes: []'],
    ['no control', LEAST + 'probes: {}'],
  ])('with %s is none', (_, text) => {
    expect(refusedWith(() => profileOf(text))).toBe('OBJECT_FIELD_INVALID');
  });

  it('knows each way in which a surface is known to be untouched', () => {
    for (const text of [PROFILE.replace('words:', 'sentences:'), PROFILE.replace('sqlite:', 'mysql:')])
      expect(refusedWith(() => profileOf(text))).toBe('OBJECT_FIELD_UNKNOWN');
  });
});

describe('hostile YAML ends', () => {
  const many = (n: number, line: (i: number) => string, between = '\n'): string =>
    Array.from({ length: n }, (_, i) => line(i)).join(between);

  it.each([
    ['flow lists in flow lists', '['.repeat(100_000)],
    ['maps in maps', many(1_000, (i) => `${' '.repeat(i)}a:`)],
    ['lists in lists', '- '.repeat(100_000)],
    ['questions', '? '.repeat(100_000)],
    ['the same key', many(20_000, () => 'a: 1')],
    ['errors', 'a: @\n'.repeat(20_000)],
    ['commas', `[${','.repeat(50_000)}]`],
    ['documents', '---\n'.repeat(20_000)],
    ['aliases', `a: &a 1\n${many(20_000, (i) => `k${i}: *a`)}`],
    [
      'aliases of aliases',
      `a: &a [x]\n${many(60, (i) => `k${i}: &k${i} [*a, *a, *a, *a]`)}\nz: [${many(60, (i) => `*k${i}`, ', ')}]`,
    ],
    ['an anchor that is nowhere', 'a: *b'],
    ['merge keys', 'a: &a { b: 1 }\n<<: *a\nc: *d'],
    ['keys that are lists', '? [a]\n: 1'],
    ['more than 1 MiB', ' '.repeat(1_048_577)],
  ])('%s: refused', (_, text) => {
    expect(refusedWith(() => read(text))).toBe('PLAN_SYNTAX');
  });

  it('what holds itself, or is without end, is read no further than a profile goes', () => {
    const patch = (value: string): string => PROFILE.replace('evidence:', `plan: ${value}, evidence:`);
    expect(refusedWith(() => profileOf(patch('&p { a: *p, b: [*p, *p] }')))).toBe('none');
    expect(refusedWith(() => profileOf(PROFILE.replace('[REAL]', '&p [*p, *p]')))).toBe(
      'OBJECT_FIELD_INVALID',
    );
    const surfaces = `surfaces: &s [${'{},'.repeat(100_000)}]`;
    expect(refusedWith(() => profileOf(LEAST.replace('surfaces: []', surfaces)))).toBe(
      'OBJECT_FIELD_INVALID',
    );
    const unknown = '{ __proto__: { hosts: [] }, constructor: 1 }';
    expect(refusedWith(() => profileOf(LEAST.replace(/\{ hosts.*/, unknown)))).toBe('OBJECT_FIELD_INVALID');
    expect(refusedWith(() => profileOf(`${LEAST}__proto__: {}`))).toBe('OBJECT_FIELD_UNKNOWN');
  });

  it.each([
    ['20,000 keys', many(20_000, (i) => `k${i}: 1`)],
    ['20,000 anchors', many(20_000, (i) => `k${i}: &a${i} 1`)],
    ['a long text', `a: "${'x '.repeat(400_000)}"`],
    ['empty lines', `a:${'\n'.repeat(100_000)}b: 1`],
  ])('%s: read', (_, text) => {
    expect(refusedWith(() => read(text))).toBe('none');
  });
});
