import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDigest } from '../../src/objects/digest.ts';
import { sha256Hex } from '../../src/objects/sha256.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import type { Backend } from '../../src/store/backend.ts';
import { PackStore } from '../../src/store/pack-store.ts';
import { scrub } from '../../src/store/scrub.ts';
import { gathered, flipped, type Harness, listAll, readAll } from './harness.ts';
import { digestOf, encodeObject, incompressible, sampleObject, store, storeSample, utf8 } from './objects.ts';
import { refuses } from '../support/refusals.ts';

/** What a {@link PackStore} does on every backend; part of the conformance suite. */
export function describeObjects(makeHarness: () => Harness): void {
  describe('objects', () => {
    let harness: Harness;
    let backend: Backend;
    beforeEach(() => {
      harness = makeHarness();
      backend = harness.open();
    });
    afterEach(() => harness.dispose());

    it('come back byte for byte, also for another reader', async () => {
      const target = await PackStore.open(backend);
      const blobs = [
        new Uint8Array(),
        utf8('a'),
        incompressible(200_000, 1),
        new Uint8Array(1_048_576),
        incompressible(1_048_576, 2),
      ];
      const { digests, packs } = await store(target, blobs);
      expect(packs).toHaveLength(1);
      const reader = await PackStore.open(harness.open());
      for (const [i, digest] of digests.entries()) {
        expect(Buffer.compare(await reader.get(digest), blobs[i]!)).toBe(0);
        expect(await target.has(digest)).toBe(true);
      }
      expect((await scrub(backend)).findings).toEqual([]);
    });

    it('are checked on the way in', async () => {
      await using writer = await (await PackStore.open(backend)).writer();
      refuses(() => writer.put('raw', digestOf(utf8('a')), utf8('b')), 'OBJECT_CORRUPT');
      const large = new Uint8Array(1_048_577);
      refuses(() => writer.put('raw', digestOf(large), large), 'OBJECT_TOO_LARGE');
      putBlob(writer, utf8('b'));
      expect(await writer.finish()).toHaveLength(1);
    });

    it('that are missing are named', async () => {
      const target = await PackStore.open(backend);
      const absent = digestOf(utf8('absent'));
      expect(await target.has(absent)).toBe(false);
      await refuses(() => target.get(absent), 'OBJECT_MISSING');
    });

    it('a writer that stored nothing makes no pack, and a second finish is a mistake', async () => {
      const target = await PackStore.open(backend);
      const writer = await target.writer();
      expect(await writer.finish()).toEqual([]);
      await refuses(() => writer.finish(), 'INTERNAL');
      refuses(() => putBlob(writer, utf8('a')), 'INTERNAL');
      expect(await listAll(backend, 'packs/')).toEqual([]);
    });

    it('a writer that is not finished leaves nothing', async () => {
      const target = await PackStore.open(backend);
      {
        await using writer = await target.writer();
        putBlob(writer, incompressible(400_000, 3));
      }
      expect(await listAll(backend, 'packs/')).toEqual([]);
    });

    it('are read back from a writer before it is finished, whichever block or pack they are in', async () => {
      await using writer = await (await PackStore.open(backend)).writer({ maxObjects: 40 });
      const blobs = [
        new Uint8Array(),
        ...Array.from({ length: 60 }, (_, i) => incompressible(30_000, i + 10)),
        incompressible(1_048_576, 9),
        utf8('in the open block'),
      ];
      const digests = blobs.map((blob) => putBlob(writer, blob).digest);
      for (const again of [false, true])
        for (const [i, digest] of digests.entries()) {
          expect(writer.has(digest)).toBe(true);
          expect(Buffer.compare(writer.get(digest), blobs[i]!), `${again} ${i}`).toBe(0);
        }
      // What is read is the reader's: the next one gets what was put.
      writer.get(digests[3]!).fill(0);
      expect(writer.get(digests[3]!)).toEqual(blobs[3]);
      const absent = digestOf(utf8('absent'));
      expect(writer.has(absent)).toBe(false);
      refuses(() => writer.get(absent), 'OBJECT_MISSING');
      await writer.finish();
      refuses(() => writer.get(digests[0]!), 'INTERNAL');
    });

    it('that a writer left out, since they are stored, are read back through it too', async () => {
      const target = await PackStore.open(backend);
      await store(target, [utf8('one'), incompressible(5000, 7)]);
      await using writer = await target.writer();
      const { digest } = putBlob(writer, incompressible(5000, 7));
      expect(writer.added).toBe(backend.sync === null ? 1 : 0);
      expect(writer.has(digest)).toBe(true);
      expect(writer.get(digest)).toEqual(incompressible(5000, 7));
    });

    it('are stored once by one writer', async () => {
      await using writer = await (await PackStore.open(backend)).writer();
      putBlob(writer, utf8('twice'));
      putBlob(writer, utf8('twice'));
      expect([writer.added, writer.reused]).toEqual([1, 1]);
      await writer.finish();
    });

    it('are reused from other packs where stored copies can be checked', async () => {
      const target = await PackStore.open(backend);
      await store(target, [utf8('one'), utf8('two')]);
      await using writer = await target.writer();
      putBlob(writer, utf8('two'));
      putBlob(writer, utf8('three'));
      expect(writer.added).toBe(backend.sync === null ? 2 : 1);
      await writer.finish();
      expect((await scrub(backend)).findings).toEqual([]);
    });

    it('are not reused from a damaged copy: putting them again heals', async () => {
      const target = await PackStore.open(backend);
      const blob = incompressible(5000, 4);
      const { digests, packs } = await store(target, [utf8('other'), blob]);
      const whole = await readAll(backend, packs[0]!);
      harness.tamper(packs[0]!, flipped(whole, 2000));
      const fresh = await PackStore.open(harness.open());
      await refuses(() => fresh.get(digests[1]!), 'OBJECT_CORRUPT');
      await store(fresh, [blob]);
      expect(await fresh.get(digests[1]!)).toEqual(blob);
      expect(await (await PackStore.open(harness.open())).get(digests[1]!)).toEqual(blob);
      expect(await fresh.get(digests[0]!)).toEqual(utf8('other'));
    });

    it('a pack written again in the same order heals its damaged file', async () => {
      const blobs = [utf8('x'.repeat(90)), incompressible(900, 5)];
      const target = await PackStore.open(backend);
      const { digests, packs } = await store(target, blobs);
      const whole = await readAll(backend, packs[0]!);
      harness.tamper(packs[0]!, whole.subarray(0, 500));
      const again = await store(await PackStore.open(harness.open()), blobs);
      expect(again.packs).toEqual(packs);
      expect(await readAll(backend, packs[0]!)).toEqual(whole);
      expect(await target.get(digests[1]!)).toEqual(blobs[1]);
    });

    it('are stored once, whatever the links to them say that they are', async () => {
      const target = await PackStore.open(backend);
      const { link, bytes } = encodeObject(sampleObject(1));
      await using writer = await target.writer();
      putBlob(writer, bytes);
      putObject(writer, sampleObject(1));
      await writer.finish();
      expect(await gathered(target.list())).toEqual([{ digest: link.digest, length: bytes.length }]);
    });

    it('are listed once each, ascending', async () => {
      const target = await PackStore.open(backend);
      const first = await storeSample(target);
      const second = await store(target, [utf8('more'), utf8('evidence')]);
      const infos = await gathered(target.list());
      const digests = infos.map(({ digest }) => digest);
      expect(digests).toEqual([...new Set([...first.digests, ...second.digests])].sort());
      expect(infos.find(({ digest }) => digest === first.digests[1])?.length).toBe(8);
    });

    it('are found by a prefix of any length', async () => {
      const target = await PackStore.open(backend);
      const { digests } = await store(
        target,
        Array.from({ length: 600 }, (_, i) => utf8(`object ${i}`)),
      );
      const sorted = [...digests].sort();
      for (const length of [1, 2, 3, 8, 63, 64]) {
        for (const digest of sorted.filter((_, i) => i % 50 === 0)) {
          const prefix = digest.slice(0, length);
          expect(await target.findPrefix(prefix)).toEqual(sorted.filter((other) => other.startsWith(prefix)));
        }
      }
      expect(await target.findPrefix('f'.repeat(20))).toEqual([]);
      await refuses(() => target.findPrefix('xyz'), 'DIGEST_MALFORMED');
      await refuses(() => target.findPrefix(''), 'DIGEST_MALFORMED');
    });

    it('in packs that appear, move or go are found by listing again', async () => {
      const target = await PackStore.open(backend);
      const { digests, packs } = await store(target, [utf8('first')]);
      const reader = await PackStore.open(harness.open());
      expect(await reader.get(digests[0]!)).toEqual(utf8('first'));
      // Another process merges: the object is in a new pack, the old one is gone.
      harness.tamper(packs[0]!, null);
      const merged = await store(await PackStore.open(harness.open()), [utf8('first'), utf8('second')]);
      expect(await reader.get(merged.digests[1]!)).toEqual(utf8('second'));
      expect(await reader.get(digests[0]!)).toEqual(utf8('first'));
      harness.tamper(merged.packs[0]!, null);
      const gone = await PackStore.open(harness.open());
      await refuses(() => gone.get(digests[0]!), 'OBJECT_MISSING');
    });

    it('with a damaged copy in one pack come from another', async () => {
      const blob = incompressible(3000, 6);
      const target = await PackStore.open(backend);
      const { digests, packs } = await store(target, [blob]);
      const whole = await readAll(backend, packs[0]!);
      harness.tamper(packs[0]!, flipped(whole, 100));
      await store(await PackStore.open(harness.open()), [blob, utf8('another pack')]);
      for (let i = 0; i < 4; i++) {
        const reader = await PackStore.open(harness.open());
        expect(await reader.get(digests[0]!)).toEqual(blob);
        if (backend.sync) expect((await reader.reader())(digests[0]!)).toEqual(blob);
      }
      expect((await scrub(backend)).findings.map(({ code }) => code)).toEqual([
        'OBJECT_DAMAGED',
        'PACK_MISNAMED',
      ]);
    });

    it('are had without a promise too, where the backend reads so: the good copy, or why there is none', async () => {
      const { digests } = await store(await PackStore.open(backend), [utf8('one'), utf8('two')]);
      await store(await PackStore.open(backend), [utf8('three')]);
      const target = await PackStore.open(harness.open());
      if (backend.sync === null) return refuses(target.reader(), 'INTERNAL');
      const get = await target.reader();
      for (const digest of digests) expect(get(digest)).toEqual(await target.get(digest));
      expect(get(digestOf(utf8('three')))).toEqual(utf8('three'));
      refuses(() => get(digestOf(utf8('four'))), 'OBJECT_MISSING');
    });

    it('can be split over several packs by one writer', async () => {
      const target = await PackStore.open(backend);
      await using writer = await target.writer({ maxObjects: 3 });
      const digests = Array.from({ length: 8 }, (_, i) => putBlob(writer, utf8(`part ${i}`)).digest);
      putBlob(writer, utf8('part 0'));
      expect(writer.added).toBe(8);
      expect(await writer.finish()).toHaveLength(3);
      for (const [i, digest] of digests.entries())
        expect(await target.get(digest)).toEqual(utf8(`part ${i}`));
    });

    it('cannot be changed by whoever got them', async () => {
      const target = await PackStore.open(backend);
      const { digests } = await store(target, [utf8('mine')]);
      (await target.get(digests[0]!)).fill(0);
      expect(await target.get(digests[0]!)).toEqual(utf8('mine'));
    });

    it('make the same pack in the same order', async () => {
      const other = makeHarness();
      const mine = await storeSample(await PackStore.open(backend));
      const theirs = await storeSample(await PackStore.open(other.open()));
      expect(mine.pack).toBe(theirs.pack);
      expect(parseDigest(sha256Hex(await readAll(backend, mine.pack)))).toBe(mine.pack.slice(6, 70));
      other.dispose();
    });
  });
}
