import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SqlChild } from '../../../src/engines/sqlite/process/child.ts';
import { isConfined } from '../../../src/system/confined-root.ts';
import { copyFileHashed } from '../../../src/engines/sqlite/files.ts';
import { childCommand } from '../../../src/engines/sqlite/process/sandbox.ts';
import { digestOf } from '../../../src/objects/digest.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import type { Clone, Workspace } from '../../../src/engines/engine.ts';
import { make, prepare, useTemp } from './helpers.ts';
import { lacking } from '../../support/lacking.ts';
import { refuses } from '../../support/refusals.ts';

const temp = useTemp();
const lack = lacking('Linux');
/** Where this system grants none, a child runs without, and the record says so: the first test below. */
const lackRoot =
  childCommand(tmpdir()).root === undefined ? ' (skipped: needs a root folder of its own)' : '';

const holds = async (workspace: Workspace, assertion: string): Promise<boolean | undefined> =>
  (await workspace.isolation()).assertions.find((one) => one.assertion === assertion)?.holds;

function cloneFile(): string {
  const found = readdirSync(temp.path, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('/clone.db'),
  );
  expect(found.length).toBe(1);
  return temp.file(found[0]!);
}

async function session(clone: Clone): Promise<void> {
  await using opened = await clone.open();
  await opened.begin();
  await opened.rollback();
}

describe.skipIf(lack)(`the root folder of a child${lack}`, () => {
  it('is proven by the kernel and by what the child tried, or is not claimed', async () => {
    const folder = temp.file('child');
    mkdirSync(folder, { mode: 0o700 });
    const { root } = childCommand(folder);
    await using child = await SqlChild.start(folder);
    expect(child.witnessed.pathsConfined).toBe(root !== undefined);
    expect(child.witnessed.refused.paths).toBe(root !== undefined);
    if (root === undefined) return;
    // A process that is not shut in, and one that has more than it should.
    expect(isConfined(process.pid, root)).toBe(false);
    expect(isConfined(child.witnessed.pid, root)).toBe(true);
    expect(isConfined(child.witnessed.pid, { ...root, writable: new Set() })).toBe(false);
    const less = new Set([...root.mounts].filter((path) => path !== '/usr/lib'));
    if (less.size < root.mounts.size)
      expect(isConfined(child.witnessed.pid, { ...root, mounts: less })).toBe(false);
  });

  it.skipIf(lackRoot)(
    `holds the folder, which may be written, and what node needs, which may not${lackRoot}`,
    () => {
      // A space and other characters that mount tables escape.
      const folder = temp.file('a fol\\der #1 é');
      mkdirSync(folder, { mode: 0o700 });
      writeFileSync(join(folder, 'here'), 'x');
      const secret = temp.file('secret');
      writeFileSync(secret, 'x');
      const { command, args } = childCommand(folder);
      const program = `
      const fs = require('node:fs');
      const tried = (work) => { try { work(); return 'done'; } catch (error) { return error.code; } };
      const { DatabaseSync } = require('node:sqlite');
      console.log(JSON.stringify([
        fs.readFileSync('here', 'utf8'),
        ...[${JSON.stringify(secret)}, '/etc/passwd', '/proc/self/status', '/.old/etc/passwd'].map((path) => tried(() => fs.readFileSync(path))),
        tried(() => fs.writeFileSync('new', 'x')),
        ...['/new', '/usr/lib/custody-new', process.execPath, ${JSON.stringify(temp.file('new'))}].map((path) => tried(() => fs.writeFileSync(path, 'x'))),
        // In a user namespace of our own nobody has the number 1.
        process.getuid() === 0 ? tried(() => fs.chownSync('here', 1, 1)).replace('EINVAL', 'EPERM') : 'EPERM',
      ]));`;
      // What the sandbox would start, without node's own permissions, which would refuse all of it anyway.
      const until = args.indexOf('--permission');
      const seen = spawnSync(command, [...args.slice(0, until), '-e', program], {
        cwd: folder,
        encoding: 'utf8',
        env: {},
      });
      expect(JSON.parse(seen.stdout)).toEqual([
        'x',
        ...Array<string>(4).fill('ENOENT'),
        'done',
        'EROFS',
        'EROFS',
        expect.stringMatching(/EROFS|ETXTBSY/),
        'EROFS',
        'EPERM',
      ]);
      expect(existsSync(join(folder, 'new'))).toBe(true);
      expect(existsSync('/usr/lib/custody-new')).toBe(false);
    },
  );
});

describe('a link in the place of the clone', () => {
  it.each<[string, (source: string, path: string) => void]>([
    ['a symlink to the source', symlinkSync],
    ['a hard link to the source', linkSync],
    [
      'a second name of the clone',
      (source, path) => {
        copyFileSync(source, path);
        linkSync(path, `${path}.other`);
      },
    ],
    [
      'a folder',
      (_, path) => {
        mkdirSync(path);
      },
    ],
    ['nothing', () => undefined],
  ])('%s: no session is opened, nothing is captured, and it is on record', async (name, put) => {
    const source = make(temp.file(`${name}.db`), 'CREATE TABLE t(a)');
    const bytes = digestOf(readFileSync(source));
    await using workspace = await prepare(source);
    await using clone = await workspace.restore('T');
    expect(await holds(workspace, 'clone-not-linked-to-source')).toBe(true);
    const path = cloneFile();
    rmSync(path);
    put(source, path);
    await refuses(clone.open(), 'ENGINE_FAILED');
    await refuses(clone.capture(new MemoryObjects()), 'ENGINE_FAILED');
    await refuses(clone.query('SELECT 1'), 'ENGINE_FAILED');
    await refuses(clone.identical(), 'ENGINE_FAILED');
    expect(await holds(workspace, 'clone-not-linked-to-source')).toBe(false);
    expect(digestOf(readFileSync(source))).toBe(bytes);
    rmSync(`${path}.other`, { force: true });
  });

  it.each<[string, (source: string, path: string) => void]>([
    ['a symlink', symlinkSync],
    ['a hard link', linkSync],
    [
      'a symlink to nothing',
      (source, path) => {
        symlinkSync(`${source}.nothing`, path);
      },
    ],
  ])('that is there already stops the copy: %s', async (name, put) => {
    const image = make(temp.file(`${name}-image.db`), 'CREATE TABLE image(a)');
    const source = make(temp.file(`${name}-source.db`), 'CREATE TABLE t(a)');
    const bytes = digestOf(readFileSync(source));
    const path = temp.file(`${name}-clone.db`);
    put(source, path);
    await refuses(copyFileHashed(image, path), 'IO_FAILED');
    expect(digestOf(readFileSync(source))).toBe(bytes);
    expect(existsSync(`${source}.nothing`)).toBe(false);
  });

  it('is replaced by a file of its own when the clone is reset, and stays on record', async () => {
    const source = make(temp.file('reset.db'), 'CREATE TABLE t(a)');
    const bytes = digestOf(readFileSync(source));
    await using workspace = await prepare(source);
    await using clone = await workspace.restore('T');
    const path = cloneFile();
    rmSync(path);
    linkSync(source, path);
    await refuses(clone.open(), 'ENGINE_FAILED');
    await clone.reset();
    await session(clone);
    expect(await clone.identical()).toBe(true);
    expect(await holds(workspace, 'clone-not-linked-to-source')).toBe(false);
    expect(digestOf(readFileSync(source))).toBe(bytes);
  });
});

it('the raw values say whose the folders are', async () => {
  await using workspace = await prepare(make(temp.file('raw.db'), 'CREATE TABLE t(a)'));
  await using one = await workspace.restore('T');
  await using two = await workspace.restore('R');
  expect([one === two]).toEqual([false]);
  const raw = new Map((await workspace.isolation()).raw);
  const uid = String(process.getuid?.());
  expect(raw.get('clone-owners')).toBe(`${uid} ${uid}`);
  expect(raw.get('clone-inodes')).toMatch(/^\d+:\d+ \d+:\d+$/);
});
