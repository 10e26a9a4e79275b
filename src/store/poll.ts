import { setTimeout as sleep } from 'node:timers/promises';
import { CustodyError } from '../errors.ts';
import type { LockOptions } from './backend.ts';

const DEFAULT_TIMEOUT = 30_000;
/** Milliseconds. Random between half of it and all of it, so that waiting lanes do not wake in step. */
const LONGEST_SLEEP = 25;

/**
 * Asks `attempt` until it says yes.
 * @param holder who has it now, as far as it can be known; for the message.
 * @throws LOCK_TIMEOUT after `timeout` ms, INTERRUPTED when `signal` fires; and what `attempt` throws.
 */
export async function poll(
  path: string,
  attempt: () => boolean,
  holder: () => string,
  { timeout = DEFAULT_TIMEOUT, signal }: LockOptions = {},
): Promise<void> {
  const deadline = performance.now() + timeout;
  for (let pause = 1; ; pause = Math.min(2 * pause, LONGEST_SLEEP)) {
    if (signal?.aborted) throw interrupted(path, signal);
    if (attempt()) return;
    const left = deadline - performance.now();
    if (left <= 0) {
      throw new CustodyError('LOCK_TIMEOUT', `the lock was not free within ${timeout} ms; ${holder()}`, {
        path,
        hint: 'Wait for that process or end it, then run the command again; --lock-timeout waits longer.',
      });
    }
    try {
      await sleep(Math.min(left, pause * (0.5 + Math.random() / 2)), undefined, signal ? { signal } : {});
    } catch (cause) {
      if (signal?.aborted) throw interrupted(path, signal);
      throw cause;
    }
  }
}

function interrupted(path: string, signal: AbortSignal): CustodyError {
  return new CustodyError('INTERRUPTED', 'interrupted while waiting for the lock', {
    path,
    cause: signal.reason,
    hint: 'Run the command again; nothing was recorded.',
  });
}
