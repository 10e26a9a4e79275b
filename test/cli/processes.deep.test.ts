import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CUSTODY } from '../built.ts';
import { Desk } from './desk.ts';
import { writePlan } from './plans.ts';
import { lacking } from '../support/lacking.ts';

const lack = lacking('Linux');

const HOLD_LOCK = fileURLToPath(new URL('../store/children/hold-lock.ts', import.meta.url));

describe('the real command, in processes of its own', () => {
  let desk: Desk;
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    desk = new Desk();
    await desk.init();
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    desk[Symbol.dispose]();
  });

  const custody = (...argv: string[]): { exit: number | null; stdout: string; stderr: string } => {
    const ran = spawnSync(process.execPath, [CUSTODY, ...argv], {
      cwd: desk.dir,
      env: desk.env,
      encoding: 'utf8',
    });
    return { exit: ran.status, stdout: ran.stdout, stderr: ran.stderr };
  };
  const start = (argv: string[], env: NodeJS.ProcessEnv = {}): ChildProcess => {
    const child = spawn(process.execPath, argv, {
      cwd: desk.dir,
      env: { ...desk.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    return child;
  };

  it('passes arguments, output and exit code through', async () => {
    expect(custody('--version')).toMatchObject({ exit: 0, stderr: '' });
    expect(custody('log')).toEqual(await desk.run(['log']));
    expect(custody('frobnicate')).toEqual(await desk.run(['frobnicate']));
    await desk.packet();
    desk.write('evidence/a.txt', 'changed');
    expect(custody('verify', 'evidence').exit).toBe(1);
    expect(custody('log', '--ledger', 'nowhere').exit).toBe(2);
  });

  it('says which Node.js it needs, before it loads what an older one cannot read', () => {
    const older = `data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '22.12.0' })`;
    const ran = spawnSync(process.execPath, ['--import', older, CUSTODY, 'log'], { encoding: 'utf8' });
    expect([ran.status, ran.stdout]).toEqual([4, '']);
    expect(ran.stderr).toMatch(/^custody: .*22\.12\.0 \[NODE_TOO_OLD\]\n$/);
  });

  it('a reader that goes away is no fault, and the exit code is not forgotten', async () => {
    await desk.packet('evidence', { long: 'a line of evidence\n'.repeat(200_000), short: 'x' });
    await desk.json(['commit', 'evidence']);
    for (let i = 0; i < 3; i++) desk.write(`broken/${i}`, 'x');
    const pipe = (command: string): { statuses: string; stderr: string } => {
      const ran = spawnSync(
        'bash',
        [
          '--norc',
          '-c',
          `"$0" "$1" ${command} | head -c 5 >/dev/null; echo "\${PIPESTATUS[*]}"`,
          process.execPath,
          CUSTODY,
        ],
        { cwd: desk.dir, env: desk.env, encoding: 'utf8' },
      );
      return { statuses: ran.stdout.trim(), stderr: ran.stderr };
    };
    expect(pipe('log')).toEqual({ statuses: '0 0', stderr: '' });
    expect(pipe('cat HEAD:long')).toEqual({ statuses: '0 0', stderr: '' });
    expect(pipe('verify broken --json')).toEqual({ statuses: '1 0', stderr: '' });
  });

  it.skipIf(lack)(
    `SIGINT in the middle of a rehearsal: INTERRUPTED, no process and no file left, the ledger as it was${lack}`,
    async () => {
      writePlan(desk, {
        sql: "INSERT INTO posts SELECT 'n' || i, 'x' FROM (WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 900000000) SELECT max(i) AS i FROM c);\n",
        extra: 'timeLimit: 600',
      });
      const before = desk.state({ index: true });
      const temporary = desk.path('tmp');
      mkdirSync(temporary);
      const child = start([CUSTODY, 'rehearse', 'plan.yaml'], { TMPDIR: temporary });
      let stderr = '';
      child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      // The executor runs when another process than ours has worked for half a second.
      await until(() => descendants(child.pid!).some((pid) => workedFor(pid) > 50));
      const family = descendants(child.pid!);
      child.kill('SIGINT');
      const [exit] = (await once(child, 'close')) as [number | null];
      expect({ exit, stderr }).toEqual({
        exit: 4,
        stderr: expect.stringContaining('[INTERRUPTED]') as string,
      });
      expect(readdirSync(temporary)).toEqual([]);
      await until(() => !family.some(runs));
      expect(desk.state({ index: true })).toEqual(before);
      expect(await desk.json(['fsck'])).toMatchObject({ ok: true, records: 1 });
    },
  );

  it('a lock that another process holds: LOCK_TIMEOUT; nothing recorded; then it works', async () => {
    await desk.packet();
    const holder = start([HOLD_LOCK, desk.path('.custody')]);
    await once(holder.stdout!, 'data');
    const head = desk.bytes('.custody/heads/main');
    await desk.fails(['commit', 'evidence', '--lock-timeout', '1'], 'LOCK_TIMEOUT', 4);
    await desk.fails(['commit', 'evidence', '--lock-timeout', '0'], 'LOCK_TIMEOUT', 4);
    expect(desk.bytes('.custody/heads/main')).toEqual(head);
    expect(await desk.json(['fsck'])).toMatchObject({ ok: true, records: 1 });
    // Readers need no lock.
    expect((await desk.run(['verify', 'HEAD'])).exit).toBe(0);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(await desk.json(['commit', 'evidence', '--lock-timeout', '1'])).toMatchObject({ record: 1 });
  });

  it('readers beside two writers: every log that is read is whole, and nothing is lost', async () => {
    await desk.packet();
    const loop =
      'i=0; while [ $i -lt 4 ]; do "$0" "$1" commit evidence --lane "$2" -m "$i" -q || exit 1; i=$((i+1)); done';
    const writers = ['a', 'b'].map((lane) => {
      const child = spawn('sh', ['-c', loop, process.execPath, CUSTODY, lane], {
        cwd: desk.dir,
        env: desk.env,
      });
      children.push(child);
      return once(child, 'exit') as Promise<[number | null]>;
    });
    let done = false;
    const ended = Promise.all(writers).then((codes) => {
      done = true;
      return codes;
    });
    let last = 0;
    while (!done) {
      const report = await desk.json<{ ok: boolean; signed: { size: number } }>(['verify', 'HEAD']);
      expect(report.signed.size).toBeGreaterThanOrEqual(last);
      last = report.signed.size;
      const log = await desk.json<{ record: number }[]>(['log']);
      expect(log.map(({ record }) => record)).toEqual(log.map((_, i) => log.length - 1 - i));
    }
    expect(await ended).toEqual([
      [0, null],
      [0, null],
    ]);
    const log = await desk.json<{ lane: string; message: string }[]>(['log']);
    for (const lane of ['a', 'b'])
      expect(log.filter((r) => r.lane === lane).map((r) => r.message)).toEqual(['3', '2', '1', '0']);
    expect(await desk.json(['fsck'])).toMatchObject({ ok: true, records: 9 });
  });

  it('a copy of a ledger, without the key, is appended to; verify says how far signatures reach', async () => {
    await desk.packet();
    await desk.json(['commit', 'evidence']);
    using copy = new Desk();
    desk.copyLedger(copy.dir);
    await copy.packet();
    await copy.json(['commit', 'evidence', '-m', 'by a lane']);
    const verify = { ok: true, signed: { covered: 2, size: 3 } };
    expect(await copy.json(['verify', '@1'])).toMatchObject({ ...verify, levels: { signatures: 'done' } });
    expect(await copy.json(['verify', '@2'])).toMatchObject({ ...verify, levels: { signatures: 'skipped' } });
    expect(await copy.json(['verify', '@2', '--require', 'signatures'], 1)).toMatchObject({
      ok: false,
      findings: [{ code: 'LEVEL_SKIPPED', path: 'signatures' }],
    });
    expect(existsSync(copy.path('config'))).toBe(false);
    // Who has the key signs all of it with the next record.
    const home = { ...desk.env };
    const ran = spawnSync(process.execPath, [CUSTODY, 'commit', 'evidence', '--ledger', copy.dir], {
      cwd: desk.dir,
      env: home,
    });
    expect(ran.status).toBe(0);
    expect(await copy.json(['verify', '@2'])).toMatchObject({
      signed: { covered: 4, size: 4 },
      levels: { signatures: 'done' },
    });
  });

  it('a key file that holds another key is refused before the log changes', async () => {
    await desk.packet();
    using other = new Desk();
    await other.init();
    const [mine] = readdirSync(desk.path('config/keys'));
    const [theirs] = readdirSync(other.path('config/keys'));
    writeFileSync(desk.path('config/keys', mine!), readFileSync(other.path('config/keys', theirs!)));
    const head = desk.bytes('.custody/heads/main');
    await desk.fails(['commit', 'evidence'], 'KEY_MALFORMED', 2);
    expect(desk.bytes('.custody/heads/main')).toEqual(head);
  });
});

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (condition()) return;
    await sleep(50);
  }
  throw new Error('it did not come to that');
}

/** The processes that a process started, and those that these started. What it started as another user, too. */
function descendants(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && fieldOf(Number(name), PARENT) === pid)
    .map(Number);
  return [...children, ...children.flatMap(descendants)];
}

function runs(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

/** Clock ticks in user mode. */
function workedFor(pid: number): number {
  return fieldOf(pid, USER_TIME);
}

/** Places in /proc/PID/stat behind the name (proc_pid_stat(5), fields 4 and 14). */
const [PARENT, USER_TIME] = [1, 11];

/** Zero for a process that is gone. */
function fieldOf(pid: number, place: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[place]);
  } catch {
    return 0;
  }
}
