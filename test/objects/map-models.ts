import fc from 'fast-check';
import { boundKey, integerKey } from '../../src/objects/rows/key.ts';
import { Link } from '../../src/objects/link.ts';
import type { Row } from '../../src/objects/map-walk.ts';
import type { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { MapBuilder } from '../../src/objects/merkle-map.ts';
import { hex, noise, unhex, type Model } from './support.ts';

export const rowText = (row: Row): string => (row instanceof Link ? `${row.codec} ${row.digest}` : hex(row));
export const flat = (model: Model): [string, string][] =>
  [...model].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, row]) => [key, rowText(row)]);

export const someKey = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 3 }),
  fc.bigInt(0n, 300n).map(integerKey),
  fc.tuple(fc.nat(3), fc.nat(3)).map(([n, last]) => Uint8Array.from([...noise(1_100 + n, 7), last])),
);
export const someRow = fc.oneof(
  { weight: 20, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  { weight: 3, arbitrary: fc.tuple(fc.nat(8_000), fc.nat(5)).map(([length, seed]) => noise(length, seed)) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(40_000), fc.nat(5)).map(([length, seed]) => noise(length, seed)) },
);
/** A model by bounded keys, as a map holds it. */
export const someModel = fc
  .array(fc.tuple(someKey, someRow), { maxLength: 250 })
  .map((entries) => new Map(entries.map(([key, row]) => [hex(boundKey(key)), row] as const)));

export function build(objects: MemoryObjects, model: Model): Link {
  const builder = new MapBuilder(objects);
  for (const [key, row] of [...model].sort(([a], [b]) => (a < b ? -1 : 1)))
    builder.addBounded(unhex(key), row);
  return builder.finish().root;
}
