import { storeContent } from '../objects/file.ts';
import { expandIncludes, type ScriptPart } from '../rules/includes.ts';
import type { ObjectOf } from '../objects/kinds.ts';
import type { MemoryObjects } from '../objects/memory-objects.ts';
import type { ScriptDocument } from '../rules/plan-schema.ts';
import { sha256Bytes } from '../objects/sha256.ts';
import { bytesOf } from './states.ts';

export type ScriptObject = ObjectOf<'rehearsal'>['executor'];

/** A script as a plan file names it: all of its files pinned. */
export function namedScript({ parts }: ScriptObject): ScriptDocument {
  const [first, ...includes] = parts.map(({ path, sha256 }) => ({ file: path, sha256: hexOf(sha256) }));
  return { ...first!, ...(includes.length > 0 && { includes }) };
}

export function hexOf(hash: Uint8Array): string {
  return Buffer.from(hash).toString('hex');
}

/** A script and its files, stored, used unchanged. */
export function putScript(
  objects: MemoryObjects,
  files: readonly [ScriptPart, ...ScriptPart[]],
): ScriptObject {
  const expanded = bytesOf(expandIncludes(files));
  const sha256 = sha256Bytes(expanded);
  return {
    file: storeContent(objects, expanded),
    before: sha256,
    after: sha256,
    parts: files.map(({ path, text }) => ({
      path,
      sha256: sha256Bytes(bytesOf(text)),
      file: storeContent(objects, bytesOf(text)),
    })),
  };
}
