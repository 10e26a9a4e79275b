import type { Digest } from './digest.ts';
import { decodeObject, linksOf } from './kinds.ts';
import type { Link } from './link.ts';
import { MemoryObjects } from './memory-objects.ts';
import { driveAsync, item, need, type Get, type Walk } from './walk.ts';

/**
 * Every object that can be reached from `roots`, each once, parents first. Links are followed by their codec: a raw link
 * is bytes, a dag-cbor link must decode as an object of ours.
 * @param seen ids to leave out; the walk adds what it visits.
 */
export function* closure(
  roots: readonly Link[],
  seen = new Set<Digest>(),
): Walk<{ link: Link; bytes: Uint8Array }> {
  const stack = [...roots].reverse();
  // What was met as raw bytes first is still followed when a dag-cbor link leads to the same digest.
  const raw = new Set<Digest>();
  for (let link = stack.pop(); link; link = stack.pop()) {
    const again = seen.has(link.digest);
    if (again && !(link.codec === 'dag-cbor' && raw.delete(link.digest))) continue;
    const bytes = yield* need<{ link: Link; bytes: Uint8Array }>(link.digest);
    if (!again) {
      seen.add(link.digest);
      if (link.codec === 'raw') raw.add(link.digest);
      yield* item({ link, bytes });
    }
    if (link.codec === 'dag-cbor') stack.push(...linksOf(decodeObject(bytes)).reverse());
  }
}

/** Everything that these links reach, in memory. @throws CustodyError OBJECT_MISSING, what decoding throws, INTERRUPTED. */
export async function reachedBy(
  links: readonly Link[],
  get: Get,
  options: { signal?: AbortSignal } = {},
): Promise<MemoryObjects> {
  const objects = new MemoryObjects();
  for await (const { link, bytes } of driveAsync(closure([...links]), get, options))
    objects.put(link.codec, link.digest, bytes);
  return objects;
}
