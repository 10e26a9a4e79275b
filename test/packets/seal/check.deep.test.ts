import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/objects/digest.ts';
import { checkFolder } from '../../../src/packets/seal/check.ts';
import type { PacketCheck } from '../../../src/packets/seal/check.ts';
import { MANIFEST_LIMIT } from '../../../src/packets/seal/manifest.ts';
import { hashEntries, readEntry } from '../../../src/packets/seal/read.ts';
import { sealFolder } from '../../../src/packets/seal/seal.ts';
import { walkFolder } from '../../../src/packets/seal/walk.ts';
import { TestFolder, codes, coreutilsPass, runUnprivileged, sourceUrl } from './folder.ts';

const ITEMS = {
  'a.txt': 'alpha\n',
  'bin/run': { text: '#!/bin/sh\n', exec: true },
  'bin/zero': '',
  link: { symlink: 'bin/run' },
} as const;

test('what a check of a sound packet gives', async () => {
  await using folder = await new TestFolder().fill(ITEMS);
  const { seal } = await sealFolder(folder.dir);
  const run = digestOf(Buffer.from('#!/bin/sh\n'));
  expect(await checkFolder(folder.dir, { expect: seal })).toEqual({
    files: [
      { path: 'a.txt', mode: 'file', size: 6, sha256: digestOf(Buffer.from('alpha\n')) },
      { path: 'bin/run', mode: 'exec', size: 10, sha256: run },
      { path: 'bin/zero', mode: 'file', size: 0, sha256: digestOf(Buffer.alloc(0)) },
      { path: 'link', mode: 'symlink', size: 10, sha256: run },
    ],
    seal,
    manifest: seal,
    findings: [],
  });
});

test('a folder that was never sealed', async () => {
  await using folder = await new TestFolder().fill(ITEMS);
  const checked = await checkFolder(folder.dir);
  expect(codes(checked.findings)).toEqual([
    ['MANIFEST_MISSING', 'HASH_MANIFEST.txt'],
    ['SEAL_MISSING', 'packet_tree.sha256'],
  ]);
  expect([checked.seal, checked.manifest, checked.files.length]).toEqual([undefined, undefined, 4]);
});

test('checking writes nothing', async () => {
  await using folder = await new TestFolder().fill(ITEMS);
  await sealFolder(folder.dir);
  const before = execFileSync('stat', ['-c', '%n %Y %Z %s', ...readdirSync(folder.dir)], { cwd: folder.dir });
  await checkFolder(folder.dir);
  expect(
    execFileSync('stat', ['-c', '%n %Y %Z %s', ...readdirSync(folder.dir)], { cwd: folder.dir }),
  ).toEqual(before);
});

describe('what the system refuses', () => {
  const check = (dir: string): PacketCheck =>
    JSON.parse(
      runUnprivileged(
        `import { checkFolder } from ${JSON.stringify(sourceUrl('check.ts'))};
         process.stdout.write(JSON.stringify(await checkFolder(${JSON.stringify(dir)})));`,
      ),
    ) as PacketCheck;

  test.each([
    ['a file', 'a.txt', [['FILE_UNREADABLE', 'a.txt']]],
    ['a folder, once for all that is in it', 'bin', [['FILE_UNREADABLE', 'bin']]],
    ['the manifest', 'HASH_MANIFEST.txt', [['FILE_UNREADABLE', 'HASH_MANIFEST.txt']]],
    ['the seal', 'packet_tree.sha256', [['FILE_UNREADABLE', 'packet_tree.sha256']]],
  ])('%s', async (_, path, findings) => {
    await using folder = await new TestFolder().fill({
      'a.txt': 'alpha\n',
      'bin/run': 'x',
      'bin/deep/er': 'y',
    });
    await sealFolder(folder.dir);
    chmodSync(join(folder.dir, path), 0);
    expect(codes(check(folder.dir).findings)).toEqual(findings);
    chmodSync(join(folder.dir, path), 0o755);
  });

  test('a link into a folder that cannot be entered, and names that cannot be looked at', async () => {
    await using folder = await new TestFolder().fill({ 'bin/run': 'x', link: { symlink: 'bin/run' } });
    await sealFolder(folder.dir);
    chmodSync(join(folder.dir, 'bin'), 0o644);
    expect(codes(check(folder.dir).findings)).toEqual([
      ['FILE_UNREADABLE', 'bin/run'],
      ['FILE_UNREADABLE', 'link'],
    ]);
    chmodSync(join(folder.dir, 'bin'), 0o755);
  });
});

describe('a file that does not hold still', () => {
  const BIG = 700 * 1024;
  const readWhile = async (change: (path: string) => void, content = 'x'.repeat(BIG)): Promise<unknown> => {
    await using folder = await new TestFolder().fill({ big: content });
    const entry = (await walkFolder(folder.dir)).entries.find(({ path }) => path === 'big');
    let pieces = 0;
    if (entry === undefined) throw new Error('not found');
    for await (const piece of readEntry(entry)) {
      expect(piece.length).toBeLessThanOrEqual(256 * 1024);
      if (pieces++ === 0) change(join(folder.dir, 'big'));
    }
    return undefined;
  };
  const broken = { code: 'PACKET_BROKEN', findings: [{ code: 'FILE_CHANGED', path: 'big' }] };

  test('unchanged', async () => expect(await readWhile(() => undefined)).toBeUndefined());
  test('it grows', () => expect(readWhile((p) => appendFileSync(p, 'y'))).rejects.toMatchObject(broken));
  test('it shrinks', () => expect(readWhile((p) => truncateSync(p, 300_000))).rejects.toMatchObject(broken));
  test('it is overwritten at the same length', () =>
    expect(readWhile((p) => writeFileSync(p, 'y'.repeat(BIG)))).rejects.toMatchObject(broken));
  test('it is overwritten and its time set back', () =>
    expect(
      readWhile((p) => {
        execFileSync(
          'bash',
          ['-c', 'touch -r "$0" "$0.ref" && printf y | dd of="$0" conv=notrunc && touch -r "$0.ref" "$0"', p],
          {
            stdio: 'ignore',
          },
        );
      }),
    ).rejects.toMatchObject(broken));
  test('a small one, after its only piece', () =>
    expect(readWhile((p) => writeFileSync(p, 'two'), 'one')).rejects.toMatchObject(broken));

  test.each([
    ['it is replaced by an equal file', { put: 'big', as: 'same' }],
    ['it is gone', { remove: 'big' }],
    ['a pipe took its place: no hang', { put: 'big', as: { fifo: true } }],
    ['a link took its place', { put: 'big', as: { symlink: '../outside.txt' } }],
    ['a socket took its place', { put: 'big', as: { socket: true } }],
    ['a folder took its place', { put: 'big', as: { dir: true } }],
  ] as const)('%s', async (_, mutation) => {
    await using folder = await new TestFolder().fill({ big: 'same', other: 'x' });
    const { entries } = await walkFolder(folder.dir);
    await folder.mutate(mutation);
    const { digests, findings } = await hashEntries(entries);
    expect(codes(findings)).toEqual([['FILE_CHANGED', 'big']]);
    expect([...digests.keys()]).toEqual(['other']);
  });
});

test.each([5, 7])('a file that gives more or fewer than the %i bytes it claims', async (size) => {
  await using folder = await new TestFolder().fill({ six: 'sixsix' });
  const entries = (await walkFolder(folder.dir)).entries.map((entry) => ({ ...entry, size }));
  expect(codes((await hashEntries(entries)).findings)).toEqual([['FILE_CHANGED', 'six']]);
});

test('a manifest too large to hold is refused unread', async () => {
  await using folder = await new TestFolder().fill(ITEMS);
  await sealFolder(folder.dir);
  truncateSync(join(folder.dir, 'HASH_MANIFEST.txt'), MANIFEST_LIMIT + 1);
  const { manifest, findings } = await checkFolder(folder.dir);
  expect([manifest, codes(findings)]).toEqual([
    undefined,
    [['MANIFEST_LINE_MALFORMED', 'HASH_MANIFEST.txt']],
  ]);
});

describe('misuse', () => {
  test.each([
    ['nothing', 'PATH_NOT_FOUND'],
    ['a.txt', 'PATH_NOT_A_FOLDER'],
    ['a.txt/x', 'PATH_NOT_A_FOLDER'],
  ])('%s: %s', async (path, code) => {
    await using folder = await new TestFolder().fill(ITEMS);
    await expect(checkFolder(join(folder.dir, path))).rejects.toMatchObject({ code });
    await expect(sealFolder(join(folder.dir, path))).rejects.toMatchObject({ code });
  });

  test('a signal stops both', async () => {
    await using folder = await new TestFolder().fill(ITEMS);
    const signal = AbortSignal.abort();
    await expect(checkFolder(folder.dir, { signal })).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await expect(sealFolder(folder.dir, { signal })).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(readdirSync(folder.dir).sort()).toEqual(['a.txt', 'bin', 'link']);
    const { entries } = await walkFolder(folder.dir);
    await expect(hashEntries(entries, { signal })).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});

test('the folder may be given by a symlink, relatively, or with a slash at its end', async () => {
  await using folder = await new TestFolder().fill(ITEMS);
  await folder.put('../alias', { symlink: 'packet' });
  const { seal } = await sealFolder(join(folder.top, 'alias'));
  expect((await checkFolder(`${folder.dir}/`, { expect: seal })).findings).toEqual([]);
  expect((await checkFolder(join(folder.top, 'alias'), { expect: seal })).findings).toEqual([]);
});

test('2,000 files, each faulty in its turn, are all reported', async () => {
  await using folder = new TestFolder();
  const paths = Array.from({ length: 2000 }, (_, i) => `d${i % 40}/f${i}`);
  await folder.fill(Object.fromEntries(paths.map((path) => [path, path])));
  const { files, seal } = await sealFolder(folder.dir);
  expect(files).toBe(2000);
  expect((await checkFolder(folder.dir, { expect: seal })).findings).toEqual([]);
  expect(coreutilsPass(folder.dir)).toBe(true);
  paths.forEach((path, i) => {
    if (i % 2 === 0) folder.write(path, 'changed');
    else rmSync(folder.at(path));
  });
  const { findings } = await checkFolder(folder.dir);
  expect(findings.filter(({ code }) => code === 'FILE_CHANGED')).toHaveLength(1000);
  expect(findings.filter(({ code }) => code === 'FILE_MISSING')).toHaveLength(1000);
  expect(findings).toHaveLength(2000);
});

test('folders deeper than a path may be long are a finding, not a crash', async () => {
  await using folder = await new TestFolder().fill(ITEMS);
  const name = 'x'.repeat(200);
  execFileSync('bash', ['-c', `for i in $(seq 25); do mkdir ${name} && cd ${name} || exit 1; done`], {
    cwd: folder.dir,
  });
  const { findings } = await walkFolder(folder.dir);
  expect(findings.map(({ code }) => code)).toEqual(['FILE_UNREADABLE']);
  execFileSync('rm', ['-rf', join(folder.dir, name)]);
});

test('a walk lists folders too, in the order of bytes, with what an ingest needs', async () => {
  await using folder = await new TestFolder().fill({
    'a/x': '1',
    'a.txt': '22',
    'a-': { symlink: 'a/x' },
    empty: { dir: true },
  });
  const { entries } = await walkFolder(folder.dir);
  expect(entries.map(({ path, mode, size, target }) => [path, mode, size, target])).toEqual([
    ['a', 'dir', 0, undefined],
    ['a-', 'symlink', 1, 'a/x'],
    ['a.txt', 'file', 2, undefined],
    ['a/x', 'file', 1, undefined],
    ['empty', 'dir', 0, undefined],
  ]);
});
