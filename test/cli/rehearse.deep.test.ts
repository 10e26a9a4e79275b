import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FsckReport } from '../../src/workflows/fsck.ts';
import type { RehearseResult } from '../../src/workflows/rehearse.ts';
import type { VerifyReport } from '../../src/workflows/verify-report.ts';
import { codes, Desk } from './desk.ts';
import { writePlan } from './plans.ts';

describe('custody rehearse', () => {
  let desk: Desk;
  beforeEach(async () => {
    desk = new Desk();
    await desk.init();
  });
  afterEach(() => desk[Symbol.dispose]());

  it('twice gives the same rehearsal and the same seal; both runs are recorded', async () => {
    const plan = writePlan(desk);
    const one = await desk.json<RehearseResult>(['rehearse', plan, '--out', 'packet']);
    const two = await desk.json<RehearseResult>(['rehearse', plan, '--lane', 'other']);
    expect(one).toMatchObject({
      accepted: true,
      record: 1,
      findings: [],
      delta: [{ table: 'posts', inserted: 1, updated: 0, deleted: 0 }],
      legs: [
        { leg: 'T', ended: 'rolled-back', exact: true },
        { leg: 'R', ended: 'committed', exact: true },
      ],
    });
    expect([two.rehearsal, two.seal, two.verdict, two.packet]).toEqual([
      one.rehearsal,
      one.seal,
      one.verdict,
      one.packet,
    ]);
    expect(two.record).toBe(2);
    expect(two.run).not.toBe(one.run);
    expect((await desk.run(['show', one.rehearsal])).stdout).not.toContain('undefined');
    expect(readdirSync(desk.path('packet')).sort()).toEqual([
      'HASH_MANIFEST.txt',
      'README.md',
      'RERUN.sh',
      'clone-rollback-evidence.json',
      'commands.sh',
      'executor.sql',
      'hardened-validator-result.json',
      'packet_tree.sha256',
      'plan.json',
      'plan.yaml',
      'rehearsal-execution-evidence.json',
      'rehearsal-target-lock.json',
      'rehearsal.json',
      'rollback-recovery-proof.json',
      'row-changes.json',
      'source',
      'validator.mjs',
      'verdict.json',
    ]);
    expect(await desk.json<VerifyReport>(['verify', 'packet', '--against', '@2'])).toMatchObject({
      ok: true,
      levels: { seal: 'done', objects: 'done', chain: 'done', signatures: 'done', semantics: 'done' },
    });
    expect(await desk.json<VerifyReport>(['verify', '@1'])).toMatchObject({
      ok: true,
      required: ['seal', 'objects', 'chain', 'semantics'],
    });
    expect(await desk.json<FsckReport>(['fsck'])).toMatchObject({ ok: true, records: 3 });
    const verdict = JSON.parse((await desk.run(['cat', 'HEAD:verdict.json'])).stdout) as {
      accepted: boolean;
    };
    expect(verdict.accepted).toBe(true);
  });

  it.each([
    ['a delta that differs', { delta: 'posts: { inserted: 2 }' }, 'DELTA_UNEXPECTED'],
    ['an executor that changes nothing', { sql: "SELECT 'nothing';\n" }, 'NO_REAL_CHANGE'],
    ['SQL that fails while it runs', { sql: "INSERT INTO posts VALUES ('p1', 'twice');\n" }, 'SQL_FAILED'],
  ])('%s is rejected: exit 1, recorded, and verify says so', async (_what, parts, code) => {
    const plan = writePlan(desk, parts);
    const rejected = await desk.json<RehearseResult>(['rehearse', plan], 1);
    expect(rejected.accepted).toBe(false);
    expect(rejected.findings.map((f) => f.code)).toContain(code);
    expect(await desk.json(['log', '-n', '1'])).toMatchObject([
      { record: rejected.record, type: 'rehearsal' },
    ]);
    const verified = await desk.json<VerifyReport>(['verify', `@${rejected.record}`], 1);
    expect(codes(verified.findings)).toContainEqual(['VERDICT_REJECTED', 'verdict']);
    expect(verified.findings.map((f) => f.code)).toContain(code);
    expect(verified.levels['semantics']).toBe('failed');
    expect(await desk.json<FsckReport>(['fsck'])).toMatchObject({ ok: true });
  });

  it.each([
    ['a write beyond the boundary', { sql: "INSERT INTO audit (what) VALUES ('x');\n" }, 'BOUNDARY_VIOLATED'],
    ['an update', { sql: "UPDATE posts SET body = 'x';\n" }, 'BOUNDARY_VIOLATED'],
    ['SQL that does not parse', { sql: 'INSERT INTO INTO posts;\n' }, 'SQL_SYNTAX'],
    [
      'transaction control',
      { sql: "INSERT INTO posts VALUES ('p3', 'x'); COMMIT; BEGIN;\n" },
      'TRANSACTION_CONTROL',
    ],
    ['an executor with another digest', { extra: `# pinned` }, 'EXECUTOR_CHANGED'],
  ] as const)('%s is refused: exit 3, and the ledger is as it was', async (_what, parts, code) => {
    const plan = writePlan(desk, parts);
    if (code === 'EXECUTOR_CHANGED') {
      desk.write(
        plan,
        desk.read(plan).replace('{ file: change.sql }', `{ file: change.sql, sha256: '${'0'.repeat(64)}' }`),
      );
    }
    const before = desk.state({ index: true });
    await desk.fails(['rehearse', plan, '--out', 'packet'], code, 3);
    expect(desk.state({ index: true })).toEqual(before);
    expect(readdirSync(desk.dir)).not.toContain('packet');
  });

  it('a gate that is not met runs nothing: exit 3, and that is recorded with its finding', async () => {
    const preflight = "preflight: [{ name: no, sql: SELECT count(*) FROM posts, expect: '== 0' }]";
    const refused = await desk.json<RehearseResult>(['rehearse', writePlan(desk, { preflight })], 3);
    expect(refused).toMatchObject({ accepted: false, trigger: 'preflight-failed', legs: [], after: null });
    expect(refused.findings.map((f) => f.code)).toContain('PREFLIGHT_FAILED');
    expect(await desk.json(['log', '-n', '1'])).toMatchObject([{ record: refused.record }]);
  });
});
