import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CustodyError } from '../../src/errors.ts';
import { digestOf } from '../../src/objects/digest.ts';
import { rawLink } from '../../src/objects/link.ts';
import type { SandboxOptions } from '../../src/judging/sandbox.ts';
import { makeTestFolder } from '../support/folder.ts';
import { runValidator } from '../../src/judging/validator-process.ts';
import { refusedWith } from '../support/refusals.ts';

const SUBJECT = digestOf(new Uint8Array(0));
const SMALL = [piece(100)];
const was = process.env['TMPDIR'];
let temp: string;
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

beforeAll(() => {
  temp = makeTestFolder('process');
  process.env['TMPDIR'] = temp;
  process.on('unhandledRejection', note);
});
afterAll(() => {
  process.off('unhandledRejection', note);
  if (was === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = was;
});
beforeEach(() => {
  unhandled.length = 0;
});
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).toEqual([]);
  // Nothing of a validator stays behind.
  expect(readdirSync(temp)).toEqual([]);
});

function piece(length: number, fill = 0): { link: ReturnType<typeof rawLink>; bytes: Uint8Array } {
  const bytes = new Uint8Array(length).fill(fill);
  return { link: rawLink(digestOf(bytes)), bytes };
}

/** Validators are written as programs; this one reads everything and then runs `body`, which may use `say`. */
function program(body: string, read = true): Uint8Array {
  return new Uint8Array(
    Buffer.from(`import { readSync } from 'node:fs';
const read = () => { const b = Buffer.alloc(65536); for (;;) { let n; try { n = readSync(0, b); } catch (e) { if (e.code === 'EAGAIN') continue; throw e; } if (n === 0) return; } };
const subject = '${SUBJECT}';
const say = (value) => process.stdout.write(JSON.stringify(value));
const yes = { subject, accepted: true, findings: [] };
const no = (code, detail = '') => say({ subject, accepted: false, findings: [{ code, path: 'x', detail }] });
${read ? 'read();' : ''}
${body}`),
  );
}

const run = (body: string, options: SandboxOptions = {}, read = true) =>
  runValidator(program(body, read), SUBJECT, SMALL, { timeLimit: 20_000, ...options });

describe('a judgement', () => {
  it('is taken over, yes or no', async () => {
    expect(await run('say(yes)')).toMatchObject({ accepted: true, findings: [] });
    expect(await run(`no('LEG_MISSING', 'd')`)).toMatchObject({
      accepted: false,
      findings: [{ code: 'LEG_MISSING', path: 'x', detail: 'd' }],
    });
  });

  it.each([
    ['accepted with findings', `say({ ...yes, findings: [{ code: 'LEG_MISSING', path: 'x', detail: '' }] })`],
    ['rejected without findings', `say({ ...yes, accepted: false })`],
    ['of another subject', `say({ ...yes, subject: '${'0'.repeat(64)}' })`],
    ['of a subject that is no digest', `say({ ...yes, subject: 'x' })`],
    ['without a subject', `say({ accepted: true, findings: [] })`],
    ['that says yes as text', `say({ ...yes, accepted: 'true' })`],
    ['without findings', `say({ subject, accepted: true })`],
    ['with findings that are none', `say({ subject, accepted: false, findings: ['LEG_MISSING'] })`],
    [
      'with a finding without a path',
      `say({ subject, accepted: false, findings: [{ code: 'LEG_MISSING', detail: '' }] })`,
    ],
    ['with an unknown code', `no('ALL_FINE')`],
    ['with a code of the prototype', `no('constructor')`],
    ['that is a list', `say([yes])`],
    ['that is null', `say(null)`],
    ['that is garbage', `process.stdout.write('{"accepted": true')`],
    ['that is not UTF-8', `process.stdout.write(Buffer.from([0xff, 0xfe]))`],
    ['that comes twice', `say(yes); say(yes)`],
    ['that is nothing', ``],
    ['with exit code 1', `say(yes); process.exitCode = 1`],
    ['with exit code 255', `say(yes); process.exit(255)`],
    ['before an exception', `say(yes); throw new Error('too late')`],
    ['before it aborts', `say(yes); process.abort()`],
    ['of a program that does not parse', `say(yes`],
  ])('%s is none', async (_, body) => {
    expect(await refusedWith(run(body))).toBe('VALIDATOR_FAILED');
  });
});

describe('a validator that', () => {
  it('loops for ever is ended', async () => {
    expect(await refusedWith(run('for (;;);', { timeLimit: 1_500 }))).toBe('VALIDATOR_FAILED');
  });

  it('loops without reading is ended, whatever waits to be read', async () => {
    const evidence = Array.from({ length: 20 }, (_, i) => piece(500_000, i));
    const work = runValidator(program('for (;;);', false), SUBJECT, evidence, { timeLimit: 1_500 });
    expect(await refusedWith(work)).toBe('VALIDATOR_FAILED');
  });

  it('takes long over much evidence is given a second for each MiB', async () => {
    const late = 'setTimeout(() => say(yes), 2_500);';
    const judging = (evidence: ReturnType<typeof piece>[]) =>
      runValidator(program(late), SUBJECT, evidence, { timeLimit: 1_500 });
    expect(await refusedWith(judging([]))).toBe('VALIDATOR_FAILED');
    const evidence = Array.from({ length: 30 }, (_, i) => piece(1_000_000, i));
    expect(await judging(evidence)).toMatchObject({ accepted: true });
  });

  it('prints 100 MB is ended', async () => {
    expect(
      await refusedWith(
        run(`const s = 'x'.repeat(1e6); for (let i = 0; i < 100; i++) process.stdout.write(s);`),
      ),
    ).toBe('VALIDATOR_FAILED');
  });

  it('prints 100 MB of complaints is not listened to, and its judgement stands', async () => {
    const body = `const s = 'x'.repeat(1e6); for (let i = 0; i < 100; i++) process.stderr.write(s); say(yes);`;
    expect(await run(body)).toMatchObject({ accepted: true });
  });

  it.each([
    ['accepts', 'say(yes)'],
    ['exits', 'process.exit(0)'],
    ['dies', `process.kill(process.pid, 'SIGKILL')`],
  ])('%s while evidence is still being written has not judged', async (_, body) => {
    function* evidence() {
      for (let i = 0; i < 200; i++) yield piece(500_000, i % 5);
    }
    const work = runValidator(program(body, false), SUBJECT, evidence(), { timeLimit: 20_000 });
    expect(await refusedWith(work)).toBe('VALIDATOR_FAILED');
  });

  it('exits does not wait for evidence that never comes', async () => {
    const evidence = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) };
    const work = runValidator(program('process.exit(1)', false), SUBJECT, evidence, { timeLimit: 20_000 });
    expect(await refusedWith(work)).toBe('VALIDATOR_FAILED');
  });

  it('judges evidence that cannot be read to its end has not judged', async () => {
    function* evidence() {
      yield piece(10);
      throw new CustodyError('OBJECT_CORRUPT', 'a damaged object');
    }
    expect(await refusedWith(runValidator(program('say(yes)'), SUBJECT, evidence()))).toBe('OBJECT_CORRUPT');
  });

  it('is interrupted by the signal, before and while it runs', async () => {
    expect(await refusedWith(run('say(yes)', { signal: AbortSignal.abort() }))).toBe('INTERRUPTED');
    const controller = new AbortController();
    async function* evidence() {
      yield piece(10);
      await new Promise((resolve) => setTimeout(resolve, 300));
      controller.abort();
      await new Promise(() => undefined);
    }
    const work = runValidator(program('say(yes)'), SUBJECT, evidence(), { signal: controller.signal });
    expect(await refusedWith(work)).toBe('INTERRUPTED');
    const looping = new AbortController();
    setTimeout(() => looping.abort(), 300);
    expect(await refusedWith(run('for (;;);', { signal: looping.signal }))).toBe('INTERRUPTED');
  });
});

describe('a validator has no rights:', () => {
  /** Tries something and gives the code that it was refused with as its finding's detail. */
  const attempt = async (what: string): Promise<string> => {
    const body = `let detail = 'done';
try { ${what} } catch (error) { detail = error.code ?? error.message; }
no('LEG_MISSING', String(detail));`;
    return (await run(body)).findings[0]!.detail;
  };

  it.each([
    ['reading a file', `(await import('node:fs')).readFileSync('/etc/passwd')`],
    ['listing a folder', `(await import('node:fs')).readdirSync('/')`],
    ['listing its own folder', `(await import('node:fs')).readdirSync('.')`],
    ['writing a file', `(await import('node:fs')).writeFileSync('/tmp/custody-validator-was-here', 'x')`],
    ['writing over itself', `(await import('node:fs')).writeFileSync(process.argv[1], 'x')`],
    ['deleting itself', `(await import('node:fs')).unlinkSync(process.argv[1])`],
    ['starting a process', `(await import('node:child_process')).execFileSync('id')`],
    ['starting a worker', `new (await import('node:worker_threads')).Worker('1', { eval: true })`],
    ['loading an addon', `process.dlopen({ exports: {} }, '/lib/x86_64-linux-gnu/libc.so.6')`],
    ['loading a module', `await import('/work/main/src/errors.ts')`],
  ])('%s', async (_, what) => {
    expect(await attempt(what)).toMatch(/^ERR_(ACCESS_DENIED|DLOPEN_DISABLED|MODULE_NOT_FOUND)$/);
    expect(existsSync('/tmp/custody-validator-was-here')).toBe(false);
  });

  it('opening a database, which would write a file', async () => {
    const was = '/tmp/custody-validator-was-here.db';
    expect(
      await attempt(`new (await import('node:sqlite')).DatabaseSync('${was}').exec('create table t(x)')`),
    ).toBe('ERR_UNKNOWN_BUILTIN_MODULE');
    expect(await attempt(`process.getBuiltinModule('node:sqlite').DatabaseSync`)).not.toBe('done');
    expect(existsSync(was)).toBe(false);
  });

  it('sending signals to other processes, where namespaces are granted', async () => {
    const { findings, networkRestricted } = await run(`const tried = [${process.pid}, ${process.ppid}];
no('LEG_MISSING', JSON.stringify(tried.map((pid) => { try { return process.kill(pid, 0); } catch (e) { return e.code; } })));`);
    if (networkRestricted) expect(JSON.parse(findings[0]!.detail)).toEqual(['ESRCH', 'ESRCH']);
    // Its process group is its own: we live on.
    expect(await refusedWith(run(`process.kill(0, 'SIGKILL'); process.exit(1)`))).toBe('VALIDATOR_FAILED');
  });

  it('reaching a Unix socket, where namespaces are granted', async () => {
    const folder = makeTestFolder('socket', was ?? '/tmp');
    const server = createServer((socket) => socket.on('error', () => undefined).end());
    await once(server.listen(join(folder, 's')), 'listening');
    try {
      const { findings, networkRestricted } = await run(`const { connect } = await import('node:net');
const socket = connect('${join(folder, 's')}');
socket.on('connect', () => { no('LEG_MISSING', 'connected'); socket.destroy(); });
socket.on('error', (error) => no('LEG_MISSING', error.code));`);
      expect(findings[0]!.detail).toBe(networkRestricted ? 'ENOENT' : 'connected');
    } finally {
      server.close();
    }
  });

  it('its environment is empty', async () => {
    process.env['CUSTODY_SECRET'] = 'secret';
    const { findings } = await run(`no('LEG_MISSING', JSON.stringify(Object.keys(process.env)))`);
    delete process.env['CUSTODY_SECRET'];
    expect(JSON.parse(findings[0]!.detail)).toEqual([]);
  });

  it('it reaches no server, where a network namespace is granted', async () => {
    const seen: string[] = [];
    const server = createServer((socket) => {
      seen.push('a connection');
      socket.on('error', () => undefined).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const { findings, networkRestricted } = await run(`const { connect } = await import('node:net');
const socket = connect(${port}, '127.0.0.1');
socket.on('connect', () => { no('LEG_MISSING', 'connected'); socket.destroy(); });
socket.on('error', (error) => no('LEG_MISSING', error.code));`);
      // Where the system grants no namespace, the record must not claim one.
      if (networkRestricted) expect(findings[0]!.detail).toMatch(/^E(NETUNREACH|CONNREFUSED|ADDRNOTAVAIL)$/);
      else expect(findings[0]!.detail).toBe('connected');
      expect(seen.length > 0).toBe(!networkRestricted);
    } finally {
      server.close();
    }
  });
});
