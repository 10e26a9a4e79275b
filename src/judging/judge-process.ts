import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { CustodyError } from '../errors.ts';
import type { Digest } from '../objects/digest.ts';
import { hello } from '../validator/protocol.ts';
import { noJudgement, Questions, SaidReader, type Answers } from './questions.ts';

export interface ProcessOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds, to which each MiB of objects adds a second, each once; the process and what it started are ended then. */
  readonly timeLimit?: number;
}

export interface JudgeCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

const DEFAULT_TIME_LIMIT = 300_000;
/** Milliseconds for each byte that was answered: a second a MiB. */
const PER_BYTE = 1_000 / 2 ** 20;
/** Milliseconds that may pass between its end and that of its output, whichever comes first. */
const AFTERMATH = 2_000;

/**
 * Runs a validator's process to its end, answering what it asks about the subject, in a process group of its own: what it
 * sends to its group reaches nobody else, and whatever it started ends with it.
 * @returns the verdict that it gave. @throws CustodyError VALIDATOR_FAILED, INTERRUPTED; what `get` throws.
 */
export async function runToVerdict(
  { command, args, cwd, env }: JudgeCommand,
  subject: Digest,
  get: Answers,
  { signal, timeLimit = DEFAULT_TIME_LIMIT }: ProcessOptions = {},
): Promise<string> {
  if (signal?.aborted) throw interrupted(signal.reason);
  const child = spawn(command, args, { env, cwd, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const end = (): void => endGroup(child);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-4000)));
  const closed = once(child, 'close');
  const exited = exitOf(child);
  const time = { limit: timeLimit, out: false };
  const talk = converse(child, subject, get, (bytes) => (time.limit += bytes * PER_BYTE));
  // Each is awaited below, but maybe not before it fails.
  for (const promise of [closed, exited, talk]) promise.catch(() => undefined);
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
    const verdict = await Promise.race([talk, exited.then(leftOver)]);
    if (verdict === undefined && !(await within(AFTERMATH, exited))) end();
    const code = await exited;
    if (code !== 0 && (await within(AFTERMATH, closed))) errors = errors.trim();
    if (code !== 0) throw noJudgement(`it exited with ${code}: ${errors}`);
    if (verdict === undefined) throw noJudgement('it gave no verdict');
    return verdict;
  } catch (error) {
    end();
    await exited.catch(() => undefined);
    if (signal?.aborted) throw interrupted(error);
    throw time.out ? noJudgement(`it took longer than ${Math.round(time.limit / 1000)} s`, error) : error;
  } finally {
    clearTimeout(timer!);
    signal?.removeEventListener('abort', end);
  }

  /** What was said before its end and is not read yet; whatever it started may hold the pipes open. */
  async function leftOver(): Promise<string | undefined> {
    end();
    if (!(await within(AFTERMATH, closed))) [child.stdout, child.stderr].forEach((pipe) => pipe.destroy());
    return (await within(AFTERMATH, talk)) ? talk : undefined;
  }
}

/** @returns the verdict; undefined where the output ends without one. @throws VALIDATOR_FAILED for whatever is no message. */
async function converse(
  { stdin, stdout }: { readonly stdin: Writable; readonly stdout: Readable },
  subject: Digest,
  get: Answers,
  onFresh: (bytes: number) => void,
): Promise<string | undefined> {
  // A process that ends early breaks the pipe: its exit says more than EPIPE.
  stdin.on('error', () => undefined);
  stdin.write(hello(subject));
  const questions = new Questions(subject, get);
  const reader = new SaidReader();
  let verdict: string | undefined;
  for await (const piece of untilBroken(stdout)) {
    for (const said of reader.add(piece)) {
      if (verdict !== undefined) throw noJudgement('it went on after its verdict');
      if ('verdict' in said) verdict = utf8(said.verdict);
      else {
        const { answer, fresh } = await questions.answer(said.question);
        onFresh(fresh);
        if (!stdin.write(answer)) await drained(stdin);
      }
    }
  }
  return reader.cut ? undefined : verdict;
}

/** A pipe that breaks has come to its end. */
async function* untilBroken(stdout: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* stdout as AsyncIterable<Buffer>;
  } catch {
    // Its exit says more.
  }
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw noJudgement('its verdict is not UTF-8', cause);
  }
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

/** Whether it settled within so many milliseconds. */
async function within(limit: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), limit)));
  const done = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
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
