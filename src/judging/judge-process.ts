import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { CustodyError } from '../errors.ts';

export interface ProcessOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds, to which each MiB that it takes adds a second; the process and what it started are ended then. */
  readonly timeLimit?: number;
}

export interface JudgeCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly code: number;
  /** Standard output, decoded strictly. */
  readonly output: string;
  /** The end of standard error, for a message. */
  readonly errors: string;
  /** Whether it took all of its input. */
  readonly taken: boolean;
}

export type Input = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

const DEFAULT_TIME_LIMIT = 300_000;
/** Milliseconds for each byte that was taken: a second a MiB. */
const PER_BYTE = 1_000 / 2 ** 20;
const MAX_OUTPUT = 16 * 1024 * 1024;
/** Milliseconds that may pass after its end until the last acknowledgement and output are here. */
const AFTERMATH = 2_000;

/**
 * Runs a validator's process to its end, in a process group of its own: what it sends to its group reaches nobody else,
 * and whatever it started ends with it. @throws CustodyError VALIDATOR_FAILED, INTERRUPTED; what reading `input` throws.
 */
export async function runToEnd(
  { command, args, cwd, env }: JudgeCommand,
  input: Input,
  { signal, timeLimit = DEFAULT_TIME_LIMIT }: ProcessOptions = {},
): Promise<Ended> {
  if (signal?.aborted) throw interrupted(signal.reason);
  const child = spawn(command, args, { env, cwd, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const end = (): void => endGroup(child);
  const output = new Output(end);
  let errors = '';
  child.stdout.on('data', (bytes: Buffer) => output.add(bytes));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-4000)));
  const closed = once(child, 'close').then(() => true);
  const exited = exitOf(child);
  const time = { limit: timeLimit, out: false };
  const fed = feed(child.stdin, input, (bytes) => (time.limit += bytes * PER_BYTE));
  // Each is awaited below, but maybe not before it fails.
  for (const promise of [closed, exited, fed]) promise.catch(() => undefined);
  const from = performance.now();
  let timer: NodeJS.Timeout;
  const look = (): void => {
    const left = from + time.limit - performance.now();
    if (left > 0) timer = setTimeout(look, left);
    else {
      time.out = true;
      end();
    }
  };
  look();
  signal?.addEventListener('abort', end, { once: true });
  try {
    const code = await Promise.race([exited, fed.then(() => exited)]);
    end();
    if (!(await within(AFTERMATH, closed))) [child.stdout, child.stderr].forEach((pipe) => pipe.destroy());
    return { code, output: output.text(), errors: errors.trim(), taken: await within(AFTERMATH, fed) };
  } catch (error) {
    end();
    await exited.catch(() => undefined);
    if (signal?.aborted) throw interrupted(error);
    throw time.out ? noJudgement(`it took longer than ${Math.round(time.limit / 1000)} s`, error) : error;
  } finally {
    clearTimeout(timer!);
    signal?.removeEventListener('abort', end);
  }
}

export function noJudgement(what: string, cause?: unknown): CustodyError {
  return new CustodyError('VALIDATOR_FAILED', `the validator did not judge: ${what}`, {
    cause,
    hint: 'custody validator selftest tries the pinned validators; custody fsck checks their bytes.',
  });
}

function interrupted(cause: unknown): CustodyError {
  return new CustodyError('INTERRUPTED', 'interrupted while the validator ran', {
    cause,
    hint: 'Run the command again.',
  });
}

/** Ends the process and its group; without a process (it could not be started) there is nothing to end. */
function endGroup(child: ChildProcess): void {
  child.kill('SIGKILL');
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(noJudgement(`it cannot be started: ${error.message}`, error)));
    child.once('exit', (code, killedBy) => {
      if (code === null) reject(noJudgement(`it was ended by ${String(killedBy)}`));
      else resolve(code);
    });
  });
}

class Output {
  readonly #pieces: Buffer[] = [];
  readonly #tooLong: () => void;
  #length = 0;

  constructor(tooLong: () => void) {
    this.#tooLong = tooLong;
  }

  add(bytes: Buffer): void {
    this.#length += bytes.length;
    if (this.#length > MAX_OUTPUT) this.#tooLong();
    else this.#pieces.push(bytes);
  }

  text(): string {
    if (this.#length > MAX_OUTPUT) throw noJudgement('it printed more than 16 MiB');
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(this.#pieces));
    } catch (cause) {
      throw noJudgement('its output is not UTF-8', cause);
    }
  }
}

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
async function feed(stdin: Writable, input: Input, onTaken: (bytes: number) => void): Promise<boolean> {
  stdin.on('error', () => undefined);
  for await (const bytes of input) {
    if (stdin.destroyed) return false;
    if (!stdin.write(bytes)) await drained(stdin);
    onTaken(bytes.length);
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
