import { expect, it, vi } from 'vitest';
import { digestOf } from '../../../src/objects/digest.ts';
import { refuses } from '../../support/refusals.ts';
import { Made } from './made.ts';

const { guard } = vi.hoisted(() => ({ guard: { sees: true } }));
vi.mock(import('../../../src/rules/result-claims.ts'), async (load) => {
  const real = await load();
  return { ...real, resultClaims: (...given) => (guard.sees ? real.resultClaims(...given) : []) };
});

const PROFILE = `custody: profile/2
name: a team of one
production: { hosts: [], urls: [], paths: [], databases: [] }
surfaces: []
claims: { subjects: [LIVE], verdicts: [DONE] }
`;

it('a rerun shows and records nothing that its profile forbids to claim', { timeout: 120_000 }, async () => {
  await using made = await Made.begin();
  made.write('profile.yaml', PROFILE);
  // The script does not say it; what it inserts does.
  made.write('change.sql', "INSERT INTO posts VALUES ('p3', 'LIVE' || char(95) || 'DONE', NULL);\n");
  const plan = made.write(
    'plan.yaml',
    `custody: plan/2
name: a claim
engine: sqlite
profile: { file: profile.yaml, sha256: '${digestOf(Buffer.from(PROFILE))}' }
source: { file: app.sqlite, kind: fixture }
executor: { file: change.sql }
delta: { posts: { inserted: 1 } }
`,
  );
  await refuses(made.rehearse(plan), 'CLAIM_FORBIDDEN');
  guard.sees = false;
  const { record } = await made.rehearse(plan);
  expect((await made.rerun(`@${record}`)).same).toBe(true);
  guard.sees = true;
  await refuses(made.rerun(`@${record}`), 'CLAIM_FORBIDDEN');
});
