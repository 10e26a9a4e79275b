import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { putBlob } from '../../src/objects/sink.ts';
import { FsBackend } from '../../src/store/fs.ts';
import { IndexCache } from '../../src/store/index-cache.ts';
import { readHead, swapHead } from '../../src/store/heads.ts';
import { PackStore } from '../../src/store/pack-store.ts';
import { scrub } from '../../src/store/scrub.ts';
import { incompressible, sampleHead, store, utf8 } from './objects.ts';
import { ENDED, temporaryOf } from '../support/killed.ts';
import { lacking } from '../support/lacking.ts';
import { refusedWith, refuses } from '../support/refusals.ts';
import { makeTestFolder } from '../support/folder.ts';

const lack = lacking('mounting a file system');
const lackUser = lacking('an ordinary user'); // root has every right

describe.skipIf(lack)(`a file system of its own${lack}`, () => {
  let dir: string;
  beforeEach(() => {
    dir = makeTestFolder('media');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir]);
  });
  afterEach(() => {
    execFileSync('umount', [dir]);
    rmSync(dir, { recursive: true, force: true });
  });

  it('that is full: DISK_FULL, nothing half-written, and all goes on when there is room again', async () => {
    const backend = FsBackend.create(dir);
    const target = await PackStore.open(backend);
    const { digests } = await store(target, [utf8('before')]);
    {
      await using lock = await backend.lock();
      await swapHead(backend, lock, null, sampleHead(1));
    }
    {
      await using writer = await target.writer();
      const putMuch = (): void => {
        for (let i = 0; i < 20; i++) putBlob(writer, incompressible(100_000, i));
      };
      expect(refusedWith(putMuch)).toBe('DISK_FULL');
      // The writer is finished: what it wrote is not trusted, and its file is gone.
      refuses(() => putBlob(writer, utf8('more')), 'INTERNAL');
      await refuses(() => writer.finish(), 'INTERNAL');
      expect(readdirSync(join(dir, 'packs'))).toHaveLength(1);
    }
    expect((await scrub(backend)).findings).toEqual([]);
    expect(await target.get(digests[0]!)).toEqual(utf8('before'));
    expect((await readHead(backend))?.head.size).toBe(1);
    await store(target, [utf8('after')]);
    expect((await scrub(backend)).objects).toBe(2);
  });

  const fill = (name: string): void => {
    execFileSync('sh', ['-c', `dd if=/dev/zero of="$0/${name}" bs=1k 2>/dev/null || true`, dir]);
  };

  it('that fills up at the tables of a pack, and at the head', async () => {
    const backend = FsBackend.create(dir);
    const target = await PackStore.open(backend);
    const lock = await backend.lock();
    const first = await swapHead(backend, lock, null, sampleHead(1));
    await using writer = await target.writer();
    putBlob(writer, incompressible(100_000, 1));
    fill('ballast');
    await refuses(() => writer.finish(), 'DISK_FULL');
    fill('more-ballast');
    await refuses(() => swapHead(backend, lock, first, sampleHead(2)), 'DISK_FULL');
    await lock[Symbol.asyncDispose]();
    expect(readdirSync(join(dir, 'packs'))).toEqual([]);
    expect(readdirSync(join(dir, 'heads'))).toEqual(['main']);
    expect((await readHead(backend))?.head.size).toBe(1);
    expect((await scrub(backend)).findings).toEqual([]);
  });

  it('that is read-only: everything reads, every write says READ_ONLY', async () => {
    const { digests } = await store(await PackStore.open(FsBackend.create(dir)), [utf8('kept')]);
    {
      const backend = FsBackend.open(dir);
      await using lock = await backend.lock();
      await swapHead(backend, lock, null, sampleHead(1));
      await using index = await IndexCache.open(join(dir, 'index'), { rebuild: true });
      await (await PackStore.open(backend)).catchUp(index!);
    }
    const leftover = `packs/${temporaryOf(ENDED)}`;
    writeFileSync(join(dir, leftover), 'half');
    execFileSync('mount', ['-o', 'remount,ro', dir]);
    const backend = FsBackend.open(dir);
    const target = await PackStore.open(backend);
    expect(await target.get(digests[0]!)).toEqual(utf8('kept'));
    expect((await readHead(backend))?.head.size).toBe(1);
    await refuses(() => backend.lock(), 'READ_ONLY');
    await refuses(() => store(target, [utf8('new')]), 'READ_ONLY');
    // What cannot be removed stays, and nobody fails for it.
    expect(await scrub(backend)).toMatchObject({ findings: [], leftovers: [leftover] });
    refuses(() => FsBackend.create(join(dir, 'other')), 'READ_ONLY');
    expect(await IndexCache.open(join(dir, 'index'))).toBeNull();
    expect(await IndexCache.open(join(dir, 'index'), { rebuild: true })).toBeNull();
    // What is stored needs no writing.
    await using writer = await target.writer();
    putBlob(writer, utf8('kept'));
    expect(await writer.finish()).toEqual([]);
  });

  it('that is read-only and was never locked: READ_ONLY, too', async () => {
    FsBackend.create(dir);
    execFileSync('mount', ['-o', 'remount,ro', dir]);
    await refuses(() => FsBackend.open(dir).lock(), 'READ_ONLY');
  });
});

describe.skipIf(lackUser)(`a folder without the right to write${lackUser}`, () => {
  it('PERMISSION_DENIED', async () => {
    const dir = makeTestFolder('media');
    FsBackend.create(dir);
    execFileSync('chmod', ['-R', 'a-w', dir]);
    await refuses(() => FsBackend.open(dir).lock(), 'PERMISSION_DENIED');
    refuses(() => FsBackend.open(dir).stage(), 'PERMISSION_DENIED');
    execFileSync('chmod', ['-R', 'u+w', dir]);
    rmSync(dir, { recursive: true, force: true });
  });
});
