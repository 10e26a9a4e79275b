import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';

/** The system calls that change a disk, or make a change durable. */
const CALLS = [
  'write',
  'pwrite64',
  'fsync',
  'fdatasync',
  'rename',
  'ftruncate',
  'unlink',
  'mkdir',
  'fchmod',
] as const;

/** One call to meddle with: the `nth` of its name in any thread (strace counts in each thread for itself). */
export interface Point {
  readonly call: string;
  readonly nth: number;
}

interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** Null where strace is there and may trace; else why not. */
export function straceRefused(): string | null {
  try {
    execFileSync('strace', ['-f', '-qq', '-o', '/dev/null', 'true'], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message.split('\n')[0]! : String(error);
  }
}

/** Runs a command and lists its calls on files below `folder`, each name with its place in its thread, none twice. */
export function trace(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  folder: string,
  log: string,
): Point[] {
  const args = ['-f', '-y', '-qq', '--seccomp-bpf', '-e', `trace=${CALLS.join(',')}`, '-o', log, ...command];
  const { status, stderr } = spawnSync('strace', args, { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the traced command failed: ${stderr}`);
  // It prints other bytes than ASCII as three octal digits.
  const below = Buffer.from(folder)
    .toString('latin1')
    .replace(/[\x80-\xff]/g, (byte) => `\\${byte.charCodeAt(0).toString(8)}`);
  const counts = new Map<string, number>();
  const points = new Map<string, Point>();
  for (const line of readFileSync(log, 'latin1').split('\n')) {
    const match = /^(\d+)\s+(\w+)\((.*)/.exec(line);
    if (!match) continue;
    const [, thread, call, rest] = match as unknown as [string, string, string, string];
    const nth = (counts.get(`${thread} ${call}`) ?? 0) + 1;
    counts.set(`${thread} ${call}`, nth);
    if (rest.includes(below)) points.set(`${call} ${nth}`, { call, nth });
  }
  rmSync(log);
  return [...points.values()];
}

/** Runs a command with one call that fails with `fault`, or at which it is killed. */
export function inject(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  { call, nth }: Point,
  fault: 'EIO' | 'ENOSPC' | 'SIGKILL',
): Ended {
  const what = fault === 'SIGKILL' ? 'signal=KILL' : `error=${fault}`;
  const rule = `inject=${call}:${what}:when=${nth}`;
  const args = [
    '-f',
    '-qq',
    '--seccomp-bpf',
    '-e',
    `trace=${call}`,
    '-e',
    rule,
    '-o',
    '/dev/null',
    ...command,
  ];
  const { status, signal, stderr } = spawnSync('strace', args, { env, encoding: 'utf8', timeout: 60_000 });
  return { status, signal, stderr };
}
