import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { postgresEngine } from '../../../src/engines/postgres/index.ts';
import { FIXTURE } from './fixture.ts';
import { OPTIONS, filesFolder } from './support.ts';
import { lacking } from '../../support/lacking.ts';

const lack = lacking('Linux');

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url));

/** Whether the process runs; one that ended and that nobody waited for (in a container without init) does not. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, 'utf8'));
}

describe('nothing outlives the process', () => {
  const files = filesFolder();
  const dump = files.file('dump.sql', FIXTURE);

  it('after dispose', async () => {
    const workspace = await postgresEngine.prepare({ file: dump }, OPTIONS);
    const raw = Object.fromEntries((await workspace.isolation()).raw);
    const listeners = process.listenerCount('SIGTERM');
    await workspace[Symbol.asyncDispose]();
    expect(existsSync(raw['cluster-folder'] ?? '/')).toBe(false);
    expect(alive(Number(raw['cluster-pid']))).toBe(false);
    expect(process.listenerCount('SIGTERM')).toBe(listeners - 1);
  });

  it.each([
    ['SIGTERM', 'wait', 'SIGTERM'],
    ['SIGINT', 'wait', 'SIGINT'],
    [undefined, 'exit', 7],
    [undefined, 'throw', 1],
  ] as const)('after %s in a process that would %s', async (signal, then, expected) => {
    const child = spawn(process.execPath, [CHILD, dump, then], { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.setEncoding('utf8');
    const [line] = (await once(child.stdout, 'data')) as [string];
    const raw = JSON.parse(line) as Record<string, string>;
    if (signal) child.kill(signal);
    const [code, by] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    expect(by ?? code).toBe(expected);
    expect(existsSync(raw['cluster-folder'] ?? '/')).toBe(false);
    expect(alive(Number(raw['cluster-pid']))).toBe(false);
  });

  it.skipIf(lack)(
    `after SIGKILL: the server ends, and the next start removes the folder but none of a living process${lack}`,
    async () => {
      const living = spawn(process.execPath, [CHILD, dump, 'wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
      const killed = spawn(process.execPath, [CHILD, dump, 'wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
      const [kept, left] = await Promise.all(
        [living, killed].map(async (child) => {
          const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
          return JSON.parse(line) as Record<string, string>;
        }),
      );
      const ended = once(killed, 'exit');
      killed.kill('SIGKILL');
      await ended;
      const workspace = await postgresEngine.prepare({ file: dump }, OPTIONS);
      try {
        expect(existsSync(left?.['cluster-folder'] ?? '/')).toBe(false);
        expect(alive(Number(left?.['cluster-pid']))).toBe(false);
        expect(existsSync(kept?.['cluster-folder'] ?? '/none')).toBe(true);
        expect(alive(Number(kept?.['cluster-pid']))).toBe(true);
      } finally {
        await workspace[Symbol.asyncDispose]();
        const over = once(living, 'exit');
        living.kill('SIGTERM');
        await over;
      }
    },
  );
});
