import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { temporaryFolder } from '../src/system/temporary-folder.ts';

/** `BENCH_SCALE=small` is a run of about a minute, for looking whether all of it still works; its ratios mean little. */
export const SMALL = process.env['BENCH_SCALE'] === 'small';
export const REPOSITORY = resolve(import.meta.dirname, '..');
export const CUSTODY = [process.execPath, join(REPOSITORY, 'bin/custody.ts')] as const;

/** What one part found: ours beside something that everybody can run. Milliseconds unless `unit` says otherwise. */
export interface Row {
  readonly what: string;
  readonly ours: number;
  readonly against?: string;
  readonly theirs?: number;
  readonly unit?: string;
  readonly note?: string;
}

/** A setting from the environment. @param full the value of a whole run; @param small of a small one. */
export function setting(name: string, full: number, small: number): number {
  const given = Number(process.env[name]);
  return Number.isFinite(given) && given > 0 ? given : SMALL ? small : full;
}

/** Made once and kept between runs: outside the repository. */
export function cacheFolder(): string {
  const folder = join(tmpdir(), 'custody-bench');
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** A folder for one run, with a configuration folder of its own for log keys. */
export class Scratch implements AsyncDisposable {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #folder: AsyncDisposable;

  private constructor(folder: { readonly path: string } & AsyncDisposable) {
    this.path = folder.path;
    this.#folder = folder;
    this.env = {
      ...process.env,
      CUSTODY_CONFIG_DIR: join(this.path, 'config'),
      CUSTODY_AUTHOR: 'bench',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_NAME: 'bench',
      GIT_AUTHOR_EMAIL: 'bench@example.com',
      GIT_COMMITTER_NAME: 'bench',
      GIT_COMMITTER_EMAIL: 'bench@example.com',
    };
  }

  static async make(): Promise<Scratch> {
    return new Scratch(await temporaryFolder('bench'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }

  file(...names: string[]): string {
    return join(this.path, ...names);
  }

  /** Runs a command to its end. @returns its standard output. @throws Error unless it exits 0. */
  run(command: readonly string[], cwd = this.path): string {
    const [program, ...args] = command;
    const { status, stdout, stderr } = spawnSync(program!, args, {
      cwd,
      env: this.env,
      encoding: 'utf8',
      maxBuffer: 1 << 30,
    });
    if (status !== 0)
      throw new Error(`${command.join(' ')}: exit ${status}: ${stderr}${stdout.slice(-2000)}`);
    return stdout;
  }

  shell(script: string, cwd = this.path): string {
    return this.run(['bash', '-c', `set -euo pipefail; ${script}`], cwd);
  }
}

export interface Contestant {
  /** Done before each measurement, not counted. */
  readonly before?: () => unknown;
  readonly run: () => unknown;
}

/**
 * Medians in milliseconds. The contestants take turns, so that what else the machine does meets all of them; a first
 * round warms caches and is not counted. A contestant that is undefined (its program is not installed) has none.
 */
export async function medians<C extends Readonly<Record<string, Contestant | undefined>>>(
  rounds: number,
  contestants: C,
): Promise<{ [N in keyof C]: undefined extends C[N] ? number | undefined : number }> {
  const present = Object.entries(contestants).filter(
    (entry): entry is [string, Contestant] => entry[1] !== undefined,
  );
  const times = new Map<string, number[]>(present.map(([name]) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, { before, run }] of present) {
      await before?.();
      const from = performance.now();
      await run();
      if (round > 0) times.get(name)!.push(performance.now() - from);
    }
  }
  const medians = Object.fromEntries([...times].map(([name, list]) => [name, median(list)]));
  return medians as { [N in keyof C]: undefined extends C[N] ? number | undefined : number };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function installed(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}
