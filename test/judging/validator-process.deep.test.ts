import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CustodyError } from '../../src/errors.ts';
import { digestOf, type Digest } from '../../src/objects/digest.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import type { Answers } from '../../src/judging/questions.ts';
import { nodeProgram } from './programs.ts';
import type { SandboxOptions } from '../../src/judging/sandbox.ts';
import { makeTestFolder } from '../support/folder.ts';
import { runValidator } from '../../src/judging/validator-process.ts';
import { refusedWith } from '../support/refusals.ts';

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

const LEAF = bytesOf(100);
const LEAF_ID = digestOf(LEAF);

function bytesOf(length: number, fill = 0): Uint8Array {
  return new Uint8Array(length).fill(fill);
}

/** Answers with an object that links all of these, as chunks, and with them. */
function evidence(pieces: readonly Uint8Array[]): { subject: Digest; get: Answers } {
  const objects = new MemoryObjects();
  const { digest: subject } = putObject(objects, {
    kind: 'chunks',
    v: 1,
    level: 0,
    entries: pieces.map((bytes) => [putBlob(objects, bytes), bytes.length]),
  });
  return { subject, get: objects.get };
}

const SMALL = evidence([LEAF]);

const run = (body: string, options: SandboxOptions = {}, { subject, get } = SMALL) =>
  runValidator(nodeProgram(body), subject, get, { timeLimit: 20_000, ...options });

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
    ['that is garbage', `send('V', Buffer.from('{"accepted": true'))`],
    ['that is not UTF-8', `send('V', Buffer.from([0xff, 0xfe]))`],
    ['that is followed by a question', `say(yes); send('Q', Buffer.alloc(32))`],
    ['that is cut short', `write(Buffer.from([0, 0, 0, 9, 0x56, 0x7b]))`],
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

  it.each([
    ['asks for ever, without reading', `for (;;) send('Q', Buffer.from(subject, 'hex'));`],
    ['asks again and again', `for (;;) ask('${LEAF_ID}');`],
    [
      'asks again and again for what is large',
      `ask(subject); for (;;) ask('${digestOf(bytesOf(1_000_000))}');`,
    ],
    ['asks for ever for what nobody has', `for (let i = 0; ; i++) ask(i.toString(16).padStart(64, '0'));`],
    ['sends half a question', `write(Buffer.alloc(20)); for (;;);`],
    ['says its verdict and does not end', `say(yes); for (;;);`],
    ['closes its output', `(await import('node:fs')).closeSync(1); setInterval(() => 0, 1_000);`],
  ])('%s is ended', async (_, body) => {
    const large = evidence([LEAF, bytesOf(1_000_000)]);
    expect(await refusedWith(run(body, { timeLimit: 1_500 }, large))).toBe('VALIDATOR_FAILED');
  });

  it.each([
    ['writes garbage', `write(Buffer.from('PASS PASS PASS'))`],
    ['sends a message of 4 GiB', `write(Buffer.from([255, 255, 255, 255, 0x56])); for (;;);`],
    ['sends a verdict above 8 MiB', `send('V', Buffer.alloc(8 * 2 ** 20 + 1, 32))`],
    ['asks for what is no digest', `send('Q', Buffer.alloc(31)); for (;;);`],
    ['exits while it is answered', `send('Q', Buffer.from(subject, 'hex')); process.exit(0)`],
    [
      'dies while it is answered',
      `send('Q', Buffer.from(subject, 'hex')); process.kill(process.pid, 'SIGKILL')`,
    ],
  ])('%s has not judged', { timeout: 60_000 }, async (_, body) => {
    // None of them needs the time limit, which is longer than this test may take.
    expect(await refusedWith(run(body, { timeLimit: 600_000 }))).toBe('VALIDATOR_FAILED');
  });

  it('closes its input can say its verdict all the same', async () => {
    const body = `(await import('node:fs')).closeSync(0); send('Q', Buffer.from(subject, 'hex')); say(yes)`;
    expect(await run(body)).toMatchObject({ accepted: true });
  });

  it('takes long over much evidence is given a second for each MiB, once', async () => {
    const pieces = Array.from({ length: 30 }, (_, i) => bytesOf(1_000_000, i));
    const large = evidence(pieces);
    const all = (times: number): string =>
      `for (let i = 0; i < ${times}; i++) for (const id of ${JSON.stringify([large.subject, ...pieces.map(digestOf)])}) ask(id);
       const until = Date.now() + 2_500; while (Date.now() < until); say(yes);`;
    expect(await run(all(1), { timeLimit: 1_500 }, large)).toMatchObject({ accepted: true });
    expect(await refusedWith(run(all(1_000), { timeLimit: 1_500 }, evidence([LEAF])))).toBe(
      'VALIDATOR_FAILED',
    );
  });

  it('prints 100 MB of complaints is not listened to, and its judgement stands', async () => {
    const body = `const s = 'x'.repeat(1e6); for (let i = 0; i < 100; i++) process.stderr.write(s); say(yes);`;
    expect(await run(body)).toMatchObject({ accepted: true });
  });

  it('exits does not wait for an answer that never comes', async () => {
    const never = { subject: SMALL.subject, get: () => new Promise<never>(() => undefined) };
    const body = `send('Q', Buffer.from(subject, 'hex')); process.exit(1)`;
    expect(await refusedWith(run(body, {}, never))).toBe('VALIDATOR_FAILED');
  });

  it('judges evidence that cannot be read has not judged', async () => {
    const get = (): never => {
      throw new CustodyError('OBJECT_CORRUPT', 'a damaged object');
    };
    const work = run('ask(subject); say(yes)', {}, { subject: SMALL.subject, get });
    expect(await refusedWith(work)).toBe('OBJECT_CORRUPT');
  });

  it('is interrupted by the signal, before and while it runs', async () => {
    expect(await refusedWith(run('say(yes)', { signal: AbortSignal.abort() }))).toBe('INTERRUPTED');
    const controller = new AbortController();
    const get = (): Promise<never> => {
      setTimeout(() => controller.abort(), 300);
      return new Promise(() => undefined);
    };
    const asked = { subject: SMALL.subject, get };
    const work = run('ask(subject); say(yes)', { signal: controller.signal }, asked);
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
