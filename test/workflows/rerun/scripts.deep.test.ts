import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/objects/digest.ts';
import { sealFolder } from '../../../src/packets/seal/seal.ts';
import { builtInValidator } from '../../../src/judging/policy.ts';
import { CUSTODY } from '../../built.ts';
import { Made } from './made.ts';

/** All that the two scripts of a packet may need: no grep, sed, awk, find, xargs, diff. */
const PROGRAMS = ['sha256sum', 'mktemp', 'rm'];

describe('the scripts of an unpacked packet', () => {
  let made: Made;
  beforeAll(async () => {
    made = await Made.begin(await builtInValidator());
    await made.rehearse(made.plan('plan', { rollback: false }), 'packet');
    rmSync(made.path('.custody'), { recursive: true });
    mkdirSync(made.path('tmp'));
    mkdirSync(made.path('bin'));
    for (const name of PROGRAMS) symlinkSync(which(name), made.path('bin', name));
    // What custody itself starts is its own affair.
    const wrapper = `#!${which('sh')}\nPATH='${process.env['PATH'] ?? ''}'\nexport PATH\nexec '${process.execPath}' '${CUSTODY}' "$@"\n`;
    made.write('bin/custody', wrapper);
    chmodSync(made.path('bin/custody'), 0o755);
  }, 300_000);
  afterAll(() => made[Symbol.asyncDispose]());

  /** Runs a script of a packet from another folder, and looks whether it left anything. */
  async function run(
    packet: string,
    script: string,
    env: NodeJS.ProcessEnv = {},
  ): Promise<{ exit: number; output: string }> {
    const before = stateOf(packet);
    const child = spawn(which('sh'), [made.path(packet, script), '--validator', made.validator], {
      cwd: made.path('bin'),
      env: { PATH: made.path('bin'), TMPDIR: made.path('tmp'), HOME: made.path('home'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const pipe of [child.stdout, child.stderr])
      pipe.on('data', (piece: Buffer) => (output += String(piece)));
    const [exit] = (await once(child, 'close')) as [number];
    expect(stateOf(packet), 'the packet is as it was').toEqual(before);
    expect(readdirSync(made.path('tmp')), 'temporary folders are gone').toEqual([]);
    return { exit, output };
  }

  function stateOf(packet: string): Record<string, string> {
    const names = readdirSync(made.path(packet), { recursive: true, withFileTypes: true });
    return Object.fromEntries(
      names.map((entry) => {
        const path = `${entry.parentPath}/${entry.name}`;
        return [path, entry.isFile() ? digestOf(readFileSync(path)) : 'folder'];
      }),
    );
  }

  async function changed(name: string, change: (dir: string) => void, seal = false): Promise<string> {
    cpSync(made.path('packet'), made.path(name), { recursive: true });
    change(name);
    if (seal) await sealFolder(made.path(name), { force: true });
    return name;
  }
  const swapRow = (dir: string): void => {
    made.database(`${dir}.sqlite`, 'TWO');
    copyFileSync(made.path(`${dir}.sqlite`), made.path(dir, 'source/source'));
  };
  const flip = (dir: string): void => {
    const text = readFileSync(made.path(dir, 'row-changes.json'), 'utf8');
    made.write(`${dir}/row-changes.json`, text.replace('three', 'threE'));
  };
  const last = (output: string): string | undefined => output.trimEnd().split('\n').at(-1);

  it('commands.sh runs everything again and ends in OVERALL PASS', { timeout: 300_000 }, async () => {
    const { exit, output } = await run('packet', 'commands.sh');
    expect({ exit, last: last(output) }, output).toEqual({ exit: 0, last: 'OVERALL PASS' });
    expect(output.match(/^PASS {2}/gm)).toHaveLength(5);
    expect(output).not.toMatch(/^FAIL/m);
  });

  it('RERUN.sh finds the same seal', { timeout: 300_000 }, async () => {
    const { exit, output } = await run('packet', 'RERUN.sh');
    expect({ exit, last: last(output) }, output).toEqual({ exit: 0, last: 'SAME SEAL' });
  });

  it('both fail where one byte is another one', { timeout: 300_000 }, async () => {
    const dir = await changed('flipped', flip);
    const commands = await run(dir, 'commands.sh');
    expect({ exit: commands.exit, last: last(commands.output) }).toEqual({ exit: 1, last: 'OVERALL FAIL' });
    const rerun = await run(dir, 'RERUN.sh');
    expect(rerun.exit, rerun.output).not.toBe(0);
    expect(rerun.output).not.toContain('SAME SEAL');
  });

  it(
    'both fail where a row of the source is swapped and everything sealed anew',
    { timeout: 600_000 },
    async () => {
      const dir = await changed('swapped', swapRow, true);
      const commands = await run(dir, 'commands.sh');
      expect({ exit: commands.exit, last: last(commands.output) }).toEqual({ exit: 1, last: 'OVERALL FAIL' });
      // The seal is in order: it is the rerun that notices.
      expect(commands.output).toMatch(/^PASS {2}packet$/m);
      expect(commands.output).toMatch(/^FAIL {2}rehearsal/m);
      const rerun = await run(dir, 'RERUN.sh');
      expect({ exit: rerun.exit, last: last(rerun.output) }, rerun.output).toEqual({
        exit: 1,
        last: 'DIFFERENT SEAL',
      });
    },
  );

  it('RERUN.sh calls equal seals equal where custody found something', { timeout: 300_000 }, async () => {
    made.write('finds', `#!${which('sh')}\ncustody "$@"\nexit 1\n`);
    chmodSync(made.path('finds'), 0o755);
    const { exit, output } = await run('packet', 'RERUN.sh', { CUSTODY: made.path('finds') });
    expect(exit, output).toBe(1);
    expect(output).not.toContain('DIFFERENT SEAL');
    expect(last(output)).toMatch(/^SAME SEAL, but/);
  });

  const lacking: [string, string][] = [
    ['custody', 'commands.sh'],
    ['custody', 'RERUN.sh'],
    ['sha256sum', 'commands.sh'],
    ['sha256sum', 'RERUN.sh'],
    ['mktemp', 'RERUN.sh'],
  ];
  it.each(lacking)('without %s, %s fails', { timeout: 300_000 }, async (missing, script) => {
    const bin = made.path(`without-${missing}-${script}`);
    cpSync(made.path('bin'), bin, { recursive: true, verbatimSymlinks: true });
    rmSync(`${bin}/${missing}`);
    const { exit, output } = await run('packet', script, { PATH: bin });
    expect(exit, output).not.toBe(0);
    expect(output).not.toMatch(/OVERALL PASS|SAME SEAL/);
  });
});

function which(name: string): string {
  for (const folder of (process.env['PATH'] ?? '').split(':')) {
    const path = `${folder}/${name}`;
    try {
      readFileSync(path);
      return path;
    } catch {
      continue;
    }
  }
  throw new Error(`no ${name}`);
}
