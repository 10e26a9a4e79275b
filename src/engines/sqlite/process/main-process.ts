import { spawn } from 'node:child_process';
import { CustodyError, type ErrorCode } from '../../../errors.ts';
import { program } from '../../../system/confined-root.ts';

/** What a process of ours prints instead of its answer. */
export interface MainError {
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly hint: string };
}

/**
 * Asks a process of its own, which a signal ends and which ends with this one, whatever it computes at length.
 * @param options.what is asked, for messages; `limit`, milliseconds; `hint`, what to do where it takes longer.
 * @throws CustodyError what it answers; INTERRUPTED, TIME_LIMIT, ENGINE_FAILED.
 */
export async function askMain<T extends object>(
  call: readonly string[],
  options: {
    readonly what: string;
    readonly limit: number;
    readonly hint: string;
    readonly signal?: AbortSignal;
  },
): Promise<T> {
  const { what, limit, hint, signal } = options;
  const setpriv = program('setpriv');
  const node = [process.execPath, '--no-warnings', ...call];
  const [command, ...args] = setpriv === undefined ? node : [setpriv, '--pdeathsig', 'KILL', ...node];
  const ends = AbortSignal.any([AbortSignal.timeout(limit), ...(signal ? [signal] : [])]);
  const child = spawn(command!, args, {
    env: { LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: ends,
    killSignal: 'SIGKILL',
  });
  const [output, errors] = [child.stdout, child.stderr].map(
    (stream) => stream.toArray() as Promise<Buffer[]>,
  );
  // An abort is an error of the child, too, and comes before its end: what it was is asked below.
  child.on('error', () => undefined);
  await new Promise((resolve) => child.once('close', resolve));
  if (signal?.aborted)
    throw new CustodyError('INTERRUPTED', 'interrupted', { hint: 'Run the command again.' });
  if (ends.aborted)
    throw new CustodyError('TIME_LIMIT', `${what} took more than ${Math.round(limit / 1000)} s`, { hint });
  const text = Buffer.concat(await output!).toString('utf8');
  if (child.exitCode !== 0)
    throw new CustodyError(
      'ENGINE_FAILED',
      `${what} ended with ${child.signalCode ?? child.exitCode}: ${Buffer.concat(await errors!)
        .toString('utf8')
        .slice(-2_000)}`,
      { hint: 'This is a bug: please report it.' },
    );
  const answer = JSON.parse(text) as T | MainError;
  if (!('error' in answer)) return answer;
  const { error } = answer;
  throw new CustodyError(error.code, error.message, { hint: error.hint });
}
