import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, utimesSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkFolder } from '../../../src/packets/seal/check.ts';
import { nodeSealIo } from '../../../src/packets/seal/replace.ts';
import type { SealIo } from '../../../src/packets/seal/replace.ts';
import { sealFolder } from '../../../src/packets/seal/seal.ts';
import { TestFolder, codes, coreutilsPass, runUnprivileged, sourceUrl } from './folder.ts';
import { lacking } from '../../support/lacking.ts';

const ITEMS = { 'b.txt': 'beta\n', 'a/x': 'alpha\n' };
function bySha256sum(dir: string, ...paths: string[]): string {
  return spawnSync('sha256sum', paths, { cwd: dir, encoding: 'utf8' }).stdout;
}

test('the files are what sha256sum prints', async () => {
  await using folder = await new TestFolder().fill(ITEMS);
  const { files, seal } = await sealFolder(folder.dir);
  expect(files).toBe(2);
  expect(folder.read('HASH_MANIFEST.txt').toString()).toBe(bySha256sum(folder.dir, 'a/x', 'b.txt'));
  expect(folder.read('packet_tree.sha256').toString()).toBe(bySha256sum(folder.dir, 'HASH_MANIFEST.txt'));
  expect(folder.read('packet_tree.sha256').toString()).toBe(`${seal}  HASH_MANIFEST.txt\n`);
  expect(coreutilsPass(folder.dir)).toBe(true);
});

test('the seal depends on names and contents alone', async () => {
  await using one = await new TestFolder().fill(ITEMS);
  await using two = await new TestFolder().fill({
    'a/x': { text: 'alpha\n', exec: true },
    'b.txt': 'beta\n',
    empty: { dir: true },
  });
  utimesSync(two.at('b.txt'), 1, 1);
  const { seal } = await sealFolder(one.dir);
  expect((await sealFolder(two.dir)).seal).toBe(seal);
  expect((await sealFolder(one.dir)).seal).toBe(seal);
  await two.put('b.txt', 'Beta\n');
  expect((await sealFolder(two.dir, { force: true })).seal).not.toBe(seal);
});

describe('sealing again', () => {
  test('an unchanged packet is not written to', async () => {
    await using folder = await new TestFolder().fill(ITEMS);
    const { seal } = await sealFolder(folder.dir);
    const never = (): Promise<void> => Promise.reject(new Error('written'));
    const io: SealIo = { writeNew: never, rename: never, unlink: never, syncFolder: never };
    expect(await sealFolder(folder.dir, {}, io)).toEqual({ files: 2, seal });
    expect(await sealFolder(folder.dir, { force: true }, io)).toEqual({ files: 2, seal });
  });

  test('a changed one is refused with what changed, until forced', async () => {
    await using folder = await new TestFolder().fill(ITEMS);
    const { seal } = await sealFolder(folder.dir);
    await folder.put('b.txt', 'BETA\n');
    await folder.put('c', 'new');
    const refused = sealFolder(folder.dir);
    await expect(refused).rejects.toMatchObject({
      code: 'PACKET_BROKEN',
      findings: [
        { code: 'FILE_CHANGED', path: 'b.txt' },
        { code: 'FILE_UNLISTED', path: 'c' },
      ],
    });
    expect((await checkFolder(folder.dir)).seal).toBe(seal);
    const again = await sealFolder(folder.dir, { force: true });
    expect(again.seal).not.toBe(seal);
    expect((await checkFolder(folder.dir, { expect: again.seal })).findings).toEqual([]);
  });

  test.each([
    ['a malformed seal', 'packet_tree.sha256', 'junk', 'SEAL_MALFORMED'],
    ['a changed manifest', 'HASH_MANIFEST.txt', `${'0'.repeat(64)}  a/x\n`, 'MANIFEST_CHANGED'],
  ])('%s is not silently mended', async (_, path, text, code) => {
    await using folder = await new TestFolder().fill(ITEMS);
    await sealFolder(folder.dir);
    folder.write(path, text);
    const error: unknown = await sealFolder(folder.dir).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'PACKET_BROKEN' });
    expect((error as { findings: { code: string }[] }).findings.map((f) => f.code)).toContain(code);
    await sealFolder(folder.dir, { force: true });
    expect((await checkFolder(folder.dir)).findings).toEqual([]);
  });

  test('a manifest without a seal vouches for nothing: it is replaced', async () => {
    await using folder = await new TestFolder().fill({ ...ITEMS, 'HASH_MANIFEST.txt': 'old' });
    await sealFolder(folder.dir);
    expect((await checkFolder(folder.dir)).findings).toEqual([]);
  });
});

test('stopped at any moment: nothing was changed, or all of it is done', async () => {
  for (let after = 0; ; after++) {
    await using folder = await new TestFolder().fill(ITEMS);
    let asked = 0;
    const signal = {
      get aborted() {
        return asked++ >= after;
      },
    } as AbortSignal;
    const done = await sealFolder(folder.dir, { signal }).then(
      () => true,
      (error: unknown) => {
        expect(error).toMatchObject({ code: 'INTERRUPTED' });
        return false;
      },
    );
    expect(readdirSync(folder.dir)).toHaveLength(done ? 4 : 2);
    if (done) break;
  }
});

describe('refused', () => {
  test.each([
    ['an empty folder', {}],
    ['only empty folders', { 'a/b': { dir: true } }],
    ['only a seal', { 'HASH_MANIFEST.txt': '', 'packet_tree.sha256': '' }],
  ] as const)('%s', async (_, items) => {
    await using folder = await new TestFolder().fill(items);
    await expect(sealFolder(folder.dir)).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('bad names, all of them', async () => {
    await using folder = await new TestFolder().fill({
      ...ITEMS,
      'B.TXT': '',
      'a\tb': '',
      'hex:ff': '',
      '-': '',
      'x\\': '',
    });
    const error: unknown = await sealFolder(folder.dir).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'NAME_REFUSED' });
    expect(codes((error as { findings: [] }).findings).sort()).toEqual([
      ['NAME_COLLISION', 'b.txt'],
      ['NAME_CONTROL_CHARACTER', 'a\\x09b'],
      ['NAME_NOT_UTF8', '\\xff'],
      ['NAME_REFUSED', '-'],
      ['NAME_REFUSED', 'x\\x5c'],
    ]);
    expect(readdirSync(folder.dir)).not.toContain('HASH_MANIFEST.txt');
  });

  test.each([
    ['SPECIAL_FILE', 'x', { fifo: true }],
    ['SPECIAL_FILE', 'x', { socket: true }],
    ['SYMLINK_ESCAPES', 'x', { symlink: '../outside.txt' }],
    ['SYMLINK_ESCAPES', 'x', { symlink: 'HASH_MANIFEST.txt' }],
    ['SYMLINK_TO_FOLDER', 'x', { symlink: 'a' }],
    ['SPECIAL_FILE', 'HASH_MANIFEST.txt', { dir: true }],
    ['SPECIAL_FILE', 'packet_tree.sha256', { symlink: 'b.txt' }],
  ] as const)('%s at %s', async (code, path, item) => {
    await using folder = await new TestFolder().fill({ ...ITEMS });
    if (path === 'x') folder.write('HASH_MANIFEST.txt', 'old'); // a link to it must not dangle
    await folder.put(path, item);
    await expect(sealFolder(folder.dir, { force: true })).rejects.toMatchObject({
      code: 'PACKET_BROKEN',
      findings: [{ code, path }],
    });
    expect(readdirSync(folder.dir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('whatever call fails, the old seal remains or none', () => {
  /** Lets `allowed` calls through, then fails each. */
  function failing(allowed: number, code: string): { io: SealIo; calls: () => number } {
    let calls = 0;
    const step = async (run: () => Promise<void>): Promise<void> => {
      if (calls++ >= allowed) throw Object.assign(new Error(code), { code });
      return run();
    };
    return {
      calls: () => calls,
      io: {
        writeNew: (path, bytes) => step(() => nodeSealIo.writeNew(path, bytes)),
        rename: (from, to) => step(() => nodeSealIo.rename(from, to)),
        syncFolder: (path) => step(() => nodeSealIo.syncFolder(path)),
        // Cleaning up is let through: what a disk that refuses that too leaves behind, the next sealing sweeps.
        unlink: (path) =>
          basename(path).startsWith('.custody')
            ? nodeSealIo.unlink(path)
            : step(() => nodeSealIo.unlink(path)),
      },
    };
  }

  const CODES = {
    ENOSPC: 'DISK_FULL',
    EROFS: 'READ_ONLY',
    EIO: 'IO_FAILED',
    EACCES: 'PERMISSION_DENIED',
  } as const;

  test.each(Object.entries(CODES))('%s at every step', async (system, code) => {
    let allowed = 0;
    for (; ; allowed++) {
      await using folder = await new TestFolder().fill(ITEMS);
      const old = await sealFolder(folder.dir);
      await folder.put('c', 'new');
      const { io, calls } = failing(allowed, system);
      const done = await sealFolder(folder.dir, { force: true }, io).catch((error: unknown) => {
        expect(error).toMatchObject({ code });
        return undefined;
      });
      const { seal, findings } = await checkFolder(folder.dir);
      expect(readdirSync(folder.dir).filter((name) => name.startsWith('.custody'))).toEqual([]);
      if (done !== undefined) {
        expect([seal, findings]).toEqual([done.seal, []]);
        expect(calls()).toBe(allowed);
        break;
      }
      // Never a seal beside a manifest that it does not vouch for.
      expect(findings.map((f) => f.code)).not.toContain('MANIFEST_CHANGED');
      if (allowed <= 2) expect(seal).toBe(old.seal);
      else if (allowed < 7) expect(seal).toBeUndefined();
      await sealFolder(folder.dir, { force: true });
      expect((await checkFolder(folder.dir)).findings).toEqual([]);
    }
    expect(allowed).toBe(8);
  });

  // In a mount namespace of its own, which goes away with the child.
  const lack = lacking('a mount namespace');

  test.skipIf(lack).each([
    ['a full disk', 'dd if=/dev/zero of=/mnt/p/zz bs=4k 2>/dev/null; true', 'DISK_FULL'],
    ['read-only media', 'mount -o remount,ro /mnt', 'READ_ONLY'],
  ])(`%s, for real${lack}`, (_, spoil, code) => {
    const script = `import { sealFolder } from ${JSON.stringify(sourceUrl('seal.ts'))};
      import { readdirSync } from 'node:fs';
      const code = await sealFolder('/mnt/p').then(() => 'SEALED', (error) => error.code);
      process.stdout.write(code + ' ' + readdirSync('/mnt/p').filter((n) => n !== 'zz'));`;
    const shell = `mount -t tmpfs -o size=256k none /mnt && mkdir /mnt/p && echo a > /mnt/p/a && ${spoil} && exec "$0" --input-type=module -e "$1"`;
    const ran = spawnSync('unshare', ['-m', 'sh', '-c', shell, process.execPath, script], {
      encoding: 'utf8',
    });
    expect(ran.stdout).toBe(`${code} a`);
  });

  test('a file that cannot be read is not left out of the seal', async () => {
    await using folder = await new TestFolder().fill(ITEMS);
    chmodSync(folder.dir, 0o777);
    chmodSync(folder.at('b.txt'), 0);
    const script = `import { sealFolder } from ${JSON.stringify(sourceUrl('seal.ts'))};
      const error = await sealFolder(${JSON.stringify(folder.dir)}).catch((e) => e);
      process.stdout.write(JSON.stringify([error.code, error.findings.map((f) => [f.code, f.path])]));`;
    expect(JSON.parse(runUnprivileged(script))).toEqual(['PACKET_BROKEN', [['FILE_UNREADABLE', 'b.txt']]]);
    expect(readdirSync(folder.dir).sort()).toEqual(['a', 'b.txt']);
  });

  test('a folder of somebody else', async () => {
    await using folder = await new TestFolder().fill(ITEMS);
    chmodSync(folder.dir, 0o555);
    const script = `import { sealFolder } from ${JSON.stringify(sourceUrl('seal.ts'))};
      process.stdout.write(await sealFolder(${JSON.stringify(folder.dir)}).then(() => 'SEALED', (error) => error.code));`;
    expect(runUnprivileged(script)).toBe('PERMISSION_DENIED');
    chmodSync(folder.dir, 0o755);
    expect(readdirSync(folder.dir).sort()).toEqual(['a', 'b.txt']);
  });
});
