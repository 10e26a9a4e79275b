import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf, type Digest } from '../../src/objects/digest.ts';
import { putBlob } from '../../src/objects/sink.ts';
import { type Backend, isPackName } from '../../src/store/backend.ts';
import { IndexCache } from '../../src/store/index-cache.ts';
import { readHead, type StoredHead, swapHead } from '../../src/store/heads.ts';
import { PackStore } from '../../src/store/pack-store.ts';
import { scrub } from '../../src/store/scrub.ts';
import { gathered, flipped, fsHarness, type Harness, listAll, memoryHarness, readAll } from './harness.ts';
import { incompressible, sampleHead } from './objects.ts';
import { refuses } from '../support/refusals.ts';

/** What must be true, whatever was done: these objects are there, the head is at this number. */
interface Model {
  readonly objects: Map<Digest, Uint8Array>;
  head: number;
}

/** The real thing: a store that writes, another that was opened once and only reads, and an old view of the head. */
interface Real {
  readonly harness: Harness;
  backend: Backend;
  store: PackStore;
  reader: PackStore;
  staleHead: StoredHead | null;
}

type Command = fc.AsyncCommand<Model, Real>;
const command = (
  name: string,
  run: (model: Model, real: Real) => Promise<void>,
  check: (model: Readonly<Model>) => boolean = () => true,
): Command => ({ run, check, toString: () => name });

/** A few sizes and many equal values, so that objects come again. */
const blob = fc
  .tuple(fc.nat(12), fc.constantFrom(0, 1, 100, 4000, 140_000))
  .map(([seed, length]) =>
    seed % 2 === 0 ? incompressible(length, seed) : new Uint8Array(length).fill(seed),
  );

const indexDir = (real: Real): string | null =>
  real.harness.dir === null ? null : join(real.harness.dir, 'index');

const commands = [
  fc.array(blob, { maxLength: 6 }).map((blobs) =>
    command(`put ${blobs.length}`, async (model, { store }) => {
      await using writer = await store.writer();
      for (const bytes of blobs) putBlob(writer, bytes);
      await writer.finish();
      for (const bytes of blobs) model.objects.set(digestOf(bytes), bytes);
    }),
  ),
  fc.array(blob, { maxLength: 6 }).map((blobs) =>
    command(`put ${blobs.length} with the index`, async (model, real) => {
      const dir = indexDir(real);
      await using index = dir === null ? null : await IndexCache.open(dir, { rebuild: true });
      await using writer = await real.store.writer({ index, maxObjects: 2 });
      for (const bytes of blobs) putBlob(writer, bytes);
      await writer.finish();
      await using lock = await real.backend.lock();
      expect(lock.held).toBe(true);
      if (index !== null) await real.store.catchUp(index);
      for (const bytes of blobs) model.objects.set(digestOf(bytes), bytes);
    }),
  ),
  fc.array(blob, { minLength: 1, maxLength: 3 }).map((blobs) =>
    command('put and give up', async (_, { store }) => {
      await using writer = await store.writer();
      for (const bytes of blobs) putBlob(writer, bytes);
    }),
  ),
  fc.nat().map((n) =>
    command(
      'get',
      async (model, { store, reader }) => {
        const [digest, bytes] = [...model.objects][n % model.objects.size]!;
        expect(Buffer.compare(await store.get(digest), bytes)).toBe(0);
        expect(Buffer.compare(await reader.get(digest), bytes)).toBe(0);
        expect(await reader.findPrefix(digest.slice(0, 12))).toEqual([digest]);
      },
      (model) => model.objects.size > 0,
    ),
  ),
  fc.constant(
    command('get what is not there', async (_, { store, reader }) => {
      for (const each of [store, reader])
        await refuses(() => each.get(digestOf(incompressible(50, 99))), 'OBJECT_MISSING');
    }),
  ),
  fc.constant(
    command('list', async (model, { reader }) => {
      const listed = (await gathered(reader.list())).map(({ digest }) => digest);
      expect(listed).toEqual([...model.objects.keys()].sort());
    }),
  ),
  fc.constant(
    command('commit a head', async (model, { backend }) => {
      await using lock = await backend.lock();
      const current = await readHead(backend);
      expect(current?.head.size ?? 0).toBe(model.head);
      await swapHead(backend, lock, current, sampleHead(++model.head));
    }),
  ),
  fc.constant(
    command('commit on a stale head', async (model, { backend, staleHead }) => {
      await using lock = await backend.lock();
      if ((staleHead?.head.size ?? 0) === model.head) return;
      await refuses(() => swapHead(backend, lock, staleHead, sampleHead(model.head + 1)), 'HEAD_MOVED');
    }),
  ),
  fc.constant(
    command('remember the head', async (_, real) => {
      real.staleHead = await readHead(real.backend);
    }),
  ),
  fc.constant(
    command('reopen', async (_, real) => {
      real.backend = real.harness.open();
      real.store = await PackStore.open(real.backend);
    }),
  ),
  fc.constant(
    command('a second reader', async (_, real) => {
      real.reader = await PackStore.open(real.harness.open());
    }),
  ),
  fc.constant(
    command('delete the index', async (_, real) => {
      const dir = indexDir(real);
      if (dir !== null) rmSync(dir, { recursive: true, force: true });
    }),
  ),
  fc.nat().map((n) =>
    command('damage a pack and put all again', async (model, real) => {
      const packs = (await listAll(real.backend, 'packs/')).filter(isPackName);
      const pack = packs[n % Math.max(1, packs.length)];
      if (pack === undefined) return;
      const whole = await readAll(real.backend, pack);
      real.harness.tamper(pack, flipped(whole, n % whole.length, 1 << (n & 7)));
      expect((await scrub(real.backend)).findings.map(({ code }) => code)).toContain('PACK_MISNAMED');
      await using writer = await (await PackStore.open(real.backend)).writer();
      for (const bytes of model.objects.values()) putBlob(writer, bytes);
      await writer.finish();
      // Everything is readable although the damaged file is still there; then it goes.
      const store = await PackStore.open(real.backend);
      for (const [digest, bytes] of model.objects)
        expect(Buffer.compare(await store.get(digest), bytes)).toBe(0);
      if (!(await readAll(real.backend, pack)).every((byte, i) => byte === whole[i]))
        real.harness.tamper(pack, whole);
    }),
  ),
  fc.constant(
    command('scrub', async (_, { backend }) => {
      expect((await scrub(backend)).findings).toEqual([]);
    }),
  ),
];

describe.each([
  ['memory', (): Harness => memoryHarness(), 60],
  ['memory without synchronous reads', (): Harness => memoryHarness({ syncReads: false }), 30],
  ['fs', fsHarness, 25],
])('the store behaves as its model: %s', (_, makeHarness, numRuns) => {
  it('whatever is done, in whatever order', async () => {
    const property = fc.asyncProperty(fc.commands(commands, { maxCommands: 25 }), async (steps) => {
      const harness = makeHarness();
      try {
        const backend = harness.open();
        const store = await PackStore.open(backend);
        const real: Real = {
          harness,
          backend,
          store,
          reader: await PackStore.open(harness.open()),
          staleHead: null,
        };
        await fc.asyncModelRun(() => ({ model: { objects: new Map(), head: 0 }, real }), steps);
      } finally {
        harness.dispose();
      }
    });
    await fc.assert(property, { numRuns });
  });
});
