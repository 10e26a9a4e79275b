import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  disownFolder,
  makeTemporaryFolder,
  makeWorkFolder,
  OWNER_FILE,
  removeFolder,
  sweepFolders,
  temporaryFolder,
} from '../../src/system/temporary-folder.ts';
import { makeTestFolder } from '../support/folder.ts';
import { ELSEWHERE, ENDED, lay, MAKERS, temporaryOf } from '../support/killed.ts';
import { lacking } from '../support/lacking.ts';

const lack = lacking('Linux');
const lackRoot = lacking('root');
const lackMount = lacking('mounting a file system');

let parent: string;
beforeEach(() => {
  parent = makeTestFolder();
  vi.stubEnv('TMPDIR', parent);
});
afterEach(() => vi.unstubAllEnvs());

/** A folder with rows, as a process left it. */
async function left(maker = ENDED, ...more: readonly string[]): Promise<string> {
  const folder = await makeTemporaryFolder('packet');
  writeFileSync(
    join(folder, OWNER_FILE),
    [maker.world, String(maker.pid), maker.start, ...more, ''].join('\n'),
  );
  writeFileSync(join(folder, 'rows'), '1');
  return folder;
}

/** Says of a folder and its note that nobody touched them for so long. */
function layFolder(folder: string, hours: number): void {
  lay(join(folder, OWNER_FILE), hours);
  lay(folder, hours);
}

describe('a temporary folder', () => {
  it('is its owner’s alone, notes whose it is, and is gone at the end', async () => {
    let path: string;
    {
      await using folder = await temporaryFolder('packet');
      path = dirname(folder.path);
      expect(readdirSync(folder.path)).toEqual([]); // what lies there may be sealed
      const modes = [path, folder.path, join(path, OWNER_FILE)].map((one) => statSync(one).mode & 0o777);
      expect(modes).toEqual([0o700, 0o700, 0o600]);
      writeFileSync(join(folder.path, 'rows'), '1');
    }
    expect(existsSync(path)).toBe(false);
  });

  it('that outlives its maker has no note', async () => {
    expect(readdirSync(await makeTemporaryFolder('demo'))).toEqual([]);
  });

  it.each([makeTemporaryFolder, makeWorkFolder])(
    'where TMPDIR is none: not the user’s path',
    async (make) => {
      vi.stubEnv('TMPDIR', join(parent, 'missing'));
      await expect(make('x')).rejects.toMatchObject({ code: 'IO_FAILED' });
    },
  );

  it.skipIf(lackMount)(`that cannot be removed keeps its note${lackMount}`, async () => {
    const folder = await left();
    mkdirSync(join(folder, 'zz'));
    execFileSync('mount', ['-t', 'tmpfs', 'none', join(folder, 'zz')]);
    try {
      expect(() => removeFolder(folder)).toThrow();
      expect(readdirSync(folder)).toContain(OWNER_FILE);
    } finally {
      execFileSync('umount', [join(folder, 'zz')]);
    }
    removeFolder(folder);
    expect(existsSync(folder)).toBe(false);
  });
});

describe.skipIf(lack)(`folders of killed processes${lack}`, () => {
  it.each(MAKERS)('of %s', async (_, maker, gone) => {
    const folder = await left(maker);
    await using other = await temporaryFolder('rerun'); // whatever either is for
    expect(existsSync(other.path)).toBe(true);
    expect(existsSync(folder)).toBe(!gone);
  });

  it('that were killed before they had a note, or when it was removed', async () => {
    const names = [ENDED, MAKERS[0]![1]].map((maker) => join(parent, temporaryOf(maker, 'folder')));
    for (const name of names) mkdirSync(name);
    await using _ = await temporaryFolder('rerun');
    expect(names.map((name) => existsSync(name))).toEqual([false, true]);
  });

  it('of another world: stays for a day, and of this process for ever', async () => {
    const [young, old, noted, ours] = [
      await left(ELSEWHERE),
      await left(ELSEWHERE),
      await left(ELSEWHERE),
      await left(MAKERS[0]![1]),
    ];
    layFolder(young, 23);
    for (const folder of [old, ours]) layFolder(folder, 25);
    lay(noted, 25); // but its note is new
    await sweepFolders(parent);
    expect([young, old, noted, ours].map((path) => existsSync(path))).toEqual([true, false, true, true]);
  });

  it.each([
    ['a number', 'x\nx\n1\n'],
    ['a start', '0\n1\n\n'],
    ['all', ''],
  ])('whose note lacks %s: nobody can be known', async (_, note) => {
    const folders = [await left(), await left()];
    for (const folder of folders) writeFileSync(join(folder, OWNER_FILE), note);
    layFolder(folders[1]!, 25);
    await sweepFolders(parent);
    expect(folders.map((path) => existsSync(path))).toEqual([true, false]);
  });

  it('without a note: stays for ever, unless it is empty and a day old', async () => {
    const [disowned, empty, young] = [
      await left(),
      await makeTemporaryFolder('demo'),
      await makeTemporaryFolder('demo'),
    ];
    disownFolder(disowned);
    lay(disowned, 25);
    lay(empty, 25);
    await sweepFolders(parent);
    expect([disowned, empty, young].map((path) => existsSync(path))).toEqual([true, false, true]);
  });

  it('of another name, or that is a file or a link: stays', async () => {
    const [named, real] = [join(parent, 'custody-Evidence'), await left()];
    renameSync(await left(), named);
    renameSync(real, join(parent, 'elsewhere'));
    symlinkSync('elsewhere', real);
    writeFileSync(join(parent, 'custody-packet-abcdef'), '');
    await sweepFolders(parent);
    expect(readdirSync(parent).sort()).toEqual(
      ['custody-Evidence', basename(real), 'custody-packet-abcdef', 'elsewhere'].sort(),
    );
  });

  it.skipIf(lackRoot)(`whose note another account wrote: stays${lackRoot}`, async () => {
    const [theirs, lent] = [await left(), await left()];
    chownSync(join(theirs, OWNER_FILE), 12_345, 12_345);
    chownSync(lent, 12_345, 12_345); // as to a server's account
    await sweepFolders(parent);
    expect([theirs, lent].map((path) => existsSync(path))).toEqual([true, false]);
  });

  it('whose note is no regular file: stays, and nobody waits for it', async () => {
    const [fifo, link] = [await left(), await left()];
    rmSync(join(fifo, OWNER_FILE));
    expect(spawnSync('mkfifo', [join(fifo, OWNER_FILE)]).status).toBe(0);
    renameSync(join(link, OWNER_FILE), join(link, 'elsewhere'));
    symlinkSync('elsewhere', join(link, OWNER_FILE));
    for (const folder of [fifo, link]) lay(folder, 25);
    // Reading a FIFO waits for a writer: where it is read, this test does not end.
    await sweepFolders(parent);
    expect([fifo, link].every((path) => existsSync(path))).toBe(true);
  });

  it('in which a server runs: stays for all but those who end it', async () => {
    const server = spawn('sleep', ['60'], { stdio: 'ignore' });
    const folder = await left(ENDED, 'lock');
    writeFileSync(join(folder, 'lock'), `${server.pid}\nmore\n`);
    await sweepFolders(parent);
    expect(existsSync(folder)).toBe(true);
    const ended: string[] = [];
    await sweepFolders(parent, async (one) => {
      ended.push(one);
      server.kill('SIGKILL');
    });
    expect([existsSync(folder), ended]).toEqual([false, [folder]]);
  });

  it('in which a server ran', async () => {
    const folders = [await left(ENDED, 'lock'), await left(ENDED, 'lock')];
    writeFileSync(join(folders[0]!, 'lock'), `${ENDED.pid}\n`);
    await sweepFolders(parent);
    expect(folders.filter((path) => existsSync(path))).toEqual([]);
  });
});
