import { Writable } from 'node:stream';
import { mkdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { run } from '../../src/cli/main.ts';
import { Desk } from './desk.ts';

it('cat into a slow pipe leaves no listener behind', async () => {
  using desk = new Desk();
  await desk.init();
  mkdirSync(desk.path('evidence'));
  const text = Array.from({ length: 200_000 }, (_, i) => `line ${i * 7919}\n`).join('');
  desk.write('evidence/long.txt', text);
  await desk.json(['seal', 'evidence']);
  await desk.json(['commit', 'evidence']);
  const pieces: Buffer[] = [];
  let most = 0;
  const stdout = new Writable({
    highWaterMark: 1,
    write(piece: Buffer, _, done) {
      pieces.push(piece);
      most = Math.max(most, stdout.listenerCount('close'), stdout.listenerCount('drain'));
      setImmediate(done);
    },
  });
  const exit = await run(['cat', 'HEAD:long.txt'], {
    stdout,
    stderr: { write: () => true },
    env: desk.env,
    cwd: desk.dir,
    signal: AbortSignal.timeout(60_000),
  });
  expect({ exit, same: Buffer.concat(pieces).toString() === text }).toEqual({ exit: 0, same: true });
  expect(pieces.length).toBeGreaterThan(3);
  expect({ most, left: stdout.listenerCount('close') + stdout.listenerCount('drain') }).toEqual({
    most: expect.any(Number) as number,
    left: 0,
  });
  expect(most).toBeLessThanOrEqual(1);
});
