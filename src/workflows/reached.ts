import { closure } from '../objects/closure.ts';
import type { Link } from '../objects/link.ts';
import { MemoryObjects } from '../objects/memory-objects.ts';
import { driveAsync } from '../objects/walk.ts';
import type { Get } from './operand.ts';

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
