/**
 * `npm run bench [part …]`: runs the parts, one after the other, and prints ours beside public tools in the same run.
 * Medians; a ratio below 1 means that we are faster (or smaller). Nothing is written into the repository.
 * BENCH_SCALE=small for a quick look; BENCH_ROWS, BENCH_TREE_MB, BENCH_COMMITS, BENCH_OBJECTS, BENCH_MEMORY_MB, BENCH_JUDGE_MB, BENCH_ROUNDS set sizes.
 */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SMALL, type Row } from './measure.ts';

/** Parts load when they are asked for. */
const PARTS: Readonly<Record<string, () => Promise<{ run: () => Promise<Row[]> }>>> = {
  codec: () => import('./codec.ts'),
  'small-commits': () => import('./small-commits.ts'),
  tree: () => import('./tree.ts'),
  sqlite: () => import('./sqlite.ts'),
  memory: () => import('./memory.ts'),
  judge: () => import('./judge.ts'),
};

/** A part that is a program of its own and prints its own table. */
const STARTUP = join(import.meta.dirname, 'startup.ts');

const asked = process.argv.slice(2);
const all = [...(existsSync(STARTUP) ? ['startup'] : []), ...Object.keys(PARTS)];
const unknown = asked.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`no such part: ${unknown.join(', ')}; there are ${all.join(', ')}\n`);
  process.exit(2);
}

process.stdout.write(
  `node ${process.version}, ${cpus().length} cores${SMALL ? ', BENCH_SCALE=small' : ''}\n`,
);
for (const name of asked.length > 0 ? asked : all) {
  process.stdout.write(`\n${name}\n`);
  const load = PARTS[name];
  if (load === undefined) {
    const { status } = spawnSync(process.execPath, [STARTUP], { stdio: 'inherit' });
    if (status !== 0) process.exitCode = 1;
    continue;
  }
  for (const row of await (await load()).run()) process.stdout.write(`${line(row)}\n`);
}

function line({ what, ours, against, theirs, unit = 'ms', note }: Row): string {
  const value = (n: number): string => (unit === 'ms' ? `${n.toFixed(n < 100 ? 1 : 0)} ms` : `${n} ${unit}`);
  const other =
    against === undefined || theirs === undefined
      ? ''
      : `${against} ${value(theirs)}`.padEnd(42) + `ratio ${(ours / theirs).toFixed(2)}`;
  const text = `  ${what.padEnd(52)}${(Number.isNaN(ours) ? '' : value(ours)).padStart(16)}   ${other}`;
  return `${text}${note === undefined ? '' : `  (${note})`}`.trimEnd();
}
