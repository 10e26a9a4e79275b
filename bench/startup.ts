/**
 * What starting costs: `custody --version` and `custody cat` of a small blob, with the built command, against a bare
 * `node -e 0` in the same run. Prints medians and ratios; the aim is to stay within 5. Needs `npm run build`.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { medians, REPOSITORY, Scratch } from './measure.ts';

const RUNS = 15;
const CUSTODY = join(REPOSITORY, 'dist/custody.js');
if (!existsSync(CUSTODY)) throw new Error('dist/custody.js is not there: run npm run build');

await using scratch = await Scratch.make();
const node = (...argv: string[]): string => scratch.run([process.execPath, ...argv]);
mkdirSync(scratch.file('evidence'));
writeFileSync(scratch.file('evidence/small.txt'), 'small\n');
for (const argv of [['init'], ['seal', 'evidence'], ['commit', 'evidence']]) node(CUSTODY, ...argv);
const blob = createHash('sha256').update('small\n').digest('hex');

const t = await medians(RUNS, {
  'node -e 0': { run: () => node('-e', '0') },
  'custody --version': { run: () => node(CUSTODY, '--version') },
  'custody cat ID': { run: () => node(CUSTODY, 'cat', blob) },
  'custody cat HEAD:small.txt': { run: () => node(CUSTODY, 'cat', 'HEAD:small.txt') },
  'custody --help': { run: () => node(CUSTODY, '--help') },
  'custody log': { run: () => node(CUSTODY, 'log') },
  'custody verify': { run: () => node(CUSTODY, 'verify') },
});
for (const [name, ms] of Object.entries(t)) {
  const ratio = (ms / t['node -e 0']).toFixed(2);
  process.stdout.write(`${name.padEnd(28)} ${ms.toFixed(0).padStart(5)} ms  ${ratio} x\n`);
}
