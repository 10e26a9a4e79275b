import { expect, it } from 'vitest';
import { storeContent } from '../../../src/objects/file.ts';
import type { Digest } from '../../../src/objects/digest.ts';
import { decodeKind } from '../../../src/objects/kinds.ts';
import type { Link } from '../../../src/objects/link.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { encodeKey } from '../../../src/objects/rows/key.ts';
import { encodeRecord } from '../../../src/objects/rows/sqlite-record.ts';
import { encode } from '../../../src/objects/codec.ts';
import { StatesCheck } from '../../../src/objects/sound/states.ts';
import { resultOf, type Walk } from '../../../src/objects/walk.ts';
import { putMap, putStateOf, putTable } from '../../verify/malformed.ts';

const LONG = 'x'.repeat(16_400);

/** How often content that is stored out of line is read by a walk and by what it left for later. */
function readsOf(
  objects: MemoryObjects,
  content: readonly Link[],
  check: StatesCheck,
  walk: Walk<never>,
): number {
  let reads = 0;
  const get = (id: Digest): Uint8Array => {
    if (content.some(({ digest }) => digest === id)) reads++;
    return objects.get(id);
  };
  resultOf(walk, get);
  expect(reads).toBe(0);
  for (const left of check.takeOutOfLine()) resultOf(left.check(), get);
  return reads;
}

it('of a table that has the rows of another the first is looked at again', () => {
  const objects = new MemoryObjects();
  const content = ['a', 'b', 'c'].map((name) => storeContent(objects, encodeRecord([LONG, name])));
  const rows = ['a', 'b', 'c'].map((name, i): [Uint8Array, Link] => [encodeKey([name]), content[i]!]);
  const { digest } = putTable(objects, rows, { key: { type: 'declared', columns: ['name'] } });
  const check = new StatesCheck();
  const reads = (): number =>
    readsOf(objects, content, check, check.table(decodeKind('table', objects.get(digest))));
  expect([reads(), reads()]).toEqual([3, 1]);
});

it('a definition that stands under many names is read once', () => {
  const objects = new MemoryObjects();
  const definition = storeContent(objects, encode(LONG));
  const sequence = putMap(
    objects,
    ['a', 'b', 'c', 'd'].map((name) => [encodeKey([name]), definition]),
  );
  const none = putMap(objects, []);
  const { digest } = putStateOf(objects, [], { facts: { database: none, schema: none, sequence } });
  const snapshot = decodeKind('snapshot', objects.get(digest));
  const check = new StatesCheck();
  expect(readsOf(objects, [definition], check, check.facts(snapshot, 'sequence'))).toBe(1);
});
