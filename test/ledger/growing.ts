import crypto from 'node:crypto';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { vi } from 'vitest';
import { putBlob } from '../../src/objects/sink.ts';
import { putTree } from '../../src/packets/put-tree.ts';
import { Desk } from '../cli/desk.ts';
import { LONG } from './frozen-values.ts';

/** The program that ran is not what this ledger is for: it would be another one with each change of a source. */
vi.mock(import('../../src/workflows/program.ts'), () => ({
  putProgram: (sink) => {
    const link = putBlob(sink, Buffer.from('// a program\n'));
    const files = putTree([{ path: 'custody.js', mode: 'file', link }], sink);
    return { version: '0.1.0', files, packages: [['yaml', '2.9.1']] };
  },
}));

/** 2026-06-12T00:00:00Z. */
const TIME = 1_781_222_400_000;
const TEAM = join(import.meta.dirname, '../profiles/other-team');

/**
 * Makes test/vectors/ledgers/growing/ anew with the commands of today: an entry of each type, an object of each kind that
 * still grows. Clock and chance are fixed, and so the keys are. On one system what differs from the last time was changed in
 * between, but for the two `run` objects, which name temporary folders, inodes and processes, and what links them.
 */
export async function makeGrowing(folder: string): Promise<void> {
  vi.useFakeTimers({ toFake: ['Date'], now: TIME });
  let drawn = 0;
  const draw = (size: number): Buffer =>
    crypto.createHash('sha256').update(`draw ${drawn++}`).digest().subarray(0, size);
  const { randomBytes } = crypto;
  crypto.randomBytes = draw as typeof randomBytes;
  syncBuiltinESMExports();
  try {
    using desk = new Desk();
    await run(desk);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const name of ['config.yaml', 'heads', 'packs'])
      cpSync(desk.path('.custody', name), join(folder, name), { recursive: true });
  } finally {
    crypto.randomBytes = randomBytes;
    syncBuiltinESMExports();
    vi.useRealTimers();
  }
}

async function run(desk: Desk): Promise<void> {
  await desk.json(['init', '--origin', 'growing.example/log']);
  desk.write('evidence/long.bin', LONG);
  await desk.json(['commit', await desk.packet(), '-m', 'a folder']);
  cpSync(TEAM, desk.path('team'), { recursive: true });
  await desk.json(['surrogate', 'team', '--out', 'team/stock.sqlite']);
  await desk.json(['snapshot', 'team/stock.sqlite', '-m', 'a state']);
  await desk.json(['validator', 'expect', 'e6547e69…956c47', '--name', 'hardened']);
  await desk.json(['rehearse', 'team/plan.yaml', '--lane', 'lane-07']);
  await desk.json(['rerun', 'HEAD', '--signer', 'somebody.example/reruns']);
}
