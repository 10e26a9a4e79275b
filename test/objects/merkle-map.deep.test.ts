import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX, MIN } from '../../src/objects/cutting/cutter.ts';
import { readWhole } from '../../src/objects/file.ts';
import { boundKey, encodeKey, integerKey, MAX_KEY } from '../../src/objects/rows/key.ts';
import { multisetValue } from '../../src/objects/rows/multiset.ts';
import { encodeRecord } from '../../src/objects/rows/sqlite-record.ts';
import { sha256Bytes } from '../../src/objects/sha256.ts';
import { decodeObject } from '../../src/objects/kinds.ts';
import { Link } from '../../src/objects/link.ts';
import { diffMaps, findRow, walkMap } from '../../src/objects/map-walk.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { MapBuilder } from '../../src/objects/merkle-map.ts';
import { MAX_INLINE_ROW } from '../../src/objects/sound/lists.ts';
import { driveSync } from '../../src/objects/walk.ts';
import {
  checkMap,
  buildMap,
  CountingObjects,
  hex,
  itemsOf,
  noise,
  numbered,
  unhex,
  utf8,
  vectors,
} from './support.ts';
import { build, flat, someModel } from './map-models.ts';
import { refusedWith } from '../support/refusals.ts';

interface KnownRoot {
  /** How entry i is made, as the vector's description says; by default row i under the integer i. */
  readonly made?: keyof typeof MADE;
  readonly rows: number;
  readonly root: string;
  readonly level: number;
  readonly objects: number;
}

function depth(objects: MemoryObjects, root: Link): number {
  const object = decodeObject(objects.get(root.digest));
  return object.kind === 'node' ? object.level + 1 : 1;
}

const text = (of: string): string => hex(boundKey(encodeKey([of])));
const MADE = {
  'text keys': (i: number): [string, Uint8Array] => [text(`name ${i}`), utf8(`row ${i}`)],
  'cut keys': (i: number): [string, Uint8Array] => [text(`${'k'.repeat(1_020)}${i}`), utf8(`row ${i}`)],
  'keys of two parts': (i: number): [string, Uint8Array] => [
    hex(encodeKey([BigInt(i % 7), i % 3 === 0 ? null : `n${i}`, BigInt(i)])),
    utf8(`row ${i}`),
  ],
  'a multiset': (i: number): [string, Uint8Array] => {
    const row = encodeRecord([`row ${i}`]);
    return [hex(sha256Bytes(row)), multisetValue(row, (i % 200) + 1)];
  },
  'long rows': (i: number): [string, Uint8Array] => [hex(integerKey(BigInt(i))), noise(1_000 * i, i + 1)],
} as const;

describe('known roots', () => {
  it.each(vectors<KnownRoot>('merkle/roots'))('%s', (_, vector) => {
    const objects = new MemoryObjects();
    const root = rootOf(vector, objects);
    expect(root.digest).toBe(vector.root);
    expect(depth(objects, root) - 1).toBe(vector.level);
    expect(objects.size).toBe(vector.objects);
    expect(checkMap(root, objects, { count: vector.rows })).toBe(vector.rows);
  });
});

function rootOf({ made, rows }: KnownRoot, objects: MemoryObjects): Link {
  if (made === undefined) return buildMap(objects, numbered(rows));
  const builder = new MapBuilder(objects);
  const entries = Array.from({ length: rows }, (_, i) => MADE[made](i));
  for (const [key, row] of entries.sort(([a], [b]) => (a < b ? -1 : 1))) builder.addBounded(unhex(key), row);
  return builder.finish().root;
}

describe('history independence', () => {
  it('any history of inserts, updates and deletes gives the root of its content', () => {
    const step = fc.tuple(fc.bigInt(0n, 2_000n), fc.option(fc.nat(60), { freq: 3 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), fc.nat(1_500), (steps, start) => {
        const objects = new MemoryObjects();
        const state = numbered(start);
        for (const [key, length] of steps) {
          if (length === null) state.delete(hex(integerKey(key)));
          else state.set(hex(integerKey(key)), noise(length, Number(key)));
        }
        const root = buildMap(objects, state);
        const content = new Map(itemsOf(walkMap(root), objects).map(({ key, row }) => [hex(key), row]));
        expect(flat(content)).toEqual(flat(state));
        expect(buildMap(new MemoryObjects(), content).digest).toBe(root.digest);
      }),
      { numRuns: 60 },
    );
  });

  it('equal content, equal root; other content, other root', () => {
    fc.assert(
      fc.property(someModel, someModel, (a, b) => {
        const objects = new MemoryObjects();
        const x = build(objects, a);
        const y = build(objects, b);
        expect(x.equals(y)).toBe(JSON.stringify(flat(a)) === JSON.stringify(flat(b)));
        expect(build(new MemoryObjects(), new Map([...a].reverse())).equals(x)).toBe(true);
        expect(checkMap(x, objects)).toBe(a.size);
      }),
      { numRuns: 100 },
    );
  });

  it('what was walked can be built again, also with cut keys and rows stored by themselves', () => {
    const objects = new MemoryObjects();
    const builder = new MapBuilder(objects);
    const keys = [1, 2, 3]
      .map((n) => Uint8Array.from([...noise(2_000, 7), n]))
      .sort((a, b) => Buffer.compare(boundKey(a), boundKey(b)));
    for (const key of keys) builder.add(key, noise(20_000, key[2_000]));
    const { root, count } = builder.finish();
    expect(count).toBe(3);
    const again = new MapBuilder(new MemoryObjects());
    for (const { key, row } of itemsOf(walkMap(root), objects)) again.addBounded(key, row);
    expect(again.finish().root.equals(root)).toBe(true);
  });

  it('refuses keys that do not ascend, come twice, or are too long to be bounded', () => {
    const builder = new MapBuilder(new MemoryObjects());
    builder.add(utf8('b'), utf8('row'));
    expect(refusedWith(() => builder.add(utf8('b'), utf8('row')))).toBe('TREE_MALFORMED');
    expect(refusedWith(() => builder.add(utf8('a'), utf8('row')))).toBe('TREE_MALFORMED');
    expect(refusedWith(() => builder.addBounded(noise(MAX_KEY + 1), utf8('row')))).toBe('TREE_MALFORMED');
    builder.add(utf8('bb'), utf8('row'));
    expect(builder.finish().count).toBe(2);
  });
});

describe('lists', () => {
  it('leaves and inner lists keep to the hard minimum and maximum, but for the last of a level', () => {
    for (const model of [
      numbered(20_000),
      new Map(
        Array.from(
          { length: 400 },
          (_, i) => [hex(integerKey(BigInt(i))), noise(16_384 - (i % 7) * 1_000, i)] as const,
        ),
      ),
      new Map(
        Array.from(
          { length: 3_000 },
          (_, i) => [i.toString(16).padStart(6, '0'), new Uint8Array(0)] as const,
        ),
      ),
      new Map(
        Array.from(
          { length: 2_000 },
          (_, i) => [`${i.toString(16).padStart(4, '0')}${'ab'.repeat(1_000)}`, noise(5, i)] as const,
        ),
      ),
    ]) {
      const objects = new MemoryObjects();
      const lasts = new Set<string>();
      for (let at = buildMap(objects, model); ;) {
        lasts.add(at.digest);
        const object = decodeObject(objects.get(at.digest));
        if (object.kind !== 'node') break;
        at = object.entries.at(-1)![1];
      }
      for (const [digest, { bytes }] of objects.entries()) {
        const object = decodeObject(bytes);
        if (object.kind !== 'rows' && object.kind !== 'node') continue;
        const weight = object.entries.reduce(
          (sum, [key, second]) => sum + key.length + (second instanceof Link ? 40 : second.length),
          0,
        );
        expect(weight).toBeLessThanOrEqual(MAX);
        if (lasts.has(digest)) continue;
        expect(weight).toBeGreaterThanOrEqual(MIN);
        if (object.kind === 'node') expect(object.entries.length).toBeGreaterThanOrEqual(2);
      }
    }
  });

  it('leaves are about 8 KiB', () => {
    const objects = new MemoryObjects();
    buildMap(objects, numbered(100_000));
    const weight =
      100_000 * 9 + [...numbered(100_000).values()].reduce((sum, row) => sum + (row as Uint8Array).length, 0);
    const leaves = [...objects.entries()].filter(
      ([, { bytes }]) => decodeObject(bytes).kind === 'rows',
    ).length;
    expect(weight / leaves).toBeGreaterThan(6_000);
    expect(weight / leaves).toBeLessThan(12_000);
  });

  it('a row of 5 MB and one of a byte too many are stored by themselves', () => {
    const objects = new MemoryObjects();
    const big = noise(5_000_000);
    const root = buildMap(
      objects,
      new Map([
        ['01', big],
        ['02', noise(MAX_INLINE_ROW)],
        ['03', noise(MAX_INLINE_ROW + 1)],
      ]),
    );
    const rows = itemsOf(walkMap(root), objects).map(({ row }) => row);
    expect(rows.map((row) => (row instanceof Link ? row.codec : 'inline'))).toEqual([
      'dag-cbor',
      'inline',
      'raw',
    ]);
    expect(Buffer.compare(itemsOf(readWhole(rows[0] as Link), objects)[0]!, big)).toBe(0);
  });
});

describe('a change of one row among 100,000', () => {
  const objects = new CountingObjects();
  const base = numbered(100_000);
  const root = buildMap(objects, base);
  const levels = depth(objects, root);
  const places = [0n, 777n, 50_000n, 99_999n];

  it.each<[string, (model: Map<string, Uint8Array | Link>, place: bigint) => void]>([
    ['of the same size', (model, n) => model.set(hex(integerKey(n)), utf8(`roW ${n}`))],
    ['that grows', (model, n) => model.set(hex(integerKey(n)), noise(500))],
    ['that grows beyond what is held inline', (model, n) => model.set(hex(integerKey(n)), noise(17_000))],
    ['that shrinks', (model, n) => model.set(hex(integerKey(n)), utf8('r'))],
    ['deleted', (model, n) => model.delete(hex(integerKey(n)))],
    ['inserted after', (model, n) => model.set(`${hex(integerKey(n))}00`, utf8('new'))],
    ['inserted before', (model, n) => model.set(hex(integerKey(n - 1_000_000n)), utf8('new'))],
  ])('%s makes at most two objects a level, and the diff opens as few', (name, change) => {
    for (const place of places) {
      const model = new Map(base);
      change(model, place);
      objects.reset();
      const after = buildMap(objects, model);
      const outOfLine = name.includes('inline') ? 1 : 0;
      expect(objects.fresh.length).toBeLessThanOrEqual(2 * levels + outOfLine);
      objects.reset();
      const changes = [...driveSync(diffMaps(root, after), objects.read)];
      expect(changes).toHaveLength(1);
      expect(objects.reads).toBeLessThanOrEqual(4 * levels);
    }
  });

  it('findRow reads one object a level', () => {
    for (const place of places) {
      objects.reset();
      expect([...driveSync(findRow(root, integerKey(place)), objects.read)]).toEqual([utf8(`row ${place}`)]);
      expect(objects.reads).toBe(levels);
    }
    expect(itemsOf(findRow(root, integerKey(-1n)), objects)).toEqual([]);
    expect(itemsOf(findRow(root, integerKey(100_000n)), objects)).toEqual([]);
    expect(itemsOf(findRow(root, utf8('')), objects)).toEqual([]);
  });

  it('a hundred scattered changes cost a hundred paths, not the table', () => {
    const model = new Map(base);
    for (let i = 0n; i < 100n; i++) model.set(hex(integerKey(i * 997n)), utf8('changed'));
    const after = buildMap(objects, model);
    objects.reset();
    expect([...driveSync(diffMaps(root, after), objects.read)]).toHaveLength(100);
    expect(objects.reads).toBeLessThanOrEqual(100 * 4 * levels);
  });
});
