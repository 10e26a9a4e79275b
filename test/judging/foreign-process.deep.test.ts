import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/objects/digest.ts';
import { runForeign } from '../../src/judging/foreign-process.ts';
import { SANDBOXES, type SandboxOptions } from '../../src/judging/sandbox.ts';
import { controlCases, tryControls } from '../../src/judging/controls.ts';
import { ALWAYS_NO, ALWAYS_YES, PYTHON, says, scriptBytes, VERDICT } from './foreign-validators.ts';
import { nothing } from './programs.ts';
import { refusedWith } from '../support/refusals.ts';
import { makeTestFolder } from '../support/folder.ts';

/** As on a system that grants no sandbox. */
const UNSANDBOXED: SandboxOptions = { sandboxes: [], unsandboxed: true };
const SUBJECT = digestOf(new Uint8Array(0));
const was = process.env['TMPDIR'];
let temp: string;

beforeAll(() => {
  temp = makeTestFolder('foreign test');
  process.env['TMPDIR'] = temp;
});
afterAll(() => {
  if (was === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = was;
  rmSync(temp, { recursive: true, force: true });
});
afterEach(() => {
  // Nothing of a validator stays behind.
  expect(readdirSync(temp)).toEqual([]);
});

const run = (text: string, options: SandboxOptions = {}) =>
  runForeign(scriptBytes(text), SUBJECT, nothing, { timeLimit: 30_000, ...options });

const tried = (text: string, options: SandboxOptions = {}) =>
  tryControls({ code: scriptBytes(text), runner: 'interpreter' }, options);

/** What a shell script says, as the detail of a finding. */
async function say(body: string, options: SandboxOptions = {}): Promise<string> {
  const { findings } = await run(
    `#!/bin/sh
${VERDICT}
said=$( { ${body}
} 2>/dev/null | tr '\\n"\\\\' '   ')
verdict '{"accepted": false, "findings": [{"code": "SAID", "path": "x", "detail": "'"$said"'"}]}'
`,
    options,
  );
  return findings[0]!.detail.replace(/^SAID: /, '').trim();
}

/** Those of our sandboxes that this system grants, each by itself. */
const granted: SandboxOptions[] = [];

beforeAll(async () => {
  for (const sandbox of SANDBOXES) {
    const options = { sandboxes: [sandbox] };
    if (await run(ALWAYS_YES, options).then(Boolean, () => false)) granted.push(options);
  }
});

describe('a foreign validator', () => {
  it('in Python passes the controls, with a sandbox and without', async () => {
    const cases = await controlCases('interpreter');
    for (const options of [{}, UNSANDBOXED]) {
      const { ok, failed, vectors, sandbox } = await tried(PYTHON, options);
      expect({ ok, failed, vectors }).toEqual({ ok: true, failed: [], vectors: cases.length });
      if ('unsandboxed' in options) expect(sandbox).toBe('none (--unsandboxed)');
      else expect(SANDBOXES.map(({ name }) => name)).toContain(sandbox);
    }
  });

  it('that says yes, or no, to everything fails them', async () => {
    const names = (await controlCases('interpreter')).map(({ name }) => name);
    const [good, ...bad] = names;
    expect(await tried(ALWAYS_YES)).toMatchObject({ ok: false, failed: bad });
    expect(await tried(ALWAYS_NO)).toMatchObject({ ok: false, failed: [good] });
  });

  it.each([
    ['does not ask whether it is as it was', 'leg["back"] != rehearsal["entry"]', 'False', 'not-restored'],
    ['does not ask for a change', 'leg["after"] in (None, rehearsal["entry"])', 'False', 'no-mutation'],
    [
      'looks at the first leg only',
      'for leg in rehearsal["legs"]:',
      'for leg in rehearsal["legs"][:1]:',
      'no-mutation-in-one-leg',
    ],
  ])('that %s fails them', async (_what, from, to, name) => {
    expect(PYTHON).toContain(from);
    expect((await tried(PYTHON.replace(from, to))).failed).toContain(name);
  });

  it('gets no argument, and nothing of our environment', async () => {
    process.env['CUSTODY_SECRET'] = 'secret';
    const said = await say('echo $# && env | cut -d= -f1 | sort');
    delete process.env['CUSTODY_SECRET'];
    expect(said.split(' ').filter((name) => !['PWD', 'OLDPWD', '_', 'SHLVL'].includes(name))).toEqual([
      '0',
      'LANG',
      'PATH',
    ]);
  });

  it.each([
    ['exits with 1', `${ALWAYS_YES}exit 1\n`],
    ['dies', `${ALWAYS_YES}kill -9 $$\n`],
    ['throws', '#!/usr/bin/env python3\nraise SystemError("no")\n'],
    ['prints nothing', '#!/bin/sh\n'],
    ['prints a verdict without a message', '#!/bin/sh\necho \'{"accepted": true}\'\n'],
    ['says garbage', says('PASS')],
    ['says bytes', says('\\377\\376')],
    ['prints half a message', "#!/bin/sh\nprintf '\\000\\000\\000'\n"],
    ['answers twice', `${ALWAYS_YES}${ALWAYS_YES}`],
    ['repeats a key', says('{"accepted": false, "accepted": true}')],
    ['closes its output', '#!/bin/sh\nexec >&-\n'],
    ['has an interpreter that is not there', '#!/usr/bin/no-such-interpreter\n'],
    ['has no interpreter line', ALWAYS_YES.slice('#!/bin/sh\n'.length)],
  ])('that %s has not judged', async (_what, text) => {
    expect(await refusedWith(run(text))).toBe('VALIDATOR_FAILED');
    expect(await refusedWith(run(text, UNSANDBOXED))).toBe('VALIDATOR_FAILED');
  });

  it.each([{}, UNSANDBOXED])('that hangs is ended with all that it started %j', async (options) => {
    const mark = `custody-hang-${process.pid}-${Math.random()}`;
    const text = `#!/bin/sh\nsh -c 'while :; do sleep 0.1; done' ${mark} &\nwhile :; do sleep 0.1; done\n`;
    expect(await refusedWith(run(text, { ...options, timeLimit: 1_500 }))).toBe('VALIDATOR_FAILED');
    await sleep(200);
    expect(running(mark)).toBe(false);
  });

  it.each([{}, UNSANDBOXED])('that leaves a process behind leaves none %j', async (options) => {
    const mark = `custody-left-${process.pid}-${Math.random()}`;
    const text = `${ALWAYS_YES}sh -c 'while :; do sleep 0.1; done' ${mark} >/dev/null 2>&1 &\n`;
    expect(await run(text, options)).toMatchObject({ accepted: true });
    await sleep(200);
    expect(running(mark)).toBe(false);
  });

  it('that takes more memory than it may has not judged', async () => {
    const takes = (gigabytes: number): string =>
      `#!/usr/bin/env python3\nimport mmap\nkept = mmap.mmap(-1, ${gigabytes} << 30, flags=mmap.MAP_PRIVATE)\nprint(end='\\0\\0\\0\\x12V{"accepted": true}')\n`;
    for (const options of [...granted, UNSANDBOXED]) {
      expect(await run(takes(1), options)).toMatchObject({ accepted: true });
      expect(await refusedWith(run(takes(3), options))).toBe('VALIDATOR_FAILED');
    }
  });

  it('is interrupted by the signal', async () => {
    expect(await refusedWith(run(ALWAYS_YES, { signal: AbortSignal.abort() }))).toBe('INTERRUPTED');
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 500);
    const work = run('#!/bin/sh\nsleep 60\n', { signal: controller.signal });
    expect(await refusedWith(work)).toBe('INTERRUPTED');
  });

  it('is refused where no sandbox is granted, unless that was asked for', async () => {
    const nothing = { name: 'x', command: () => ({ command: 'false', args: [], cwd: '/', env: {} }) };
    expect(await refusedWith(run(ALWAYS_YES, { sandboxes: [] }))).toBe('VALIDATOR_UNCONFINED');
    expect(await refusedWith(run(ALWAYS_YES, { sandboxes: [nothing] }))).toBe('VALIDATOR_UNCONFINED');
    const without = { sandbox: 'none (--unsandboxed)', networkRestricted: false };
    expect(await run(ALWAYS_YES, UNSANDBOXED)).toMatchObject(without);
    expect(await run(ALWAYS_YES, { sandboxes: [nothing], unsandboxed: true })).toMatchObject(without);
    // Where one is granted it is used all the same.
    for (const options of granted)
      expect(await run(ALWAYS_YES, { ...options, unsandboxed: true })).toMatchObject({
        networkRestricted: true,
      });
  });
});

/** For each kind of sandbox that is granted here. */
describe('in a sandbox', () => {
  beforeEach((context) => context.skip(granted.length === 0, 'this system grants no sandbox'));

  const inEach = async (body: string): Promise<string[]> => {
    const said: string[] = [];
    for (const options of granted) said.push(await say(body, options));
    return said;
  };
  const all = (text: string): string[] => granted.map(() => text);

  it('there is no network', async () => {
    const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const connect = `python3 -c 'import socket; socket.create_connection(("127.0.0.1", ${port}), 3); print("connected")' || echo refused`;
    try {
      expect(await inEach(connect)).toEqual(all('refused'));
      expect(await say(connect, UNSANDBOXED)).toBe('connected');
    } finally {
      server.close();
    }
  });

  it('there is no socket file, no home, no file of ours, no password', async () => {
    const secret = join(was ?? '/tmp', `custody-secret-${process.pid}`);
    writeFileSync(secret, 'secret');
    try {
      const home = process.env['HOME'] ?? '/root';
      const look = `for path in '${secret}' '${home}' /home /root /etc/passwd /etc/shadow /run /var /proc/* /sys; do [ -e "$path" ] && echo "$path"; done; echo end`;
      expect(await inEach(look)).toEqual(all('end'));
      expect(await say(`[ -e '${secret}' ] && echo there`, UNSANDBOXED)).toBe('there');
    } finally {
      rmSync(secret);
    }
  });

  it('nothing can be written but what is gone with it', async () => {
    const tried = ['/usr/x', '/bin/x', '/lib/x', '/etc/x', '/x', '/work/x', '/work/validator', '/dev/x'];
    const write = `for path in ${tried.join(' ')}; do (echo x >> "$path") && echo "$path"; done; echo x > /tmp/custody-was-here && echo tmp`;
    expect(await inEach(write)).toEqual(all('tmp'));
    expect(existsSync('/tmp/custody-was-here')).toBe(false);
    expect(await inEach('[ -e /tmp/custody-was-here ] && echo there || echo gone')).toEqual(all('gone'));
  });

  it('no other process can be seen or signalled', async () => {
    expect(await inEach(`kill -0 ${process.pid} && echo seen || echo not seen`)).toEqual(all('not seen'));
    expect(await say(`kill -0 ${process.pid} && echo seen`, UNSANDBOXED)).toBe('seen');
  });

  it('no right is left, to root neither', async () => {
    const body = `mount -t tmpfs t /tmp && echo mounted
mount -o remount,rw /usr && echo writable
mknod /tmp/disk b 8 0 && echo device
chroot / true && echo chroot
hostname custody-was-here && echo hostname
unshare -m true && echo unshared
echo end`;
    expect(await inEach(body)).toEqual(all('end'));
  });
});

function running(mark: string): boolean {
  return readdirSync('/proc').some((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark);
    } catch {
      return false;
    }
  });
}
