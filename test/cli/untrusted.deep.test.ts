import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { reportError } from '../../src/cli/report-error.ts';
import { CustodyError } from '../../src/errors.ts';
import { Desk } from './desk.ts';
import { writePlan } from './plans.ts';

const ESC = '\u001b';

describe('what comes from outside', () => {
  let desk: Desk;
  beforeEach(async () => {
    desk = new Desk();
    await desk.init();
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    desk[Symbol.dispose]();
  });

  describe('never reaches the terminal with control characters', () => {
    it('names of tables, in snapshot and diff', async () => {
      desk.database('a.sqlite', `CREATE TABLE "t${ESC}[31m" ("c${ESC}[32m" PRIMARY KEY)`);
      desk.database(
        'b.sqlite',
        `CREATE TABLE "t${ESC}[31m" ("c${ESC}[32m" PRIMARY KEY); INSERT INTO "t${ESC}[31m" VALUES (1)`,
      );
      for (const argv of [
        ['snapshot', 'a.sqlite'],
        ['diff', 'a.sqlite', 'b.sqlite'],
      ]) {
        const ran = await desk.run(argv);
        expect(ran.stderr).toBe('');
        expect(ran.stdout).toContain('t\\u{1b}[31m');
        expect(ran.stdout).not.toContain(ESC);
      }
    });

    it('SQL that fails', async () => {
      writePlan(desk, { sql: `INSERT INTO "no${ESC}[31m" VALUES (1);\n` });
      const { exit, stdout, stderr } = await desk.run(['rehearse', 'plan.yaml']);
      expect(exit).not.toBe(0);
      expect(stdout + stderr).toContain('\\u{1b}');
      expect(stdout + stderr).not.toContain(ESC);
    });

    it('the message, path, hint and stack of an error', () => {
      const written: string[] = [];
      const stream = { write: (data: string | Uint8Array) => written.push(String(data)) };
      const { signal } = new AbortController();
      const io = { stdout: stream, stderr: stream, env: { CUSTODY_TRACE: '1' }, cwd: desk.dir, signal };
      const bad = `x${ESC}]0;title\u0007`;
      reportError(new CustodyError('USAGE', bad, { path: `p${bad}`, hint: bad }), io, false);
      reportError(new Error(bad), io, false);
      expect(written.join('')).not.toMatch(/[\u001b\u0007]/);
    });
  });

  it('a pipe or a device as plan, executor or operand is refused at once', async () => {
    writePlan(desk);
    desk.write('plain.txt', 'x');
    execFileSync('mkfifo', [desk.path('pipe')]);
    await desk.fails(['rehearse', 'pipe'], 'PLAN_UNREADABLE', 2);
    await desk.fails(['rehearse', '/dev/zero'], 'PLAN_UNREADABLE', 2);
    for (const path of ['pipe', '/dev/zero']) {
      await desk.fails(['diff', path, 'plain.txt'], 'PATH_NOT_A_FILE', 2);
      desk.write('other.yaml', desk.read('plan.yaml').replace('change.sql', path));
      await desk.fails(['rehearse', 'other.yaml'], 'PATH_NOT_A_FILE', 2);
    }
  });

  it('an executor of more than 64 MiB is refused', async () => {
    writePlan(desk, { sql: ' '.repeat(64 * 1024 * 1024 + 1) });
    await desk.fails(['rehearse', 'plan.yaml'], 'PATH_NOT_A_FILE', 2);
  });

  it('a link in the place of index/ leads nowhere', async () => {
    mkdirSync(desk.path('foreign'));
    writeFileSync(desk.path('foreign', '000001.log'), 'mine');
    execFileSync('rm', ['-rf', desk.path('.custody/index')]);
    symlinkSync(desk.path('foreign'), desk.path('.custody/index'));
    await desk.json(['commit', await desk.packet()]);
    expect(readdirSync(desk.path('foreign'))).toEqual(['000001.log']);
    expect(desk.read('foreign/000001.log')).toBe('mine');
  });

  it.each([
    ['a pipe', (path: string) => execFileSync('mkfifo', [path])],
    ['an endless device', (path: string) => symlinkSync('/dev/zero', path)],
    ['a file without end', (path: string) => writeFileSync(path, Buffer.alloc(70_000, '#'))],
  ])('%s in the place of config.yaml or of a key is refused at once', async (_what, put) => {
    const packet = await desk.packet();
    const replace = (path: string): void => {
      rmSync(path);
      put(path);
    };
    const [key] = readdirSync(desk.path('config/keys'));
    replace(desk.path('config/keys', key!));
    await desk.fails(['commit', packet], 'PATH_NOT_A_FILE', 2);
    replace(desk.path('.custody/config.yaml'));
    for (const command of ['log', 'verify', 'fsck']) await desk.fails([command], 'PATH_NOT_A_FILE', 2);
  });

  it('a pipe in index/ is gone with the next record: it is a cache', async () => {
    const packet = await desk.packet();
    await desk.json(['commit', packet]);
    for (const name of readdirSync(desk.path('.custody/index'))) {
      rmSync(desk.path('.custody/index', name));
      execFileSync('mkfifo', [desk.path('.custody/index', name)]);
    }
    await desk.json(['commit', packet]);
    expect(await desk.json(['fsck'])).toMatchObject({ ok: true, records: 3 });
  });

  it('a packet that is written out is for its owner alone', async () => {
    await desk.json(['rehearse', writePlan(desk), '--out', 'out']);
    expect(statSync(desk.path('out')).mode & 0o777).toBe(0o700);
    for (const entry of readdirSync(desk.path('out'), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      expect(statSync(path).mode & 0o777, path).toBe(entry.isDirectory() ? 0o700 : 0o600);
    }
    expect(await desk.json(['verify', 'out', '--against', 'HEAD'])).toMatchObject({ ok: true });
  });

  it('a TMPDIR that is not there is the fault of the environment', async () => {
    await desk.json(['rehearse', writePlan(desk)]);
    vi.stubEnv('TMPDIR', desk.path('nowhere'));
    for (const argv of [
      ['rehearse', 'plan.yaml'],
      ['snapshot', 'app.sqlite'],
      ['demo'],
      // No fault of the evidence that it cannot be judged here.
      ['verify', 'HEAD'],
      ['validator', 'selftest'],
    ])
      expect((await desk.fails(argv, 'IO_FAILED', 4)).hint).toContain('TMPDIR');
  });

  it('what is neither a path nor a revision is called neither', async () => {
    for (const argv of [
      ['verify', 'nope'],
      ['diff', 'nope', 'HEAD'],
    ]) {
      const { hint } = await desk.fails(argv, 'REVISION_MALFORMED', 2);
      expect(hint).toContain('path');
      expect(hint).toContain('revision');
    }
  });
});
