import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { putBlob } from '../../src/objects/sink.ts';
import type { Backend } from '../../src/store/backend.ts';
import { IndexCache } from '../../src/store/index-cache.ts';
import { PackStore } from '../../src/store/pack-store.ts';
import { flipped, fsHarness, type Harness, readAll } from './harness.ts';
import { digestOf, incompressible, store, utf8 } from './objects.ts';

const BLOBS = Array.from({ length: 40 }, (_, i) => utf8(`object ${i}`));

describe('the writer cache in LevelDB', () => {
  let harness: Harness;
  let backend: Backend;
  let target: PackStore;
  let dir: string;
  beforeEach(async () => {
    harness = fsHarness();
    backend = harness.open();
    target = await PackStore.open(backend);
    dir = join(harness.dir!, 'index');
    await store(target, BLOBS.slice(0, 20));
    await store(target, BLOBS.slice(20));
  });
  afterEach(() => harness.dispose());

  async function built(): Promise<IndexCache> {
    const index = await IndexCache.open(dir, { rebuild: true });
    if (index === null) throw new Error('no index');
    await target.catchUp(index);
    return index;
  }

  /** Puts everything again through a writer that uses the cache: how many it stored anew. */
  async function storedAnew(index: IndexCache | null, blobs = BLOBS): Promise<number> {
    await using writer = await (await PackStore.open(harness.open())).writer({ index });
    for (const blob of blobs) putBlob(writer, blob);
    return writer.added;
  }

  it('names the pack of each object, and covers what it took in', async () => {
    await using index = await built();
    expect(target.packs.every((name) => index.covers(name))).toBe(true);
    for (const blob of BLOBS) expect(target.packs).toContain(index.find(digestOf(blob)));
    expect(index.find(digestOf(utf8('absent')))).toBeNull();
    expect(await storedAnew(index)).toBe(0);
    expect(await storedAnew(index, [utf8('new')])).toBe(1);
  });

  it('lasts, and catches up with packs of other writers', async () => {
    await (await built())[Symbol.asyncDispose]();
    await store(target, [utf8('later')]);
    await using index = (await IndexCache.open(dir))!;
    expect(target.packs.map((name) => index.covers(name)).sort()).toEqual([false, true, true]);
    // A pack that is not covered is looked up in its own index.
    expect(await storedAnew(index, [utf8('later')])).toBe(0);
    await target.catchUp(index);
    expect(target.packs.every((name) => index.covers(name))).toBe(true);
  });

  it('forgets packs that are gone', async () => {
    await using index = await built();
    const gone = index.find(digestOf(BLOBS[0]!))!;
    harness.tamper(gone, null);
    expect(await storedAnew(index)).toBe(20);
    await target.catchUp(index);
    expect(index.covers(gone)).toBe(false);
  });

  it('is not opened where it is missing, unless it is to be built', async () => {
    expect(await IndexCache.open(dir)).toBeNull();
    expect(existsSync(dir)).toBe(false);
  });

  it('is left alone while another has it', async () => {
    await using index = await built();
    expect(await IndexCache.open(dir)).toBeNull();
    expect(await IndexCache.open(dir, { rebuild: true })).toBeNull();
    expect(index.find(digestOf(BLOBS[0]!))).not.toBeNull();
  });

  it('never makes a writer rely on a damaged copy', async () => {
    await using index = await built();
    const pack = index.find(digestOf(BLOBS[0]!))!;
    const whole = await readAll(backend, pack);
    harness.tamper(pack, flipped(whole, 12));
    expect(await storedAnew(index)).toBeGreaterThan(0);
  });

  it('deleted while it is open, nothing happens', async () => {
    const index = await built();
    rmSync(dir, { recursive: true });
    expect([0, 20, 40]).toContain(await storedAnew(index));
    await store(target, [utf8('one more')]);
    await target.catchUp(index);
    await index[Symbol.asyncDispose]();
    await using again = await built();
    expect(await storedAnew(again)).toBe(0);
  });

  it('with any of its files truncated, emptied, damaged or replaced, is rebuilt or ignored', async () => {
    await (await built())[Symbol.asyncDispose]();
    const whole = readdirSync(dir).map((name) => [name, readFileSync(join(dir, name))] as const);
    const damages: ((path: string, bytes: Buffer) => void)[] = [
      (path) => truncateSync(path, 0),
      (path, bytes) => truncateSync(path, bytes.length >> 1),
      (path, bytes) => writeFileSync(path, incompressible(bytes.length, bytes.length + 1)),
      (path, bytes) =>
        writeFileSync(path, bytes.length === 0 ? 'x' : flipped(bytes, bytes.length >> 1, 0x40)),
      (path) => rmSync(path),
      (path) => {
        rmSync(path);
        mkdirSync(path);
      },
    ];
    for (const [name] of whole) {
      for (const damage of damages) {
        rmSync(dir, { recursive: true, force: true });
        mkdirSync(dir);
        for (const [file, bytes] of whole) writeFileSync(join(dir, file), bytes);
        damage(join(dir, name), whole.find(([file]) => file === name)![1]);
        {
          await using index = await IndexCache.open(dir);
          // Storing something twice is allowed, an error is not.
          expect(await storedAnew(index)).toBeLessThanOrEqual(40);
        }
        await using index = await IndexCache.open(dir, { rebuild: true });
        if (index !== null) await target.catchUp(index);
        expect(await storedAnew(index)).toBeLessThanOrEqual(40);
      }
    }
  });

  it('that is a file, or a link to a folder, is none, and is left alone', async () => {
    writeFileSync(dir, 'not a folder');
    for (const rebuild of [false, true]) expect(await IndexCache.open(dir, { rebuild })).toBeNull();
    expect(readFileSync(dir, 'utf8')).toBe('not a folder');
    rmSync(dir);
    const foreign = join(harness.dir!, 'foreign');
    mkdirSync(foreign);
    writeFileSync(join(foreign, '000001.log'), 'mine');
    symlinkSync(foreign, dir);
    for (const rebuild of [false, true]) expect(await IndexCache.open(dir, { rebuild })).toBeNull();
    expect(readdirSync(foreign)).toEqual(['000001.log']);
    expect(lstatSync(dir).isSymbolicLink()).toBe(true);
  });
});
