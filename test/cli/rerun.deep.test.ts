import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildDatabase } from '../../src/engines/surrogate.ts';
import { digestOf } from '../../src/objects/digest.ts';
import type { RerunResult } from '../../src/workflows/rerun.ts';
import { Desk } from './desk.ts';
import { PACKET_SCHEMAS, schemaFaults } from './schemas.ts';

/** Commands that rehearse several times each; milliseconds. */
const LONG = 600_000;

type Rerun = RerunResult & { signer: string | null };

const SQL = `CREATE TABLE posts (id TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL);
  INSERT INTO posts VALUES ('p1', 'one'), ('p2', 'two');`;

const PROFILE = `custody: profile/2
name: a team of one
production: { hosts: [live.invalid], urls: [], paths: [/srv/live], databases: [live] }
surfaces:
  - id: live
    title: the live database
    how: { isolation: { sqlite: [source-unchanged] } }
    explanation: Only a copy was opened.
  - id: mail
    title: mail to readers
    how: { action: send mail, words: [send_mail] }
    explanation: Readers are asleep.
claims: { subjects: [LIVE], verdicts: [DONE] }
probes:
  plan: plan.yaml
  control: { id: control, name: the plan as it is }
  cases:
    - { id: mail, name: mail is sent, command: rehearse, expected: SURFACE_FORBIDDEN, plan: { actions: [send mail] } }
surrogate:
  sql: { file: app.sql, sha256: '${digestOf(Buffer.from(SQL))}' }
  spec: { about: invented posts, real: false }
  marker: INVENTED
  sha256: 'SOURCE'
  expected: { deterministic_db_sha256: '${'1'.repeat(64)}', generator_sha256: '${digestOf(Buffer.from(SQL))}' }
validator: { expected: e6547e69…956c47 }
ci:
  id: CI-1
  question: Which check guards the seal?
  classification: not designed
  status: OPEN
  actor: owner
  next_action: design it
  explanation: Nobody has decided yet.
`;

describe('custody rerun', () => {
  let desk: Desk;
  let seal: string;
  beforeAll(async () => {
    desk = new Desk();
    await desk.init();
    mkdirSync(desk.path('team'));
    // What a plan names may lie anywhere.
    mkdirSync(desk.path('data'));
    const source = await buildDatabase(SQL, desk.path('data/app.sqlite'), () => undefined);
    const profile = PROFILE.replace('SOURCE', source);
    desk.write('rules/profile.yaml', profile);
    desk.write('rules/app.sql', SQL);
    desk.write('team/change.sql', "INSERT INTO posts VALUES ('p3', 'three');\n");
    desk.write(
      'team/plan.yaml',
      `custody: plan/2
name: one more post
engine: sqlite
profile: { file: ../rules/profile.yaml, sha256: '${digestOf(Buffer.from(profile))}' }
source: { file: '${desk.path('data/app.sqlite')}', kind: surrogate, marker: INVENTED }
executor: { file: change.sql }
preflight: [{ name: not there yet, sql: SELECT count(*) FROM posts WHERE id = 'p3', expect: '== 0' }]
delta: { posts: { inserted: 1 } }
`,
    );
    ({ seal } = await desk.json<{ seal: string }>(['rehearse', 'team/plan.yaml', '--out', 'packet']));
  }, LONG);
  afterAll(() => desk[Symbol.dispose]());

  it('has a packet with what a profile adds, as the schemas say', () => {
    const names = readdirSync(desk.path('packet')).filter((name) => name.endsWith('.json'));
    expect(names).toEqual(
      expect.arrayContaining([
        'ci-unknown-resolution.json',
        'forbidden-surface-proof.json',
        'production-shaped-surrogate-spec.json',
        'rehearsal-bad-input-probes.json',
      ]),
    );
    expect(names.map((name) => name.replace('.json', '')).sort()).toEqual([...PACKET_SCHEMAS.keys()].sort());
    for (const name of names) {
      const document = JSON.parse(desk.read(`packet/${name}`)) as object;
      const schema = name.replace('.json', '');
      expect(schemaFaults(schema, document, PACKET_SCHEMAS), name).toEqual([]);
      // What a surrogate models has the keys that its profile gives it.
      if (schema !== 'production-shaped-surrogate-spec')
        expect(schemaFaults(schema, { ...document, more: 1 }, PACKET_SCHEMAS), name).not.toEqual([]);
    }
    const json = (name: string): unknown => JSON.parse(desk.read(`packet/${name}.json`));
    expect(json('rehearsal-bad-input-probes')).toMatchObject({
      failed_closed: 1,
      of: 1,
      controls_allowed: 1,
    });
    expect(json('hardened-validator-result')).toMatchObject({
      expected: { identity: 'e6547e69…956c47', matched_by: [] },
    });
    expect(json('forbidden-surface-proof')).toMatchObject({
      prevented: 1,
      not_requested: 1,
      observed: 0,
      of: 2,
    });
    expect(json('production-shaped-surrogate-spec')).toMatchObject({
      marker: 'INVENTED',
      rehearsed_on_it: true,
      about: 'invented posts',
      real: false,
      generator_sha256: digestOf(Buffer.from(SQL)),
      expected: { generator_sha256: digestOf(Buffer.from(SQL)), matched: ['generator_sha256'] },
    });
    expect(desk.read('packet/surrogate.sql')).toBe(SQL);
    expect(desk.read('packet/README.md')).toContain('| mail to readers | not requested |');
  });

  it('runs an unpacked packet again, probes included, without a ledger', { timeout: LONG }, async () => {
    using elsewhere = new Desk();
    const again = await elsewhere.json<Rerun>(['rerun', desk.path('packet'), '--accepted']);
    expect(again).toMatchObject({
      same: true,
      accepted: true,
      surrogate: true,
      program: null,
      seal: { subject: seal, again: seal },
      findings: [],
      signer: null,
      record: null,
    });
    expect(readdirSync(elsewhere.dir)).toEqual([]);
  });

  it('goes on where the script of a packet makes no database, and says so', { timeout: LONG }, async () => {
    cpSync(desk.path('packet'), desk.path('failing'), { recursive: true });
    const digest = (text: string): string => digestOf(Buffer.from(text));
    const change = (name: string, from: string, to: string): [string, string] => {
      const text = desk.read(`failing/${name}`);
      desk.write(`failing/${name}`, text.replace(from, to));
      return [digest(text), digest(text.replace(from, to))];
    };
    const pins = change('surrogate.sql', "('p1', 'one')", "('p2', 'one')");
    change('plan.yaml', ...change('profile.yaml', ...pins));
    await desk.json(['seal', 'failing', '--force']);
    const again = await desk.json<Rerun>(['rerun', desk.path('failing')], 1);
    expect(again.surrogate).toBe(false);
    expect(again.findings).toContainEqual({
      code: 'RERUN_DIFFERS',
      path: 'surrogate.sql',
      detail: expect.stringContaining('UNIQUE constraint failed') as string,
    });
  });

  it('tries the validators of a packet without a ledger', async () => {
    using elsewhere = new Desk();
    const ran = await elsewhere.run(['validator', 'selftest', desk.path('packet')]);
    expect(ran).toMatchObject({ exit: 0, stderr: '' });
    expect(ran.stdout).toMatch(/^ok {2}custody /);
    await desk.fails(['validator', 'selftest', '--validator', '0'.repeat(64)], 'USAGE', 2);
  });

  it('signs and records; verify counts it where the key is given', { timeout: LONG }, async () => {
    const rerun = await desk.run(['rerun', '@1', '--signer', 'alice.example/reruns', '--json']);
    const again = JSON.parse(rerun.stdout) as Rerun;
    expect(again).toMatchObject({ same: true, program: [], record: 2, seal: { again: seal } });
    const key = again.signer!;
    expect(key).toMatch(/^alice\.example\/reruns\+/);
    const verified = await desk.json<{ levels: object; reruns: object[] }>([
      'verify',
      '@1',
      '--rerunner',
      key,
      '--require',
      'reexecuted',
    ]);
    expect(verified).toMatchObject({
      ok: true,
      levels: { semantics: 'done', reexecuted: 'done' },
      reruns: [{ record: 2, same: true, counted: true }],
    });
    expect(await desk.json(['verify', '@1'])).toMatchObject({ ok: true, levels: { reexecuted: 'skipped' } });
    await desk.json(['verify', '@1', '--require', 'reexecuted'], 1);
    expect(await desk.json(['verify', '@2'])).toMatchObject({
      ok: true,
      reruns: [{ record: 2, same: true, counted: false }],
      trust: expect.stringContaining('custody verify @1 --rerunner') as string,
    });
    expect(await desk.json(['log', '--type', 'rerun'])).toMatchObject([{ record: 2 }]);
    expect(await desk.json(['fsck'])).toMatchObject({ ok: true });
  });

  it('refuses keys that are none, and options that would be dropped', async () => {
    await desk.fails(['verify', '@1', '--rerunner', 'nonsense'], 'USAGE', 2);
    await desk.fails(['verify', 'packet', '--rerunner', 'a+00000000+AAAA'], 'USAGE', 2);
    await desk.fails(['rerun', 'no-such-thing'], 'REVISION_MALFORMED', 2);
    expect((await desk.fails(['rerun', '@0'], 'USAGE', 2)).hint).toContain('@1');
    // A rerun: of which rehearsal?
    expect((await desk.fails(['rerun', '@2'], 'USAGE', 2)).hint).toContain('custody rerun @1');
    await desk.fails(['rerun', '@1', '--message', 'x'], 'USAGE', 2);
    await desk.fails(['rerun', '@1', '--signer', 'two words'], 'USAGE', 2);
  });
});
