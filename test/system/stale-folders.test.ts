import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { claimFolder, OWNER_FILE, sweepStale } from '../../src/system/stale-folders.ts';
import { lacking } from '../support/lacking.ts';

const lack = lacking('Linux');

describe.skipIf(lack)(`folders of killed processes${lack}`, () => {
  const parent = mkdtempSync(join(tmpdir(), 'custody-test-'));
  afterAll(() => rmSync(parent, { recursive: true, force: true }));
  const uid = process.getuid?.();
  const dead = String(spawnSync(process.execPath, ['-e', '']).pid);

  /** A folder whose note is this process's with one line changed. */
  function folder(name: string, line?: number, value = ''): string {
    const path = join(parent, name);
    mkdirSync(path);
    claimFolder(path);
    const note = join(path, OWNER_FILE);
    const lines = readFileSync(note, 'utf8').split('\n');
    if (line !== undefined) writeFileSync(note, lines.with(line, value).join('\n'));
    return path;
  }

  it.each([
    ['of this process', undefined, '', true],
    ['of a process that has ended', 1, dead, false],
    ['of an earlier process with this pid', 2, '1', false],
    ['of another host', 0, 'elsewhere', true],
    ['with a damaged pid', 1, 'x', true],
    ['with a damaged start', 2, '', true],
  ])('%s', async (name, line, value, stays) => {
    const path = folder(`p-${name.replaceAll(/\W/g, '')}`, line, value);
    await sweepStale(parent, 'p-', [uid]);
    expect(existsSync(path)).toBe(stays);
  });

  it('without a note, of another account, of another name or not released: stays', async () => {
    mkdirSync(join(parent, 'p-bare'));
    const paths = [join(parent, 'p-bare'), folder('q-dead', 1, dead), folder('p-dead', 1, dead)];
    await sweepStale(parent, 'p-', [(uid ?? 0) + 1]);
    await sweepStale(parent, 'p-', [uid], () => false);
    expect(paths.every((path) => existsSync(path))).toBe(true);
  });

  it('whose note is no regular file: stays, and nobody waits for it', async () => {
    const [fifo, link] = [folder('p-fifo'), folder('p-link', 1, dead)];
    rmSync(join(fifo, OWNER_FILE));
    expect(spawnSync('mkfifo', [join(fifo, OWNER_FILE)]).status).toBe(0);
    renameSync(join(link, OWNER_FILE), join(link, 'elsewhere'));
    symlinkSync('elsewhere', join(link, OWNER_FILE));
    // Reading a FIFO waits for a writer: where it is read, this test does not end.
    await sweepStale(parent, 'p-', [uid]);
    expect([fifo, link].every((path) => existsSync(path))).toBe(true);
  });
});
