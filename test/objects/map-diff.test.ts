import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readWhole, storeContent } from '../../src/objects/file.ts';
import { boundKey } from '../../src/objects/rows/key.ts';
import { Link } from '../../src/objects/link.ts';
import { diffMaps, equalRows, type Row } from '../../src/objects/map-walk.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { build, rowText, someKey, someModel, someRow } from './map-models.ts';
import { buildMap, hex, itemsOf, numbered, utf8, type Model } from './support.ts';

describe('diffMaps', () => {
  const naive = (a: Model, b: Model): [string, string | undefined, string | undefined][] =>
    [...new Set([...a.keys(), ...b.keys()])]
      .sort()
      .map((key) => [key, a.get(key), b.get(key)] as const)
      .filter(([, x, y]) => !(x && y && equalRows(x, y)))
      .map(([key, x, y]) => [key, x && rowText(x), y && rowText(y)]);

  /** Rows stored by themselves, read back. */
  const resolve = (objects: MemoryObjects, row: Row | undefined): string | undefined =>
    row && (row instanceof Link ? hex(itemsOf(readWhole(row), objects)[0]!) : hex(row));

  function check(a: Model, b: Model): void {
    const objects = new MemoryObjects();
    const changes = itemsOf(
      diffMaps(build(objects, a), build(objects, b), { before: a.size, after: b.size }),
      objects,
    );
    expect(
      changes.map(({ key, before, after }) => [hex(key), resolve(objects, before), resolve(objects, after)]),
    ).toEqual(naive(a, b));
  }

  it('gives what a naive diff gives, for unrelated maps', () => {
    fc.assert(fc.property(someModel, someModel, check), { numRuns: 100 });
  });

  it('gives what a naive diff gives, for maps a few edits apart', () => {
    const edit = fc.tuple(someKey, fc.option(someRow, { freq: 2 }));
    fc.assert(
      fc.property(
        someModel,
        fc.nat(3_000),
        fc.array(edit, { maxLength: 20 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (start, more, edits, drops) => {
          const a = new Map([...start, ...numbered(more)] as [string, Uint8Array][]);
          const b = new Map(a);
          for (const [key, row] of edits) {
            if (row) b.set(hex(boundKey(key)), row);
            else b.delete(hex(boundKey(key)));
          }
          const keys = [...a.keys()];
          for (const drop of drops) if (keys.length > 0) b.delete(keys[drop % keys.length]!);
          check(a, b);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each<[string, Model, Model]>([
    ['two empty maps', new Map(), new Map()],
    ['an empty and a full one', new Map(), numbered(5_000)],
    ['a full and an empty one', numbered(5_000), new Map()],
    ['maps of different depth', numbered(10), numbered(20_000)],
    ['disjoint maps, one after the other', numbered(2_000), new Map([...numbered(4_000)].slice(2_000))],
    [
      'disjoint maps, interleaved',
      new Map([...numbered(4_000)].filter((_, i) => i % 2 === 0)),
      new Map([...numbered(4_000)].filter((_, i) => i % 2 === 1)),
    ],
    ['a map and its second half', numbered(4_000), new Map([...numbered(4_000)].slice(2_000))],
    ['a map and its first half', numbered(4_000), new Map([...numbered(4_000)].slice(0, 2_000))],
  ])('%s', (_, a, b) => check(a, b));

  it('a row that is a link to an object is compared by the link', () => {
    const objects = new MemoryObjects();
    const x = storeContent(objects, utf8('x'));
    const y = storeContent(objects, utf8('y'));
    const changes = itemsOf(
      diffMaps(
        buildMap(
          objects,
          new Map([
            ['01', x],
            ['02', x],
          ]),
        ),
        buildMap(
          objects,
          new Map([
            ['01', x],
            ['02', y],
          ]),
        ),
      ),
      objects,
    );
    expect(changes.map(({ key }) => hex(key))).toEqual(['02']);
    expect(equalRows(x, utf8('x'))).toBe(false);
    expect(equalRows(utf8('x'), x)).toBe(false);
  });
});
