import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { CustodyError, fromSystemError } from '../errors.ts';
import { FINDING_CODES, type Finding } from '../finding.ts';
import type { Digest } from '../objects/digest.ts';
import type { Link } from '../objects/link.ts';
import { frameHeader, frameSubject } from '../validator/frames.ts';
import { confine } from './confinement.ts';

export interface Judged {
  readonly accepted: boolean;
  readonly findings: readonly Finding[];
  /** Whether the process had no network, socket files or sight of other processes: where the system grants that. */
  readonly networkRestricted: boolean;
}

export interface JudgeOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds; the process is ended then. */
  readonly timeLimit?: number;
}

/**
 * Runs a validator's bytes in a process of its own, shut in as far as the system grants (confinement.ts); evidence goes
 * in as frames.
 * Whatever it answers but a well-formed judgement of this subject is a failure, never a yes.
 * @param code the validator's file, as the ledger holds it, re-hashed.
 * @throws CustodyError VALIDATOR_FAILED, INTERRUPTED, DISK_FULL, …
 */
export async function runValidator(
  code: Uint8Array,
  subject: Digest,
  evidence: AsyncIterable<{ link: Link; bytes: Uint8Array }> | Iterable<{ link: Link; bytes: Uint8Array }>,
  options: JudgeOptions = {},
): Promise<Judged> {
  return inFolder(code, async (file) => {
    const input = framed(subject, evidence);
    const { code: exit, output, errors, networkRestricted } = await run(file, [], input, options);
    if (exit !== 0) throw failed(`it exited with ${exit}: ${errors}`);
    return { ...parseJudgement(output, subject), networkRestricted };
  });
}

/** Runs the validator's own self-test: every check against evidence in which only its fault is present. */
export async function runSelftest(
  code: Uint8Array,
  options: JudgeOptions = {},
): Promise<{ ok: boolean; vectors: number; failed: string[] }> {
  return inFolder(code, async (file) => {
    const { output, errors, code: exit } = await run(file, ['--selftest'], [], options);
    const value = parseJson(output);
    if (
      !isRecord(value) ||
      typeof value['ok'] !== 'boolean' ||
      typeof value['vectors'] !== 'number' ||
      !Array.isArray(value['failed'])
    ) {
      throw failed(`its self-test gave no result: ${errors}`);
    }
    const { vectors, failed: names } = value;
    const ok = exit === 0 && vectors > 0 && names.length === 0;
    if (value['ok'] !== ok) throw failed('its self-test contradicts itself');
    return { ok, vectors, failed: names.map(String) };
  });
}

/** Puts the validator's bytes into a file of its own in a folder of its own, for as long as `work` runs. */
async function inFolder<T>(code: Uint8Array, work: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'custody-validator-')).catch((error: unknown) => {
    throw fromSystemError(error, tmpdir());
  });
  try {
    const file = join(folder, 'validator.mjs');
    await writeFile(file, code, { mode: 0o444 }).catch((error: unknown) => {
      throw fromSystemError(error, file);
    });
    return await work(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function* framed(
  subject: Digest,
  evidence: AsyncIterable<{ link: Link; bytes: Uint8Array }> | Iterable<{ link: Link; bytes: Uint8Array }>,
): AsyncGenerator<Uint8Array> {
  yield frameSubject(subject);
  for await (const { link, bytes } of evidence) {
    yield frameHeader(link.codec, bytes.length);
    yield bytes;
  }
}

const DEFAULT_TIME_LIMIT = 300_000;
const MAX_OUTPUT = 16 * 1024 * 1024;

async function run(
  file: string,
  args: string[],
  input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { signal, timeLimit = DEFAULT_TIME_LIMIT }: JudgeOptions,
): Promise<{ code: number; output: string; errors: string; networkRestricted: boolean }> {
  const confined = confine(file, args);
  const child = spawn(confined.command, confined.args, {
    env: {},
    // A process group of its own: what it sends to its group reaches nobody else.
    detached: true,
    cwd: join(file, '..'),
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(signal && { signal }),
    timeout: timeLimit,
    killSignal: 'SIGKILL',
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (output.length > MAX_OUTPUT) child.kill('SIGKILL');
    else output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-4000)));
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const fed = feed(child.stdin, input);
  // Each is awaited below, but maybe not before it fails.
  for (const promise of [ended, fed]) promise.catch(() => undefined);
  try {
    const [code, killedBy] = await Promise.race([ended, fed.then(() => ended)]);
    if (code === null) throw failed(`it was ended by ${String(killedBy)}`);
    // What did not take all of the evidence judged something else. The last acknowledgement may be a moment behind.
    const all = await within(ACKNOWLEDGED, fed);
    if (code === 0 && !all) throw failed('it did not read all of the evidence');
    return { code, output, errors: errors.trim(), networkRestricted: confined.restricted };
  } catch (error) {
    child.kill('SIGKILL');
    await ended.catch(() => undefined);
    if (signal?.aborted)
      throw new CustodyError('INTERRUPTED', 'interrupted while the validator ran', { cause: error });
    throw error;
  }
}

/** Milliseconds. */
const ACKNOWLEDGED = 2_000;

async function within(limit: number, work: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), limit)));
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** @returns whether everything was taken. A process that ends early breaks the pipe: its exit says more than EPIPE. */
async function feed(
  stdin: Writable,
  input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<boolean> {
  stdin.on('error', () => undefined);
  for await (const bytes of input) {
    if (stdin.destroyed) return false;
    if (!stdin.write(bytes)) await drained(stdin);
  }
  return new Promise((resolve) => {
    if (stdin.destroyed) resolve(false);
    else
      stdin.once('close', () => resolve(stdin.writableFinished)).end(() => resolve(stdin.writableFinished));
  });
}

function drained(stdin: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stdin.off('drain', done).off('close', done);
      resolve();
    };
    if (stdin.destroyed) resolve();
    else stdin.on('drain', done).on('close', done);
  });
}

function parseJudgement(output: string, subject: Digest): { accepted: boolean; findings: Finding[] } {
  const value = parseJson(output);
  if (!isRecord(value) || typeof value['accepted'] !== 'boolean' || !Array.isArray(value['findings']))
    throw failed('it gave no judgement');
  if (value['subject'] !== subject) throw failed('it judged something else');
  const findings = value['findings'].map((item: unknown): Finding => {
    const code = isRecord(item) ? FINDING_CODES.find((name) => name === item['code']) : undefined;
    if (
      !isRecord(item) ||
      code === undefined ||
      typeof item['path'] !== 'string' ||
      typeof item['detail'] !== 'string'
    )
      throw failed('it gave a finding that nobody knows');
    return { code, path: item['path'], detail: item['detail'] };
  });
  // Accepted with findings, or rejected without a reason, is no judgement.
  if (value['accepted'] !== (findings.length === 0)) throw failed('its answer contradicts its findings');
  return { accepted: value['accepted'], findings };
}

function parseJson(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch (cause) {
    throw failed('its output is not JSON', cause);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function failed(what: string, cause?: unknown): CustodyError {
  return new CustodyError('VALIDATOR_FAILED', `the validator did not judge: ${what}`, {
    cause,
    hint: 'custody validator selftest tries the pinned validator; custody fsck checks its bytes.',
  });
}
