import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/objects/digest.ts';
import { SANDBOXES, type SandboxOptions } from '../../src/judging/sandbox.ts';
import { nothing, nodeProgram } from './programs.ts';
import { runValidator, type Judged } from '../../src/judging/validator-process.ts';

const SUBJECT = digestOf(new Uint8Array(0));

function run(code: string, options: SandboxOptions): Promise<Judged> {
  return runValidator(nodeProgram(code), SUBJECT, nothing, options);
}

describe('the rights of our validator', () => {
  it.for(SANDBOXES.map((sandbox, i) => ({ sandbox, i })))(
    'in the kernel’s own words, where sandbox $i is granted',
    async ({ sandbox }, { skip }) => {
      const options = { sandboxes: [sandbox] };
      skip((await run('say(yes)', options)).sandbox !== sandbox.name, 'this system does not grant it');
      const ended = new AbortController();
      const work = run('for (;;);', { ...options, signal: ended.signal });
      const interrupted = expect(work).rejects.toMatchObject({ code: 'INTERRUPTED' });
      try {
        const pid = await validatorBelow(process.pid);
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
          expect(status).toMatch(new RegExp(`^${set}:\\t0{16}$`, 'm'));
        expect(status).toMatch(/^NoNewPrivs:\t1$/m);
        if (sandbox === SANDBOXES[0]) {
          expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
          expect(status).toMatch(/^Groups:\t ?$/m);
        }
        // Nothing that it sees can be written: no library, not itself.
        const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').trim().split('\n');
        expect(mounts.map((line) => line.split(' ')[4])).toContain('/usr/lib');
        for (const line of mounts) expect(line.split(' ')[5]!.split(',')).toContain('ro');
      } finally {
        ended.abort();
      }
      await interrupted;
    },
  );

  it('without a sandbox it has those of node alone, and that is on record', async () => {
    const judged = await run('say(yes)', { sandboxes: [] });
    expect(judged).toMatchObject({ networkRestricted: false, sandbox: 'node --permission only' });
  });
});

/** The validator that runs below a process, once it does: the one whose command line names its file, and which has no child. */
async function validatorBelow(pid: number): Promise<number> {
  const childrenOf = (parent: number): number[] =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && parentOf(Number(name)) === parent)
      .map(Number);
  const below = (parent: number): number[] => childrenOf(parent).flatMap((child) => [child, ...below(child)]);
  for (;;) {
    const found = below(pid).find((child) => {
      const words = commandOf(child);
      return words[0] === process.execPath && words.at(-1)?.endsWith('/validator.mjs');
    });
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function parentOf(pid: number): number | undefined {
  return Number(/^PPid:\t(\d+)$/m.exec(readProc(pid, 'status'))?.[1]);
}

function commandOf(pid: number): string[] {
  return readProc(pid, 'cmdline').split('\0').slice(0, -1);
}

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
