import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isCustodyError } from '../../src/errors.ts';
import { lock } from '../../src/store/lock.ts';
import { refuses } from '../support/refusals.ts';
import { makeTestFolder } from '../support/folder.ts';

const CHILD = fileURLToPath(new URL('children/hold-lock.ts', import.meta.url));

describe('the lock of a ledger folder', () => {
  let dir: string;
  let child: ChildProcess | undefined;
  beforeEach(() => {
    dir = makeTestFolder('lock');
  });
  afterEach(async () => {
    if (child?.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    child = undefined;
    rmSync(dir, { recursive: true, force: true });
  });

  async function holder(): Promise<ChildProcess> {
    const process_ = spawn(process.execPath, [CHILD, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    child = process_;
    await once(process_.stdout, 'data');
    return process_;
  }

  it('keeps other processes out, and says who has it', async () => {
    const { pid } = await holder();
    const error: unknown = await lock(dir, { timeout: 50 }).catch((caught: unknown) => caught);
    expect(isCustodyError(error, 'LOCK_TIMEOUT')).toBe(true);
    if (process.platform === 'linux') expect(String(error)).toContain(`process ${pid}`);
  });

  it('goes to the next one when its holder is killed', async () => {
    const { pid } = await holder();
    const next = lock(dir, { timeout: 30_000 });
    process.kill(pid!, 'SIGKILL');
    await using held = await next;
    expect(held.held).toBe(true);
  });

  it('of a stopped holder is not had, and the message says that it is stopped', async () => {
    const { pid } = await holder();
    process.kill(pid!, 'SIGSTOP');
    const error: unknown = await lock(dir, { timeout: 300 }).catch((caught: unknown) => caught);
    process.kill(pid!, 'SIGCONT');
    expect(isCustodyError(error, 'LOCK_TIMEOUT')).toBe(true);
    if (process.platform === 'linux') expect(String(error)).toContain('stopped');
  });

  it('writes nothing: one empty file, never changed', async () => {
    await (await lock(dir))[Symbol.asyncDispose]();
    const before = statSync(join(dir, 'lock'), { bigint: true });
    for (let i = 0; i < 3; i++) {
      await using held = await lock(dir);
      expect(held.held).toBe(true);
      expect(readdirSync(dir)).toEqual(['lock']);
      await refuses(() => lock(dir, { timeout: 5 }), 'LOCK_TIMEOUT');
    }
    const after = statSync(join(dir, 'lock'), { bigint: true });
    expect([after.size, after.mtimeNs, after.ino]).toEqual([0n, before.mtimeNs, before.ino]);
  });

  it('may be disposed twice', async () => {
    const held = await lock(dir);
    await held[Symbol.asyncDispose]();
    await held[Symbol.asyncDispose]();
    expect(held.held).toBe(false);
  });

  it('is refused with a code in a folder that is not there, and on a file that something wrote to', async () => {
    await refuses(() => lock(join(dir, 'none')), 'PATH_NOT_FOUND');
    writeFileSync(join(dir, 'lock'), 'something else');
    await refuses(() => lock(dir), 'IO_FAILED');
  });
});
