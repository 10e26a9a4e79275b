import { spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  makeFile,
  makerOf,
  replaceFile,
  sweepTemporaries,
  temporaryName,
} from '../../src/system/temporary-file.ts';
import { makeTestFolder } from '../support/folder.ts';
import { ELSEWHERE, ENDED, lay, MAKERS, temporaryOf } from '../support/killed.ts';
import { lacking } from '../support/lacking.ts';

const lack = lacking('Linux');
const lackRoot = lacking('root');

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => (folder = makeTestFolder()));

/** The names of a folder that nobody sweeps, with what became of each. */
function left(name: string, make: (path: string) => void): string {
  make(at(name));
  return at(name);
}
const write = (path: string): void => writeFileSync(path, 'half');

describe('a file that is there whole or not at all', () => {
  it('replaces what was there, for its owner alone, and leaves nothing beside it', async () => {
    writeFileSync(at('a'), 'old', { mode: 0o644 });
    await replaceFile(at('a'), 'new');
    expect(readFileSync(at('a'), 'utf8')).toBe('new');
    expect(statSync(at('a')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['a']);
  });

  it('is made where nothing is, and never over anything', async () => {
    expect(await makeFile(at('a'), 'mine')).toBe(true);
    expect(statSync(at('a')).mode & 0o777).toBe(0o600);
    symlinkSync('nowhere', at('link'));
    for (const name of ['a', 'link']) expect(await makeFile(at(name), 'theirs')).toBe(false);
    expect(readFileSync(at('a'), 'utf8')).toBe('mine');
    expect(readdirSync(folder)).toEqual(['a', 'link']);
  });

  it.each([
    ['a folder that is missing', 'missing/a', 'PATH_NOT_FOUND', 'missing'],
    ['a file that is no folder', 'file/a', 'PATH_NOT_A_FOLDER', 'file'],
  ])('%s: says which', async (_, name, code, about) => {
    writeFileSync(at('file'), '');
    for (const work of [replaceFile, makeFile])
      await expect(work(at(name), 'x')).rejects.toMatchObject({ code, path: at(about) });
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('a folder that has the name: is no file to replace', async () => {
    mkdirSync(at('a'));
    await expect(replaceFile(at('a'), 'x')).rejects.toMatchObject({ code: 'PATH_NOT_A_FILE' });
    expect(readdirSync(folder)).toEqual(['a']);
  });

  it.each([replaceFile, makeFile])('first removes what killed writers left: %o', async (work) => {
    const other = left(temporaryOf(ENDED), write);
    await work(at('a'), 'x');
    expect(existsSync(other)).toBe(!!lack);
  });
});

describe.skipIf(lack)(`what makers left under temporary names${lack}`, () => {
  it('names who makes it', () => {
    const name = basename(temporaryName(folder));
    expect(makerOf(name)).toEqual(MAKERS[0]![1]);
    expect(makerOf(`${name}x`)).toBeUndefined();
    expect(makerOf(`x${name}`)).toBeUndefined();
    expect(basename(temporaryName(folder))).not.toBe(name);
  });

  it.each(MAKERS)('of %s', (_, maker, gone) => {
    const file = left(temporaryOf(maker), write);
    const inner = left(temporaryOf(maker, 'folder'), (path) => {
      mkdirSync(path);
      write(join(path, 'file'));
      lay(path, 0);
    });
    sweepTemporaries(folder);
    expect([file, inner].map((path) => existsSync(path))).toEqual([!gone, !gone]);
  });

  it('of another world: stays for a day, and of this process for ever', () => {
    const [young, old] = [
      left(temporaryOf(ELSEWHERE), write),
      left(temporaryOf(ELSEWHERE, 'folder'), (path) => mkdirSync(path)),
    ];
    const ours = left(temporaryOf(MAKERS[0]![1]), write);
    lay(young, 23);
    lay(old, 25);
    lay(ours, 25);
    sweepTemporaries(folder);
    expect([young, old, ours].map((path) => existsSync(path))).toEqual([true, false, true]);
  });

  it('what has such a name and is none of it: stays, and nobody waits', () => {
    const name = (kind: string, last: string): string =>
      temporaryOf(ENDED, kind).replace('f.tmp', `${last}.tmp`);
    const paths = [
      left(name('file', '1'), (path) => mkdirSync(path)),
      left(name('folder', '2'), write),
      left(name('file', '3'), (path) => symlinkSync('target', path)),
      left(name('folder', '4'), (path) => symlinkSync(folder, path)),
      left(name('file', '5'), (path) => expect(spawnSync('mkfifo', [path]).status).toBe(0)),
      left(`${name('file', '6')}.txt`, write),
    ];
    sweepTemporaries(folder);
    expect(paths.filter((path) => lstatSync(path, { throwIfNoEntry: false }) === undefined)).toEqual([]);
  });

  it.skipIf(lackRoot)(`of another account: stays${lackRoot}`, () => {
    const file = left(temporaryOf(ENDED), write);
    chownSync(file, 12_345, 12_345);
    sweepTemporaries(folder);
    expect(existsSync(file)).toBe(true);
  });

  it('a folder that is not there: nothing to do', () => {
    expect(() => sweepTemporaries(at('missing'))).not.toThrow();
  });
});
