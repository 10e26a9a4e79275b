import { describe, expect, it } from 'vitest';
import { planForm } from '../../src/objects/plan-form.ts';
import { yamlValue } from '../../src/objects/yaml.ts';
import { planDocument, profileProbes } from '../../src/validator/plan/document.ts';
import { codeOf, utf8 } from '../objects/support.ts';

const read = (text: string): unknown => yamlValue(utf8(text));

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
    const form = planForm(planDocument(read(PLAN)));
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
    expect(planForm(planDocument(read(text))).preflight[0]!.name).toBe('one');
  });

  it.each([
    ['a key more', PLAN.replace('delta:', 'hidden: 1\ndelta:'), 'OBJECT_FIELD_UNKNOWN'],
    ['a key less', PLAN.replace('name: "one more"\n', ''), 'OBJECT_FIELD_INVALID'],
    ['null for nothing', PLAN.replace('1.5', ''), 'OBJECT_FIELD_INVALID'],
    ['a list for a map', PLAN.replace('{ t: { inserted: 1 } }', '[]'), 'OBJECT_FIELD_INVALID'],
    ['half a row', PLAN.replace('inserted: 1 ', 'inserted: 0.5 '), 'OBJECT_FIELD_INVALID'],
    ['less than no rows', PLAN.replace('inserted: 1 ', 'inserted: -1 '), 'OBJECT_FIELD_INVALID'],
    ['no number', PLAN.replace('1.5', '.nan'), 'OBJECT_FIELD_INVALID'],
    ['a digest in capitals', PLAN.replace('b.sql', `b.sql\n  sha256: ${'A'.repeat(64)}`), 'DIGEST_MALFORMED'],
    ['a date', PLAN.replace('"one more"', '!!timestamp 2001-01-01'), 'OBJECT_FIELD_INVALID'],
    ['itself', PLAN.replace('{ t: { inserted: 1 } }', '&d { t: *d }'), 'OBJECT_FIELD_UNKNOWN'],
  ])('with %s is refused', (_, text, code) => {
    expect(codeOf(() => planDocument(read(text)))).toBe(code);
  });
});

describe('a profile', () => {
  it('says which probes there must be: the control, then the cases', () => {
    const text = `custody: profile/1
name: x
probes:
  plan: p.yaml
  control: { id: C, name: as it is }
  cases: [{ id: B, name: bad, command: verify, expected: LEG_MISSING, evidence: { edit: drop-leg } }]
`;
    expect(profileProbes(read(text)).probes).toEqual([
      { id: 'C', name: 'as it is', expected: null },
      { id: 'B', name: 'bad', expected: 'LEG_MISSING' },
    ]);
    expect(profileProbes(read('custody: profile/1')).probes).toEqual([]);
  });

  it.each(['custody: plan/2', '[]', 'custody: profile/1\nprobes: []', 'custody: profile/1\nprobes: {}'])(
    'is none: %s',
    (text) => {
      expect(codeOf(() => profileProbes(read(text)))).toBe('OBJECT_FIELD_INVALID');
    },
  );
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
    expect(codeOf(() => read(text))).toBe('PLAN_SYNTAX');
  });

  it.each([
    ['20,000 keys', many(20_000, (i) => `k${i}: 1`)],
    ['20,000 anchors', many(20_000, (i) => `k${i}: &a${i} 1`)],
    ['a long text', `a: "${'x '.repeat(400_000)}"`],
    ['empty lines', `a:${'\n'.repeat(100_000)}b: 1`],
  ])('%s: read', (_, text) => {
    expect(codeOf(() => read(text))).toBeUndefined();
  });
});
