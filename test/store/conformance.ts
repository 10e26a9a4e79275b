import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../src/objects/sha256.ts';
import { type Backend, packName } from '../../src/store/backend.ts';
import { readHead, swapHead } from '../../src/store/heads.ts';
import { describeObjects } from './conformance-objects.ts';
import { flipped, type Harness, listAll, readAll } from './harness.ts';
import { sampleHead, utf8 } from './objects.ts';
import { refuses } from '../support/refusals.ts';

/** What every backend must do, and what a store on top of it does. A new backend passes it with a five-line test. */
export function describeBackend(name: string, makeHarness: () => Harness): void {
  describe(name, () => {
    let harness: Harness;
    let backend: Backend;
    beforeEach(() => {
      harness = makeHarness();
      backend = harness.open();
    });
    afterEach(() => harness.dispose());

    describe('files', () => {
      const bytes = utf8('some bytes');
      const file = packName(sha256Hex(bytes));

      it('stores bytes once, and says so', async () => {
        expect(await backend.put(file, bytes)).toBe('stored');
        expect(await backend.put(file, bytes)).toBe('present');
        expect(await readAll(backend, file)).toEqual(bytes);
        expect(await listAll(backend, 'packs/')).toEqual([file]);
      });

      it('stores a staged file', async () => {
        const staged = backend.stage();
        staged.write(bytes.subarray(0, 4));
        staged.write(bytes.subarray(4));
        expect(staged.length).toBe(bytes.length);
        expect(await backend.put(packName(staged.sha256()), staged)).toBe('stored');
        expect(await listAll(backend, 'packs/')).toEqual([file]);
      });

      it('reads back what was staged, until it is put', async () => {
        const staged = backend.stage();
        staged.write(bytes.subarray(0, 4));
        expect(staged.read(1, 3)).toEqual(bytes.subarray(1, 4));
        refuses(() => staged.read(0, 5), 'INTERNAL');
        staged.write(bytes.subarray(4));
        expect(staged.read(2, 6)).toEqual(bytes.subarray(2, 8));
        staged.sha256();
        expect(staged.read(0, bytes.length)).toEqual(bytes);
        staged.discard();
      });

      it('shows no file before it is finished, and none after it was discarded', async () => {
        const staged = backend.stage();
        staged.write(bytes);
        expect(await backend.size(file)).toBeNull();
        staged.discard();
        expect(await listAll(backend, 'packs/')).toEqual([]);
      });

      it('refuses a name that is not the SHA-256 of the bytes, and leaves nothing behind', async () => {
        await refuses(() => backend.put(packName('0'.repeat(64)), bytes), 'PACK_CORRUPT');
        await refuses(() => backend.put('packs/../x.pack', bytes), 'PACK_CORRUPT');
        expect(await listAll(backend, 'packs/')).toEqual([]);
      });

      it.each([
        ['changed', flipped(bytes, 3)],
        ['shorter', bytes.subarray(1)],
        ['longer', utf8('some bytes!')],
      ])('heals a stored copy that is %s', async (_, damaged) => {
        await backend.put(file, bytes);
        harness.tamper(file, damaged);
        expect(await backend.put(file, bytes)).toBe('healed');
        expect(await readAll(backend, file)).toEqual(bytes);
      });

      it('reads exact ranges', async () => {
        await backend.put(file, bytes);
        expect(await backend.readRange(file, 5, 5)).toEqual(utf8('bytes'));
        expect(await backend.readRange(file, 10, 0)).toEqual(new Uint8Array());
        expect(await backend.size(file)).toBe(10);
        await refuses(() => backend.readRange(file, 5, 6), 'PACK_CORRUPT');
        await refuses(() => backend.readRange(file, 2 ** 40, 1), 'PACK_CORRUPT');
      });

      it('tells a missing file from an empty one', async () => {
        expect(await backend.size(file)).toBeNull();
        await refuses(() => backend.readRange(file, 0, 1), 'PATH_NOT_FOUND');
      });

      it('has the same reads without a promise, if it has any', async () => {
        await backend.put(file, bytes);
        if (backend.sync === null) return;
        expect(backend.sync.readRange(file, 5, 5)).toEqual(utf8('bytes'));
        expect(backend.sync.size(file)).toBe(10);
        expect(backend.sync.size(packName('0'.repeat(64)))).toBeNull();
      });

      it('lists foreign files, sorted', async () => {
        await backend.put(file, bytes);
        harness.tamper('packs/.tmp-1-ab', utf8('x'));
        harness.tamper('packs/zz', utf8('x'));
        harness.tamper('heads/main', utf8('x'));
        expect(await listAll(backend, 'packs/')).toEqual(['packs/.tmp-1-ab', file, 'packs/zz'].sort());
        expect(await listAll(backend, 'heads/')).toEqual(['heads/main']);
      });
    });

    describe('heads', () => {
      it('moves by compare-and-swap, under the lock', async () => {
        expect(await readHead(backend)).toBeNull();
        await using lock = await backend.lock();
        const first = await swapHead(backend, lock, null, sampleHead(1));
        expect((await readHead(backend))?.head.size).toBe(1);
        await refuses(() => swapHead(backend, lock, null, sampleHead(2)), 'HEAD_MOVED');
        await swapHead(backend, lock, first, sampleHead(2));
        await refuses(() => swapHead(backend, lock, first, sampleHead(3)), 'HEAD_MOVED');
        expect((await readHead(backend))?.head.size).toBe(2);
        expect(await listAll(backend, 'heads/')).toEqual(['heads/main']);
      });

      it('does not replace a head that is gone', async () => {
        await using lock = await backend.lock();
        const first = await swapHead(backend, lock, null, sampleHead(1));
        harness.tamper('heads/main', null);
        await refuses(() => swapHead(backend, lock, first, sampleHead(2)), 'HEAD_MOVED');
      });

      it('refuses without a lock of its own that is held', async () => {
        const lock = await backend.lock();
        await lock[Symbol.asyncDispose]();
        expect(lock.held).toBe(false);
        await refuses(() => swapHead(backend, lock, null, sampleHead(1)), 'INTERNAL');
        const other = makeHarness();
        {
          await using foreign = await other.open().lock();
          await refuses(() => swapHead(backend, foreign, null, sampleHead(1)), 'INTERNAL');
        }
        other.dispose();
        expect(await readHead(backend)).toBeNull();
      });

      it('refuses a name that leaves the folder', async () => {
        await using lock = await backend.lock();
        await refuses(() => backend.swapHead(lock, '../x', null, utf8('x')), 'INTERNAL');
        await refuses(() => backend.readHead('a/b'), 'INTERNAL');
      });

      it('finds any damage, and too large a file before reading it', async () => {
        await using lock = await backend.lock();
        const { bytes } = await swapHead(backend, lock, null, sampleHead(1));
        for (let at = 0; at < bytes.length; at++) {
          harness.tamper('heads/main', flipped(bytes, at));
          await refuses(() => readHead(backend), 'HEAD_CORRUPT');
        }
        for (let length = 0; length < bytes.length; length++) {
          harness.tamper('heads/main', bytes.subarray(0, length));
          await refuses(() => readHead(backend), 'HEAD_CORRUPT');
        }
        harness.tamper('heads/main', new Uint8Array(1_048_576 + 33));
        await refuses(() => readHead(backend), 'HEAD_CORRUPT');
      });
    });

    describe('the lock', () => {
      it('is had by one at a time, and let go by disposing', async () => {
        const first = await backend.lock();
        expect(first.held).toBe(true);
        await refuses(() => backend.lock({ timeout: 0 }), 'LOCK_TIMEOUT');
        await refuses(() => harness.open().lock({ timeout: 30 }), 'LOCK_TIMEOUT');
        await first[Symbol.asyncDispose]();
        await using second = await harness.open().lock({ timeout: 0 });
        expect(second.held).toBe(true);
      });

      it('stops waiting when told to', async () => {
        await using held = await backend.lock();
        expect(held.held).toBe(true);
        const stop = new AbortController();
        const waiting = refuses(() => backend.lock({ signal: stop.signal }), 'INTERRUPTED');
        stop.abort();
        await waiting;
        await refuses(() => backend.lock({ signal: AbortSignal.abort() }), 'INTERRUPTED');
      });

      it('lets each of many waiters in', async () => {
        let inside = 0;
        const enter = async (): Promise<void> => {
          await using lock = await backend.lock();
          expect([++inside, lock.held]).toEqual([1, true]);
          await new Promise((resolve) => setImmediate(resolve));
          inside--;
        };
        await Promise.all(Array.from({ length: 8 }, enter));
      });
    });

    describeObjects(makeHarness);
  });
}
