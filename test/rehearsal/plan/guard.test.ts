import { describe, expect, it } from 'vitest';
import { findClaims } from '../../../src/rules/claims.ts';
import { PlanGuard } from '../../../src/rehearsal/plan/guard.ts';
import { parsePlan } from '../../../src/rehearsal/plan/plan.ts';
import { parseProfile, type Profile } from '../../../src/rehearsal/plan/profile.ts';

const PROFILE = `
custody: profile/2
name: a team
production: { hosts: [db.shop.invalid], urls: ['https://shop.invalid/db'], paths: [/srv/tills, sql/prod], databases: [tills] }
surfaces:
  - { id: van, title: a van, how: { action: call a van, words: [van, book courier] }, explanation: it costs money }
  - { id: feed, title: the feed, how: { action: feed }, explanation: at night }
claims: { subjects: [TILLS], verdicts: [DONE] }
preflight: [{ name: marked, sql: SELECT 1, expect: 1 }]
`;
const PLAN = [
  'custody: plan/2',
  'name: one delivery',
  'engine: sqlite',
  'source: { file: stock.sqlite, kind: fixture }',
  'executor: { file: a.sql }',
  'delta: { stock: { inserted: 1 } }',
  'preflight: [{ name: marked, sql: SELECT 1, expect: 1 }]',
];

interface Texts {
  readonly places: Parameters<PlanGuard['places']>[0];
  readonly scripts: Parameters<PlanGuard['scripts']>[0];
}

const profile = (): Promise<Profile> => parseProfile(Buffer.from(PROFILE), '/p/profile.yaml');

/** What the guard says of a plan: codes and where. */
async function guarded(
  { more = [], lines = PLAN }: { more?: string[]; lines?: string[] },
  { places = [], scripts = [] }: Partial<Texts> = {},
  rules?: Profile | null,
): Promise<[string, string][]> {
  const plan = await parsePlan(Buffer.from([...lines, ...more, ''].join('\n')), '/p/plan.yaml');
  const known = rules === null ? undefined : (rules ?? (await profile()));
  const guard = new PlanGuard(plan, known);
  const errors = [...guard.places(places), ...guard.plan(), ...guard.scripts(scripts)];
  for (const error of errors) {
    expect(error.hint).not.toBe('');
    const said = JSON.stringify([error.message, error.path, error.hint]);
    if (known) expect(findClaims(said, known.claims)).toEqual([]);
  }
  return errors.map(({ code, path }) => [code, path!.replace('/p/plan.yaml:', '')]);
}

const place = (written: string, ...resolved: string[]): Texts['places'] => [
  { pointer: '/source', written, resolved },
];
const replaced = (line: number, by: string): { lines: string[] } => ({
  lines: PLAN.map((old, i) => (i === line - 1 ? by : old)),
});

describe('the guard', () => {
  it('lets a plan pass that asks for nothing', async () => {
    const texts = {
      places: place('stock.sqlite', '/home/u/stock.sqlite'),
      scripts: [{ path: 'a.sql', text: 'INSERT INTO stock VALUES (1); -- no van' }],
    };
    expect(await guarded({}, texts)).toEqual([]);
    expect(await guarded({}, texts, null)).toEqual([]);
  });

  it.each([
    'https://example.invalid/a.sqlite',
    'postgres://u@h/db',
    'file:a.sqlite',
    'db.example.invalid:5432',
    'user@host:/var/a.sqlite',
    'host:a.sqlite',
    '[::1]:5432',
    '//server/share/a.sqlite',
    '\\\\server\\share\\a.sqlite',
    '/net/server/a.sqlite',
    '/run/user/1000/gvfs/sftp/a.sqlite',
    'host=db dbname=app',
    'C:a.sqlite',
  ])('refuses what is no path on this machine, with and without a profile: %s', async (written) => {
    expect(await guarded({}, { places: place(written) })).toEqual([['TARGET_PRODUCTION', '4']]);
    expect(await guarded({}, { places: place(written) }, null)).toEqual([['TARGET_PRODUCTION', '4']]);
  });

  it.each([
    ['a host', 'mirror/DB.shop.invalid/a.sqlite'],
    ['a path', '/srv/tills/a.sqlite'],
    ['a path itself', '/srv/tills'],
    ['a path in another spelling', '/SRV//tills/./a.sqlite'],
    ['a relative path anywhere', '../x/sql/prod/99.sql'],
    ['a database', 'copies/Tills.sqlite'],
    ['a database with words beside it', 'copies/tills-2026_copy.db'],
    ['a URL in a name', 'x/https://shop.invalid/db/a'],
  ])('refuses what names %s of production', async (_, written) => {
    expect(await guarded({}, { places: place(written) })).toEqual([['TARGET_PRODUCTION', '4']]);
    expect(await guarded({}, { places: place('a', written) })).toEqual([['TARGET_PRODUCTION', '4']]);
    expect(await guarded({}, { places: place('a', '/x/a', written) })).toEqual([['TARGET_PRODUCTION', '4']]);
    expect(await guarded({}, { places: place(written) }, null)).toEqual([]);
  });

  it.each([
    './a:b.sqlite',
    '/home/u/a:5432',
    'mydb.shop.invalid.sqlite',
    '/data/srv/tills/a',
    '/srv/tillsx/a',
    '/srv/till',
    'tills/a.sqlite',
    'untills.sqlite',
    'sql/production/a',
    'prod/sql/a',
  ])('lets %s pass', async (written) => {
    expect(await guarded({}, { places: place(written) })).toEqual([]);
  });

  it('names every action, with and without a profile', async () => {
    const more = ['actions: [Call-A-Van, other]'];
    expect(await guarded({ more })).toEqual([
      ['SURFACE_FORBIDDEN', '8'],
      ['SURFACE_FORBIDDEN', '8'],
    ]);
    expect(await guarded({ more }, {}, null)).toHaveLength(2);
  });

  it('refuses the words of a surface in scripts and queries, outside of comments', async () => {
    const scripts = [
      { path: 'a.sql', text: "-- van\nINSERT INTO stock VALUES ('VAN');" },
      { path: 'back.sql', text: 'SELECT fn_book_courier(1)' },
      { path: 'inc.sql', text: '/* book courier */ SELECT caravan' },
    ];
    expect(await guarded({}, { scripts })).toEqual([
      ['SURFACE_FORBIDDEN', 'a.sql:2'],
      ['SURFACE_FORBIDDEN', 'back.sql:1'],
    ]);
    const sql =
      'preflight: [{ name: marked, sql: SELECT 1, expect: 1 }, { name: v, sql: SELECT van, expect: 1 }]';
    expect(await guarded(replaced(7, sql))).toEqual([['SURFACE_FORBIDDEN', '7']]);
    const more = ['postconditions:', '  - { name: v, sql: SELECT van(), expect: 1 }'];
    expect(await guarded({ more })).toEqual([['SURFACE_FORBIDDEN', '9']]);
  });

  it.each([
    ['name', replaced(2, 'name: tills done'), '2'],
    ['macro', { more: ['macro: X_TILLS_DONE_Y'] }, '8'],
    ['comment', { more: ['# TILLS-DONE'] }, '8'],
    ['approval', { more: [`approval: { by: TILLS_DONE, executor: '${'0'.repeat(64)}' }`] }, '8'],
    ['session', { more: ['session: { application_name: TILLS_DONE }'] }, '8'],
    ['reason', { more: ['clock: [{ table: stock, column: c, reason: the tills done }]'] }, '8'],
    ['marker', replaced(4, 'source: { file: a, kind: fixture, marker: TILLS DONE }'), '4'],
    ['another spelling', { more: ['macro: "TILLS\\u005fDONE"'] }, '8'],
    [
      'a reason in another spelling',
      { more: ['clock:', '  - { table: stock, column: c, reason: "TILLS\\x2dDONE" }'] },
      '8',
    ],
  ])('refuses a claim in the %s', async (_, plan, line) => {
    expect(await guarded(plan)).toEqual([['CLAIM_FORBIDDEN', line]]);
    expect(await guarded(plan, {}, null)).toEqual([]);
  });

  it('refuses a claim in the name of a file, however the plan spells it', async () => {
    const plan = replaced(5, 'executor: { file: "TILLS\\x5fDONE/a.sql" }');
    expect(await guarded(plan)).toEqual([['CLAIM_FORBIDDEN', '5']]);
  });

  it('names a claim once a text', async () => {
    const scripts = [{ path: 'a.sql', text: '\n-- TILLS_DONE TILLS_DONE\n-- TILLS_DONE' }];
    expect(await guarded({}, { scripts })).toEqual([['CLAIM_FORBIDDEN', 'a.sql:2']]);
  });

  it('refuses a claim in a script, comments too, which packets hold', async () => {
    const scripts = [{ path: 'a.sql', text: 'SELECT 1;\n-- TILLS_DONE' }];
    expect(await guarded({}, { scripts })).toEqual([['CLAIM_FORBIDDEN', 'a.sql:2']]);
  });

  it('repeats no claim that stands where something else is refused', async () => {
    const refusals = await guarded(
      { more: ['actions: [TILLS_DONE]'] },
      { places: place('host:x'), scripts: [{ path: 'TILLS_DONE/a.sql', text: 'SELECT van' }] },
    );
    expect(refusals.map(([code]) => code)).toEqual([
      'TARGET_PRODUCTION',
      'SURFACE_FORBIDDEN',
      'CLAIM_FORBIDDEN',
      'SURFACE_FORBIDDEN',
    ]);
  });

  it.each([
    ['left out', 'preflight: []'],
    ['asked otherwise', 'preflight: [{ name: marked, sql: SELECT 2, expect: 1 }]'],
    ['expected otherwise', 'preflight: [{ name: marked, sql: SELECT 1, expect: ">= 1" }]'],
    ['under another name', 'preflight: [{ name: other, sql: SELECT 1, expect: 1 }]'],
  ])('refuses a plan where a gate of the profile is %s', async (_, gate) => {
    expect(await guarded(replaced(7, gate))).toEqual([['PLAN_INVALID', '7']]);
  });
});
