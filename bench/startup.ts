/**
 * What starting costs: `custody --version` and `custody cat` of a small blob, with the built command, against a bare
 * `node -e 0` in the same run. Prints medians and ratios; the aim is to stay within 5. Needs `npm run build`.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const RUNS = 15;
const CUSTODY = fileURLToPath(new URL('../dist/custody.js', import.meta.url));
if (!existsSync(CUSTODY)) throw new Error('dist/custody.js is not there: run npm run build');

const dir = mkdtempSync(join(tmpdir(), 'custody-startup-'));
try {
  const env = { ...process.env, CUSTODY_CONFIG_DIR: join(dir, 'config') };
  const node = (...argv: string[]): void => {
    const { status, stderr } = spawnSync(process.execPath, argv, { cwd: dir, env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${argv.join(' ')} exited with ${String(status)}: ${stderr}`);
  };
  mkdirSync(join(dir, 'evidence'));
  writeFileSync(join(dir, 'evidence/small.txt'), 'small\n');
  for (const argv of [['init'], ['seal', 'evidence'], ['commit', 'evidence']]) node(CUSTODY, ...argv);
  const blob = createHash('sha256').update('small\n').digest('hex');

  const lines: Record<string, string[]> = {
    'node -e 0': ['-e', '0'],
    'custody --version': [CUSTODY, '--version'],
    'custody cat ID': [CUSTODY, 'cat', blob],
    'custody cat HEAD:small.txt': [CUSTODY, 'cat', 'HEAD:small.txt'],
    'custody --help': [CUSTODY, '--help'],
    'custody log': [CUSTODY, 'log'],
    'custody verify': [CUSTODY, 'verify'],
  };
  // In turns, so that whatever else the machine does falls on all alike.
  const times = new Map(Object.keys(lines).map((name): [string, number[]] => [name, []]));
  for (let run = 0; run < RUNS; run++) {
    for (const [name, argv] of Object.entries(lines)) {
      const start = performance.now();
      node(...argv);
      times.get(name)?.push(performance.now() - start);
    }
  }
  const medians = new Map([...times].map(([name, all]) => [name, median(all)]));
  const bare = medians.get('node -e 0') ?? NaN;
  for (const [name, ms] of medians)
    process.stdout.write(`${name.padEnd(28)} ${ms.toFixed(0).padStart(5)} ms  ${(ms / bare).toFixed(2)} x\n`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}
