import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { digestFromBytes } from '../../src/objects/digest.ts';
import { putBlob } from '../../src/objects/sink.ts';
import { MemoryBackend } from '../../src/store/memory.ts';
import { PackReader } from '../../src/store/pack-reader.ts';
import { PackStore } from '../../src/store/pack-store.ts';
import { scrub } from '../../src/store/scrub.ts';
import { forge, packNameOf } from './forge.ts';
import { PACK_FAULTS } from './pack-faults.ts';
import { gathered, readAll } from './harness.ts';
import { utf8 } from './objects.ts';
import { refusedWith } from '../support/refusals.ts';

const FOLDER = new URL('../vectors/pack/', import.meta.url);

interface Vector {
  description: string;
  open: string;
  get: string[];
  scrub: string[];
  pack: string;
}

const vectors = readdirSync(FOLDER).map((file) => ({
  file,
  vector: JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Vector,
}));

/** The digests that the entries claim, ascending; read without the code under test. */
function claimed(pack: Buffer, objects: number): string[] {
  const first = pack.length - 56 - 44 * objects;
  const digests = Array.from({ length: objects }, (_, i) =>
    pack.toString('hex', first + 44 * i, first + 44 * i + 32),
  );
  return [...new Set(digests)].sort();
}

describe('pack vectors', () => {
  it('are the ones that the list of faults makes', () => {
    expect(vectors.map(({ file }) => file)).toEqual(PACK_FAULTS.map(({ name }) => `${name}.json`).sort());
  });

  it.each(vectors)('$file', async ({ file, vector }) => {
    const pack = Buffer.from(vector.pack, 'hex');
    const backend = new MemoryBackend();
    await backend.put(packNameOf(pack), pack);
    expect(await refusedWith(() => PackReader.open(backend, packNameOf(pack)))).toBe(vector.open);
    const store = await PackStore.open(backend);
    const digests = claimed(pack, file === 'entry-twice.json' ? 2 : vector.get.length);
    const codes = digests.map((hex) =>
      refusedWith(() => store.get(digestFromBytes(Buffer.from(hex, 'hex')))),
    );
    expect(await Promise.all(codes)).toEqual(vector.get);
    const { findings } = await scrub(backend);
    expect([...new Set(findings.map(({ code }) => code))].sort()).toEqual(vector.scrub);
    expect(await refusedWith(() => gathered(store.list()))).toBe(vector.open);
    // A writer relies on none of it that is damaged, and never fails because of it.
    await using writer = await store.writer();
    putBlob(writer, utf8('before'));
    await writer.finish();
  });

  it('a pack truncated at every byte, under the name of the whole', async () => {
    const whole = forge();
    for (let length = 0; length < whole.length; length++) {
      const backend = new MemoryBackend();
      backend.tamper(packNameOf(whole), whole.subarray(0, length));
      expect(await refusedWith(() => PackReader.open(backend, packNameOf(whole)))).toBe('PACK_CORRUPT');
      const { findings } = await scrub(backend);
      expect(findings.map(({ code }) => code)).toContain('PACK_DAMAGED');
      expect(findings.map(({ code }) => code)).toContain('PACK_MISNAMED');
    }
  });

  it('a pack with bytes after its end', async () => {
    const whole = forge();
    const backend = new MemoryBackend();
    backend.tamper(packNameOf(whole), Buffer.concat([whole, Buffer.from([0])]));
    expect(await refusedWith(() => PackReader.open(backend, packNameOf(whole)))).toBe('PACK_CORRUPT');
    expect((await scrub(backend)).findings.map(({ code }) => code)).toContain('PACK_MISNAMED');
  });

  it('the writer makes the same bytes as the format in words', async () => {
    const backend = new MemoryBackend();
    await using writer = await (await PackStore.open(backend)).writer();
    putBlob(writer, utf8('before'));
    putBlob(writer, utf8('after'));
    const [name] = await writer.finish();
    expect(Buffer.from(await readAll(backend, name!)).toString('hex')).toBe(forge().toString('hex'));
  });
});
