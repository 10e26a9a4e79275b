import { digestOf, type Digest } from '../../src/objects/digest.ts';
import { type AnyObject, encodeObject, type ObjectOf } from '../../src/objects/kinds.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import type { PackName } from '../../src/store/backend.ts';
import type { PackStore } from '../../src/store/pack-store.ts';
import { utf8 } from '../objects/support.ts';

export { utf8 };

/** Bytes that do not compress, the same for the same seed. */
export function incompressible(length: number, seed: number): Uint8Array {
  const out = new Uint8Array(length);
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    out[i] = state;
  }
  return out;
}

export const sampleObject = (index: number): AnyObject => ({
  kind: 'bundle',
  v: 2,
  level: 0,
  first: index,
  entries: [new Uint8Array(32).fill(index & 255)],
});

export const sampleHead = (size: number): ObjectOf<'head'> => ({
  kind: 'head',
  v: 3,
  size,
  root: new Uint8Array(32).fill(size & 255),
  last: null,
  frontier: [],
  full: [],
  tail: [],
  checkpoint: null,
});

/** Puts blobs and finishes. */
export async function store(
  target: PackStore,
  blobs: readonly Uint8Array[],
): Promise<{ digests: Digest[]; packs: readonly PackName[] }> {
  await using writer = await target.writer();
  const digests = blobs.map((blob) => putBlob(writer, blob).digest);
  return { digests, packs: await writer.finish() };
}

/** A small pack of everything: an empty blob, text, a document, something that compresses. */
export async function storeSample(target: PackStore): Promise<{ digests: Digest[]; pack: PackName }> {
  await using writer = await target.writer();
  const digests = [
    putBlob(writer, new Uint8Array()).digest,
    putBlob(writer, utf8('evidence')).digest,
    putObject(writer, sampleObject(7)).digest,
    putBlob(writer, utf8('hold '.repeat(60))).digest,
  ];
  const [pack, ...more] = await writer.finish();
  if (pack === undefined || more.length > 0) throw new Error('expected one pack');
  return { digests, pack };
}

export { digestOf, encodeObject };
