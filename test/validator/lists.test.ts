import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closure } from '../../src/objects/closure.ts';
import { encodeKey, integerKey } from '../../src/objects/rows/key.ts';
import { decodeObject } from '../../src/objects/kinds.ts';
import { checkMap } from '../../src/objects/map-check.ts';
import { MapBuilder } from '../../src/objects/merkle-map.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import type { Link } from '../../src/objects/link.ts';
import { multisetValue } from '../../src/objects/rows/multiset.ts';
import { encodeCopyRow } from '../../src/objects/rows/postgres-copy.ts';
import { encodeRecord, MASKED } from '../../src/objects/rows/sqlite-record.ts';
import { putObject } from '../../src/objects/sink.ts';
import { driveSync, resultOf } from '../../src/objects/walk.ts';
import { Lists } from '../../src/validator/lists.ts';
import { holdsMask } from '../../src/validator/mask-scan.ts';
import { noise } from '../objects/support.ts';
import { refusedWith } from '../support/refusals.ts';

function listsOf(objects: MemoryObjects, root: Link): Lists {
  const lists = new Lists('sqlite', objects);
  for (const { link, bytes } of driveSync(closure([root]), objects.get)) {
    if (link.codec === 'dag-cbor') lists.add(link.digest, decodeObject(bytes));
  }
  return lists;
}

/** Agrees with the slow check, which builds the map anew. */
function expectSame(objects: MemoryObjects, root: Link): void {
  const { fault } = listsOf(objects, root).tree(root);
  const slow = refusedWith(() => resultOf(checkMap(root), objects.get));
  expect({ root: root.digest, sound: fault === undefined }).toEqual({
    root: root.digest,
    sound: slow === 'none',
  });
}

describe('Lists', () => {
  it.each([0, 1, 2, 50, 700, 20_000])('accept what the builder makes of %i rows', (count) => {
    const objects = new MemoryObjects();
    const builder = new MapBuilder(objects);
    for (let i = 0; i < count; i++) builder.add(integerKey(BigInt(i)), noise(20 + (i % 50), i + 1));
    const { root } = builder.finish();
    expect(listsOf(objects, root).tree(root)).toMatchObject({ count, fault: undefined });
  });

  it('accept rows of every length, out of line too, and lists that are cut because they are full', () => {
    const objects = new MemoryObjects();
    const builder = new MapBuilder(objects);
    [1, 16_384, 16_385, 15_000, 16_000, 16_100, 16_200, 40_000, 2_000_000].forEach((length, i) =>
      builder.add(integerKey(BigInt(i)), noise(length, i + 1)),
    );
    const { root, count } = builder.finish();
    expect(listsOf(objects, root).tree(root)).toMatchObject({ count, fault: undefined });
  });

  it('agree with building the map anew, for trees that somebody cut at will', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(3_000), fc.boolean()), { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(11), { maxLength: 4 }),
        (rows, groups) => {
          const objects = new MemoryObjects();
          let at = 0;
          const leaves: [Uint8Array, Link, number][] = [];
          let open: [Uint8Array, Uint8Array][] = [];
          const close = (): void => {
            if (open.length === 0) return;
            leaves.push([
              open.at(-1)![0],
              putObject(objects, { kind: 'rows', v: 1, entries: open }),
              open.length,
            ]);
            open = [];
          };
          rows.forEach(([length, cut], i) => {
            open.push([integerKey(BigInt((at += 1 + (length % 5)))), noise(length, i + 1)]);
            if (cut) close();
          });
          close();
          const node = (level: number, entries: typeof leaves): [Uint8Array, Link, number] => [
            entries.at(-1)![0],
            putObject(objects, { kind: 'node', v: 1, level, entries }),
            entries.reduce((sum, [, , count]) => sum + count, 0),
          ];
          const cuts = [...new Set(groups.filter((g) => g > 0 && g < leaves.length))].sort((a, b) => a - b);
          const parts = [0, ...cuts].map((from, i) => leaves.slice(from, cuts[i]));
          const nodes = parts.map((part) => node(1, part));
          const root =
            nodes.length > 1 ? node(2, nodes)[1] : leaves.length > 1 ? nodes[0]![1] : leaves[0]![1];
          expectSame(objects, root);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('holdsMask', () => {
  const value = fc.oneof(
    fc.constant(null),
    fc.constant(MASKED),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.double({ noNaN: true }),
    fc.string({ unit: 'grapheme' }).filter((s) => s.isWellFormed()),
    fc.uint8Array({ maxLength: 200 }),
  );

  it('finds a masked value in a record, wherever it is, and no other', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 150 }), fc.integer({ min: 1, max: 300 }), (values, count) => {
        const row = encodeRecord(values);
        expect(holdsMask('sqlite', row, 'plain')).toBe(values.includes(MASKED));
        expect(holdsMask('sqlite', multisetValue(row, count), 'multiset')).toBe(values.includes(MASKED));
      }),
    );
  });

  it('finds a masked field in a line of COPY, and no text that looks like one', () => {
    const field = fc.oneof(
      fc.constant(null),
      fc.constant(MASKED),
      fc.constantFrom('\\M', 'M', '\\', '\\\\M', '\tM').map((text) => new Uint8Array(Buffer.from(text))),
      fc.uint8Array({ maxLength: 10 }),
    );
    fc.assert(
      fc.property(
        fc.array(field, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 300 }),
        (fields, count) => {
          const row = encodeCopyRow(fields);
          expect(holdsMask('postgres', row, 'plain')).toBe(fields.includes(MASKED));
          expect(holdsMask('postgres', multisetValue(row, count), 'multiset')).toBe(fields.includes(MASKED));
        },
      ),
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.constantFrom('sqlite' as const, 'postgres' as const),
        (bytes, engine) => {
          for (const as of ['plain', 'multiset'] as const)
            expect(typeof holdsMask(engine, bytes, as)).toBe('boolean');
        },
      ),
    );
    expect(holdsMask('sqlite', encodeKey([]), 'plain')).toBe(false);
  });
});
