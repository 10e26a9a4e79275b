import { execFile } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { CUSTODY } from './built.ts';
import { makeTestFolder } from './support/folder.ts';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

interface Step {
  readonly command: string;
  readonly output: string;
}

/** The `console` blocks of README.md: `$ command`, then what it prints; `…` stands for anything. */
function stepsOf(markdown: string): Step[] {
  return [...markdown.matchAll(/```console\n([\s\S]*?)```/g)].flatMap(([, block]) =>
    block!
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [command = '', ...output] = part.split('\n');
        return { command, output: output.join('\n').trim() };
      }),
  );
}

function pattern(output: string): RegExp {
  const literal = output.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${literal.replaceAll('…', '[\\s\\S]*?')}$`);
}

describe('README', () => {
  let folder: string;
  let steps: Step[];

  beforeAll(async () => {
    folder = makeTestFolder('readme');
    const shim = join(folder, 'custody');
    await writeFile(shim, `#!/bin/sh\nexec "${process.execPath}" "${CUSTODY}" "$@"\n`);
    await chmod(shim, 0o755);
    steps = stepsOf(await readFile(join(ROOT, 'README.md'), 'utf8'));
  });

  const sh = (command: string): Promise<string> =>
    new Promise((done) => {
      const env = {
        ...process.env,
        PATH: `${folder}:${process.env['PATH'] ?? ''}`,
        CUSTODY_CONFIG_DIR: join(folder, 'config'),
        TMPDIR: folder,
      };
      execFile('sh', ['-c', `{ ${command}\n} 2>&1`], { cwd: folder, env }, (_error, stdout) =>
        done(stdout.trim()),
      );
    });

  it('shows real output: every command prints what it says', async () => {
    expect(steps.length).toBeGreaterThanOrEqual(9);
    for (const { command, output } of steps) {
      // The installation is what this test runs in; the demo itself is run.
      const runnable = command.replace('npm ci && npm run demo', 'custody demo');
      const printed = await sh(runnable);
      expect(printed, command).toMatch(pattern(command === runnable ? output : output.replace(/^…\n/, '')));
    }
  });
});
