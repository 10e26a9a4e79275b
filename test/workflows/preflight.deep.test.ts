import { rmSync, symlinkSync } from 'node:fs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { digestOf } from '../../src/objects/digest.ts';
import { Desk } from '../cli/desk.ts';
import { writePlan, type PlanParts } from '../cli/plans.ts';
import { withoutNamespaces } from '../sabotage/system.ts';

vi.mock(import('../../src/engines/sqlite/process/sandbox.ts'), async (load) =>
  (await import('../sabotage/system.ts')).sandbox(load),
);

interface Refusal {
  readonly code: string;
  readonly path?: string;
}

/** A plan that one thing is wrong with. */
interface Vector {
  readonly parts?: Partial<PlanParts>;
  /** Changes the text of the plan. */
  readonly edit?: (plan: string, desk: Desk) => string;
  readonly more?: readonly string[];
  readonly code: string;
}

const NO_DIGEST = '0'.repeat(64);
const PROFILE = `custody: profile/2
name: a team
production: { hosts: [], urls: [], paths: [/srv/live], databases: [live] }
surfaces: [{ id: van, title: a van, how: { action: call, words: [van] }, explanation: it costs }]
claims: { subjects: [TILLS], verdicts: [DONE] }
preflight: [{ name: marked, sql: SELECT 1, expect: 1 }]
`;
const MARKED = 'preflight: [{ name: marked, sql: SELECT 1, expect: 1 }]';
const under = (more = ''): Partial<PlanParts> => ({
  preflight: MARKED,
  extra: `profile: { file: profile.yaml, sha256: '${digestOf(Buffer.from(PROFILE))}' }\n${more}`,
});
const replaced =
  (from: string, to: string): ((plan: string) => string) =>
  (plan) =>
    plan.replace(from, to);

const VECTORS: Record<string, Vector> = {
  'no plan': { edit: (plan, desk) => (rmSync(desk.path('plan.yaml')), plan), code: 'PLAN_UNREADABLE' },
  'no YAML': { edit: () => '{', code: 'PLAN_SYNTAX' },
  'an unknown key': { parts: { extra: 'nosuch: 1' }, code: 'PLAN_KEY_UNKNOWN' },
  'a schema that is not met': { edit: replaced('kind: fixture', 'kind: nosuch'), code: 'PLAN_INVALID' },
  'parts that do not agree': { parts: { extra: 'legs: [T, R, S]' }, code: 'PLAN_INVALID' },
  'a remote source': { edit: replaced('app.sqlite', 'postgres://h/d'), code: 'TARGET_PRODUCTION' },
  'a link to a remote name': {
    edit: (plan, desk) => {
      rmSync(desk.path('app.sqlite'));
      symlinkSync(desk.write('a=1;host=db/app.sqlite', ''), desk.path('app.sqlite'));
      return plan;
    },
    code: 'TARGET_PRODUCTION',
  },
  'a link that leads nowhere': {
    edit: (plan, desk) => {
      rmSync(desk.path('app.sqlite'));
      symlinkSync('app.sqlite', desk.path('app.sqlite'));
      return plan;
    },
    code: 'IO_FAILED',
  },
  'a database of production': {
    parts: under(),
    edit: replaced('app.sqlite', 'live.sqlite'),
    code: 'TARGET_PRODUCTION',
  },
  'another profile than the pinned one': {
    parts: { extra: `profile: { file: profile.yaml, sha256: '${NO_DIGEST}' }` },
    code: 'PROFILE_INVALID',
  },
  'an action': { parts: { extra: 'actions: [call]' }, code: 'SURFACE_FORBIDDEN' },
  'a query with the word of a surface': {
    parts: under('postconditions: [{ name: v, sql: "SELECT \'van\'", expect: van }]'),
    code: 'SURFACE_FORBIDDEN',
  },
  'a script with the word of a surface': {
    parts: { ...under(), sql: "INSERT INTO posts VALUES ('van', 'x');" },
    code: 'SURFACE_FORBIDDEN',
  },
  'a claim in the plan': { parts: under('# TILLS_DONE'), code: 'CLAIM_FORBIDDEN' },
  'a claim in a script': {
    parts: { ...under(), sql: "INSERT INTO posts VALUES ('TILLS_DONE', 'x');" },
    code: 'CLAIM_FORBIDDEN',
  },
  'a claim in the message': { parts: under(), more: ['--message', 'TILLS_DONE'], code: 'CLAIM_FORBIDDEN' },
  'a gate of the profile that is not asked': {
    parts: { ...under(), preflight: 'preflight: []' },
    code: 'PLAN_INVALID',
  },
  'no script': { edit: replaced('change.sql', 'gone.sql'), code: 'PATH_NOT_FOUND' },
  'another script than the pinned one': {
    edit: replaced('change.sql', `change.sql, sha256: '${NO_DIGEST}'`),
    code: 'EXECUTOR_CHANGED',
  },
  'an include that is not listed': { parts: { sql: '\\i other.sql\n' }, code: 'INCLUDE_REFUSED' },
  'a folder for the packet that is not empty': { more: ['--out', '.'], code: 'USAGE' },
  'a setting that is not a plan’s': {
    parts: { extra: 'session: { journal_mode: wal }' },
    code: 'PLAN_INVALID',
  },
  'no source': { edit: replaced('app.sqlite', 'gone.sqlite'), code: 'PATH_NOT_FOUND' },
  'another source than the pinned one': {
    edit: replaced('app.sqlite', `app.sqlite, sha256: '${NO_DIGEST}'`),
    code: 'SOURCE_CHANGED',
  },
  'a source that is no database': {
    edit: replaced('app.sqlite', 'change.sql'),
    code: 'DATABASE_NOT_RECOGNISED',
  },
  'a table that is not there': { parts: { delta: 'gone: { inserted: 1 }' }, code: 'PLAN_INVALID' },
  'a statement out of bounds': { parts: { sql: 'DROP TABLE posts;' }, code: 'BOUNDARY_VIOLATED' },
  'a script that ends its transaction': { parts: { sql: 'COMMIT;' }, code: 'TRANSACTION_CONTROL' },
  'a script that does not compile': { parts: { sql: 'INSERT INTO gone VALUES (1);' }, code: 'SQL_SYNTAX' },
  'a gate that does not compile': {
    parts: { preflight: 'preflight: [{ name: n, sql: SELEC 1, expect: 1 }]' },
    code: 'SQL_SYNTAX',
  },
  'a postcondition that does not compile': {
    parts: { extra: 'postconditions: [{ name: n, sql: SELEC 1, expect: 1 }]' },
    code: 'SQL_SYNTAX',
  },
};

let desk: Desk;
beforeEach(async () => {
  desk = new Desk();
  await desk.init();
});
afterEach(() => desk[Symbol.dispose]());

/** What --check names, and what stops a rehearsal: the first of it. */
async function bothWays(argv: readonly string[]): Promise<Refusal[]> {
  const before = desk.state();
  const checked = await desk.run(['rehearse', ...argv, '--check', '--json']);
  const ran = await desk.run(['rehearse', ...argv, '--json']);
  expect(desk.state()).toEqual(before);
  const { error } = JSON.parse(ran.stdout) as { error: Refusal };
  const { refusals, error: failed } = JSON.parse(checked.stdout) as { refusals?: Refusal[]; error?: Refusal };
  const named = refusals ?? [failed!];
  expect(named[0]!.code).toBe(error.code);
  expect(checked.exit).toBe(ran.exit);
  return named;
}

it.each(Object.entries(VECTORS))('--check names what stops a rehearsal: %s', async (_, vector) => {
  const { parts, edit = (plan: string): string => plan, more = [], code } = vector;
  desk.write('profile.yaml', PROFILE);
  const plan = writePlan(desk, parts);
  const text = edit(desk.read(plan), desk);
  if (code !== 'PLAN_UNREADABLE') desk.write(plan, text);
  const named = await bothWays([plan, ...more]);
  expect(named.map((refusal) => refusal.code)).toContain(code);
  expect(named[0]!.code).toBe(code);
});

it('--check names what stops a rehearsal: isolation that the policy requires', async () => {
  using strict = new Desk();
  await strict.json(['init', '--origin', 'x.example', '--require-isolation', 'network-isolated']);
  using _ = withoutNamespaces();
  const [usual, plan] = [desk, writePlan(strict)];
  desk = strict;
  try {
    expect((await bothWays([plan])).map(({ code }) => code)).toEqual(['ISOLATION_REFUSED']);
  } finally {
    desk = usual;
  }
});
