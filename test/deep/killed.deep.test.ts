import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { CUSTODY } from '../built.ts';
import { Desk } from '../cli/desk.ts';
import { writePlan } from '../cli/plans.ts';
import { makeTestFolder } from '../support/folder.ts';
import { lacking } from '../support/lacking.ts';

const lack = lacking('Linux');
const KILLS = 12;

/** A process killed at any time leaves nothing that the next of its kind does not remove, and no damage. */
describe.skipIf(lack)(`killed${lack}`, () => {
  let desk: Desk;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    desk = new Desk(makeTestFolder('killed'));
    mkdirSync(desk.path('tmp'));
    env = { ...desk.env, TMPDIR: desk.path('tmp') };
    mkdirSync(desk.path('evidence'));
    for (let i = 0; i < 300; i++) desk.write(`evidence/${i}.txt`, `${i}\n`.repeat(1_000));
    writePlan(desk);
  });

  /** @param after milliseconds until it is killed. @returns how long it ran, and its exit status. */
  async function command(
    argv: readonly string[],
    after?: number,
  ): Promise<{ ran: number; exit: number | null }> {
    const from = Date.now();
    const child = spawn(process.execPath, [CUSTODY, ...argv], { cwd: desk.dir, env, stdio: 'ignore' });
    const ended = once(child, 'exit') as Promise<[number | null]>;
    if (after !== undefined) void delay(after).then(() => child.kill('SIGKILL'));
    const [exit] = await ended;
    return { ran: Date.now() - from, exit };
  }

  /** Temporary files and folders below the desk. */
  const left = (): string[] =>
    readdirSync(desk.dir, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /(^|\/)\.custody-[^/]*\.tmp$|(^|\/)\.tmp-|^tmp\/[^/]+$/.test(name),
    );

  const ledger = async (): Promise<void> => {
    expect((await command(['init'])).exit).toBe(0);
  };
  const sealed = async (): Promise<void> => {
    await ledger();
    expect((await command(['seal', 'evidence'])).exit).toBe(0);
  };
  const committed = async (): Promise<void> => {
    await sealed();
    expect((await command(['commit', 'evidence', '-m', 'x'])).exit).toBe(0);
  };
  const rehearsed = async (): Promise<void> => {
    await ledger();
    expect((await command(['rehearse', 'plan.yaml'])).exit).toBe(0);
  };

  it.each([
    ['init', ledger, (i: number) => ['init', `lane-${i}`]],
    ['seal', ledger, () => ['seal', '--force', 'evidence']],
    ['commit', sealed, () => ['commit', 'evidence', '-m', 'x']],
    ['unpack', committed, (i: number) => ['unpack', 'HEAD', `packet-${i}`]],
    ['rehearse', ledger, () => ['rehearse', 'plan.yaml']],
    ['rerun', rehearsed, () => ['rerun', 'HEAD']],
    ['verify', rehearsed, () => ['verify', 'HEAD']],
  ])('%s', async (name, prepare, argv) => {
    await prepare();
    const { ran, exit } = await command(argv(-1));
    expect(exit).toBe(0);
    const seen: string[] = [];
    for (let i = 0; i < KILLS; i++) {
      const words = argv(i);
      if (name === 'seal') desk.write('evidence/0.txt', String(i));
      // Node.js alone takes the first part of it.
      await command(words, ran * (0.2 + (0.8 * i) / KILLS));
      seen.push(...left());
      expect(await fsck(), `${name} ${i}`).toMatchObject({ ok: true, findings: [] });
      // Only what was whole when the signal came may be refused as there already.
      expect([0, 2], `${name} ${i}`).toContain((await command(words)).exit);
      expect(left(), `${name} ${i}`).toEqual([]);
    }
    if (name === 'rehearse') expect(seen.some((path) => path.startsWith('tmp/'))).toBe(true);
    expect(await fsck()).toMatchObject({ ok: true, leftovers: [] });
  });

  async function fsck(): Promise<{ ok: boolean }> {
    return desk.json(['fsck']);
  }
});
