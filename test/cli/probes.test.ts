import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/objects/digest.ts';
import { probeHeld } from '../../src/rules/probe-result.ts';
import type { PlanDocument } from '../../src/rules/plan-schema.ts';
import { readPlan } from '../../src/rehearsal/plan/plan.ts';
import { runProbes, type ProbeOptions, type RunCommand } from '../../src/cli/probes.ts';
import { openProfile } from '../../src/rehearsal/plan/profile-folder.ts';
import { makeTestFolder } from '../support/folder.ts';

const PROFILE = `
custody: profile/2
name: a team
production: { hosts: [], urls: [], paths: [/srv/tills], databases: [] }
surfaces: [{ id: van, title: a van, how: { action: van, words: [van] }, explanation: e }]
claims: { subjects: [TILLS], verdicts: [DONE] }
probes:
  plan: plan.yaml
  control: { id: c, name: as it is }
  cases:
    - { id: a, name: asked, command: rehearse, expected: SURFACE_FORBIDDEN, plan: { actions: [van], macro: '\${TILLS+DONE}' } }
    - { id: b, name: written, command: rehearse, expected: SURFACE_FORBIDDEN, executor: SELECT van }
`;
const PLAN = `
custody: plan/2
name: n
engine: sqlite
profile: { file: profile.yaml, sha256: PIN }
source: { file: a.sqlite, kind: fixture }
executor: { file: a.sql }
approval: { by: us, executor: '${'0'.repeat(64)}' }
delta: { t: { inserted: 1 } }
`;

const ENV = { PATH: '/bin' };

type Which = 'control' | 'probe-1' | 'probe-2';

interface Call {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly plan: PlanDocument;
  readonly files: { readonly source: string; readonly executor: string };
  readonly read: (name: string) => string;
}

describe('probes, with a command that only answers', () => {
  let folder: string;
  let calls: Call[];
  const at = (name: string): string => join(folder, name);
  /** A profile, and the plan that pins it. */
  const lay = (profile: string): void => {
    writeFileSync(at('profile.yaml'), profile);
    writeFileSync(at('plan.yaml'), PLAN.replace('PIN', `'${digestOf(Buffer.from(profile))}'`));
  };
  beforeEach(() => {
    folder = makeTestFolder('probes');
    calls = [];
    lay(PROFILE);
    writeFileSync(at('a.sql'), 'SELECT 1');
    writeFileSync(at('a.sqlite'), 'bytes of a database');
  });

  const REFUSED = JSON.stringify({ error: { code: 'SURFACE_FORBIDDEN', message: '', hint: '' } });
  /** By the name of the plan's folder: what `rehearse` answers. `write` may leave files. */
  const answering =
    (answer: (which: Which, call: Call) => Partial<Awaited<ReturnType<RunCommand>>>): RunCommand =>
    (argv, { cwd, env }) => {
      const read = (name: string): string => readFileSync(join(cwd, name), 'utf8');
      const plan = JSON.parse(read('plan.yaml')) as PlanDocument;
      const files = { source: read(plan.source.file), executor: read(plan.executor.file) };
      const call = { argv, cwd, env, read, plan, files };
      const which = cwd.split('/').findLast((part) => part !== 'plan' && part !== '') as Which;
      const silent = { exit: 0, stdout: '{}', stderr: '' };
      if (argv[0] !== 'rehearse') return Promise.resolve(silent);
      calls.push(call);
      const usual = which === 'control' ? silent : { exit: 3, stdout: REFUSED, stderr: '' };
      return Promise.resolve({ ...usual, ...answer(which, call) });
    };
  const run = async (options: Omit<ProbeOptions, 'plan' | 'env'>): ReturnType<typeof runProbes> =>
    runProbes(await openProfile(folder), { ...options, env: ENV, plan: await readPlan(at('plan.yaml')) });
  const probed = async (
    answer: Parameters<typeof answering>[0] = () => ({}),
  ): Promise<{ id: string; held: boolean; leaked: readonly string[] }[]> => {
    const { results } = await run({ run: answering(answer) });
    // Lanes run beside each other.
    calls.sort((a, b) => (a.cwd < b.cwd ? -1 : 1));
    return results.map((result) => ({ id: result.id, held: probeHeld(result), leaked: result.leaked }));
  };
  const only = async (answer: Parameters<typeof answering>[0]): Promise<string[]> =>
    (await probed(answer)).flatMap((result) => (result.held ? [] : [result.id, ...result.leaked]));

  it('hold when each answers as it should; the control comes first', async () => {
    expect(await probed()).toEqual([
      { id: 'c', held: true, leaked: [] },
      { id: 'a', held: true, leaked: [] },
      { id: 'b', held: true, leaked: [] },
    ]);
  });

  it('change the plan as they say, and nothing else', async () => {
    await probed();
    const [control, asked, written] = calls.map(({ plan }) => plan);
    expect(asked).toEqual({ ...control, actions: ['van'], macro: 'TILLS_DONE' });
    const sha256 = digestOf(Buffer.from('SELECT van'));
    expect(written).toEqual({
      ...control,
      executor: { file: 'a.sql', sha256 },
      approval: { by: 'us', executor: sha256 },
    });
    expect(calls.map(({ argv }) => argv.join(' '))).toEqual(
      Array(3).fill('rehearse plan.yaml --out packet --json'),
    );
  });

  it('work in folders of their own, with keys of their own, under the profile without its probes', async () => {
    const seen: Partial<Record<Which, string[]>> = {};
    await probed((which, { read, plan }) => {
      seen[which] = [read('a.sql'), read('a.sqlite')];
      expect(digestOf(Buffer.from(read('profile.yaml')))).toBe(plan.profile?.sha256);
      expect(JSON.parse(read('profile.yaml'))).not.toHaveProperty('probes');
      return {};
    });
    expect(seen).toEqual({
      control: ['SELECT 1', 'bytes of a database'],
      'probe-1': ['SELECT 1', 'bytes of a database'],
      'probe-2': ['SELECT van', 'bytes of a database'],
    });
    expect(new Set(calls.map(({ cwd }) => cwd)).size).toBe(3);
    for (const { cwd, env } of calls) {
      expect(env['CUSTODY_CONFIG_DIR']).toBe(join(cwd, 'config'));
      expect(existsSync(cwd)).toBe(false);
    }
    expect(readdirSync(folder).sort()).toEqual(['a.sql', 'a.sqlite', 'plan.yaml', 'profile.yaml']);
  });

  it.each([
    ['is let through', { exit: 0, stdout: '{}' }],
    ['is refused for another reason', { stdout: REFUSED.replace('SURFACE', 'CLAIM') }],
    ['ends with a word and no document', { stdout: 'SURFACE_FORBIDDEN' }],
    ['says the code and ends well', { exit: 0 }],
    ['says the code and ends as the environment, or a bug, does', { exit: 4 }],
  ])('do not hold where one %s', async (_, answer) => {
    expect(await only((which) => (which === 'probe-1' ? answer : {}))).toEqual(['a']);
  });

  it.each([
    ['is refused', { exit: 3 }],
    ['has findings', { stdout: JSON.stringify({ findings: [{ code: 'TIME_LIMIT' }] }) }],
  ])('do not hold where the control %s', async (_, answer) => {
    expect(await only((which) => (which === 'control' ? answer : {}))).toEqual(['c']);
  });

  it.each([
    ['stdout', { stdout: REFUSED.replace('""', '"tills done"') }],
    ['stderr', { stderr: 'TILLS-DONE' }],
  ])('find a claim on %s, and do not repeat it', async (where, answer) => {
    expect(await only((which) => (which === 'probe-2' ? answer : {}))).toEqual(['b', `${where}: TILLS+DONE`]);
  });

  it.each(['packet/README.md', 'config/new', 'plan.yaml'])(
    'find a claim in the file %s that was written',
    async (name) => {
      const write = (which: string, { cwd }: Call): object => {
        if (which !== 'control') return {};
        mkdirSync(dirname(join(cwd, name)), { recursive: true });
        writeFileSync(join(cwd, name), '\u0000\u00ffTILLS_DONE\u0000');
        return {};
      };
      expect(await only(write)).toEqual(['c', `${name}: TILLS+DONE`]);
    },
  );

  it('do not take what they wrote themselves for a leak', async () => {
    await probed();
    expect(calls[1]!.plan.macro).toBe('TILLS_DONE');
    expect(await only(() => ({}))).toEqual([]);
  });

  it('find a seal of what was refused', async () => {
    const write = (which: string, { cwd }: Call): object => {
      if (which !== 'probe-1') return {};
      mkdirSync(join(cwd, 'packet'));
      writeFileSync(join(cwd, 'packet/packet_tree.sha256'), '');
      return {};
    };
    expect(await only(write)).toEqual(['a', 'packet: a seal of what was refused']);
  });

  it('need a plan under this very profile', async () => {
    writeFileSync(at('profile.yaml'), `${PROFILE}# another\n`);
    await expect(probed()).rejects.toMatchObject({ code: 'PROFILE_INVALID' });
    writeFileSync(at('profile.yaml'), PROFILE.slice(0, PROFILE.indexOf('probes:')));
    await expect(probed()).rejects.toMatchObject({ code: 'PROFILE_INVALID' });
  });

  it('are brought what lies elsewhere, at the same relative paths', async () => {
    const plan = readFileSync(at('plan.yaml'), 'utf8');
    mkdirSync(at('deep/er'), { recursive: true });
    writeFileSync(
      at('deep/er/plan.yaml'),
      plan
        .replace('file: a.sql }', 'file: ../../a.sql }')
        .replace('a.sqlite', at('a.sqlite'))
        .replace('profile.yaml', '../../profile.yaml'),
    );
    const options = { run: answering(() => ({})), env: ENV, plan: await readPlan(at('deep/er/plan.yaml')) };
    await runProbes(await openProfile(folder), options);
    const [control] = calls;
    expect(control!.plan.executor.file).toBe('../../a.sql');
    expect(control!.plan.source.file).toBe(`absolute${at('a.sqlite')}`);
    expect(control!.files).toMatchObject({ source: 'bytes of a database', executor: 'SELECT 1' });
  });

  it('bring the source that is there, and run no script of a surrogate in its place', async () => {
    const pin = `'${'0'.repeat(64)}'`;
    const script = digestOf(readFileSync(at('a.sql')));
    const profile = `${PROFILE}surrogate:
  sql: { file: a.sql, sha256: '${script}' }
  spec: { about: x }
  marker: M
  sha256: ${pin}
`;
    lay(profile);
    await probed();
    expect(calls[0]!.files.source).toBe('bytes of a database');
    rmSync(at('a.sqlite'));
    await expect(probed()).rejects.toMatchObject({ code: 'PROFILE_INVALID' });
  });

  it('wait for no pipe', async () => {
    rmSync(at('a.sqlite'));
    execFileSync('mkfifo', [at('a.sqlite')]);
    await expect(probed()).rejects.toMatchObject({ code: 'PATH_NOT_A_FILE' });
  });

  it('are not run for a plan whose includes cannot be brought to them', async () => {
    const plan = readFileSync(at('plan.yaml'), 'utf8');
    writeFileSync(at('a.sql'), `\\i '${at('b.sql')}'\n`);
    writeFileSync(at('b.sql'), 'SELECT 1;\n');
    const pinned = `{ file: ${at('b.sql')}, sha256: '${digestOf(Buffer.from('SELECT 1;\n'))}' }`;
    writeFileSync(at('plan.yaml'), plan.replace('file: a.sql }', `file: a.sql, includes: [${pinned}] }`));
    await expect(probed()).rejects.toMatchObject({ code: 'PLAN_INVALID' });
    expect(calls).toEqual([]);
  });

  it('open no source that the guard would not let anybody open', async () => {
    writeFileSync(at('plan.yaml'), readFileSync(at('plan.yaml'), 'utf8').replace('a.sqlite', 'x:y.sqlite'));
    await expect(probed()).rejects.toMatchObject({ code: 'TARGET_PRODUCTION' });
  });

  it('copy no source that is a link into production', async () => {
    mkdirSync(at('live'));
    writeFileSync(at('live/a.sqlite'), 'bytes of the live one');
    rmSync(at('a.sqlite'));
    symlinkSync('live/a.sqlite', at('a.sqlite'));
    const profile = PROFILE.replace('/srv/tills', realpathSync(at('live')));
    lay(profile);
    await expect(probed()).rejects.toMatchObject({ code: 'TARGET_PRODUCTION' });
    expect(calls).toEqual([]);
  });

  it('end when they are told to', async () => {
    const stop = new AbortController();
    const stopping = answering(() => {
      stop.abort();
      return {};
    });
    await expect(run({ run: stopping, signal: stop.signal })).rejects.toThrow();
    expect(calls).toHaveLength(1);
  });

  it('end all together where one cannot go on: what another lane runs is stopped', async () => {
    const more = ['d', 'e', 'f'].map(
      (id) =>
        `    - { id: ${id}, name: n, command: rehearse, expected: SURFACE_FORBIDDEN, plan: { actions: [van] } }`,
    );
    const profile = `${PROFILE.trimEnd()}\n${more.join('\n')}\n`;
    lay(profile);
    const started: string[] = [];
    const waiting: RunCommand = async (argv, { cwd, signal }) => {
      const which = cwd.split('/').findLast((part) => part !== 'plan' && part !== '') ?? '';
      if (argv[0] !== 'rehearse' || which === 'control') return { exit: 0, stdout: '{}', stderr: '' };
      started.push(which);
      if (which === 'probe-1') {
        while (started.length < 2) await setImmediate();
        throw new Error('no more processes');
      }
      // Nothing but the signal ends it.
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      return { exit: 4, stdout: '{}', stderr: '' };
    };
    await expect(run({ run: waiting })).rejects.toThrow('no more processes');
    expect(started.sort()).toEqual(['probe-1', 'probe-2']);
  });

  it('give commands the environment that they are given, and no other', async () => {
    await probed();
    for (const { env } of calls)
      expect(Object.keys(env).sort().join(' ')).toBe('CUSTODY_AUTHOR CUSTODY_CONFIG_DIR CUSTODY_LANE PATH');
  });
});
