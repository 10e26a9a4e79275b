import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { integerKey } from '../../src/objects/rows/key.ts';
import { decodeObject } from '../../src/objects/kinds.ts';
import { diffMaps } from '../../src/objects/map-walk.ts';
import { driveSync } from '../../src/objects/walk.ts';
import { checkMap, buildMap, CountingObjects, hex, noise, numbered } from '../objects/support.ts';

describe('Merkle maps, many edits', () => {
  it('one edit among 20,000 rows makes about one object a level, and never many', () => {
    const objects = new CountingObjects();
    const base = numbered(20_000);
    const root = buildMap(objects, base);
    const top = decodeObject(objects.get(root.digest));
    const levels = top.kind === 'node' ? top.level + 1 : 1;
    const fresh: number[] = [];
    const reads: number[] = [];
    for (let i = 0; i < 400; i++) {
      const model = new Map(base);
      const place = BigInt((i * 7_919) % 20_000);
      const key = hex(integerKey(place));
      if (i % 4 === 0) model.set(key, noise((i * 37) % 3_000, i + 1));
      else if (i % 4 === 1) model.delete(key);
      else if (i % 4 === 2) model.set(`${key}00`, noise((i * 37) % 3_000, i + 1));
      else model.set(key, noise(9, i + 1));
      objects.reset();
      const after = buildMap(objects, model);
      fresh.push(objects.fresh.length);
      objects.reset();
      expect([...driveSync(diffMaps(root, after), objects.read)]).toHaveLength(1);
      reads.push(objects.reads);
      expect(checkMap(after, objects, { count: model.size })).toBe(model.size);
    }
    const mean = (list: number[]): number => list.reduce((sum, n) => sum + n, 0) / list.length;
    expect(mean(fresh)).toBeLessThanOrEqual(1.5 * levels);
    expect(Math.max(...fresh)).toBeLessThanOrEqual(4 * levels);
    expect(mean(reads)).toBeLessThanOrEqual(3 * levels);
    expect(Math.max(...reads)).toBeLessThanOrEqual(8 * levels);
  });

  it('a diff gives back what was edited, in maps of every size', () => {
    const row = fc.tuple(fc.nat(2_000), fc.nat(9)).map(([length, seed]) => noise(length, seed + 1));
    const edits = fc.array(fc.tuple(fc.bigInt(-50n, 9_000n), fc.option(row, { freq: 2 })), { maxLength: 60 });
    fc.assert(
      fc.property(fc.nat(8_000), edits, (size, changes) => {
        const objects = new CountingObjects();
        const before = numbered(size);
        const after = new Map(before);
        for (const [n, value] of changes) {
          if (value) after.set(hex(integerKey(n)), value);
          else after.delete(hex(integerKey(n)));
        }
        const keys = [
          ...driveSync(diffMaps(buildMap(objects, before), buildMap(objects, after)), objects.get),
        ].map(({ key }) => hex(key));
        const differ = (key: string): boolean => {
          const [x, y] = [
            before.get(key) as Uint8Array | undefined,
            after.get(key) as Uint8Array | undefined,
          ];
          return !(x && y && Buffer.compare(x, y) === 0) && (x ?? y) !== undefined;
        };
        expect(keys).toEqual([...new Set(changes.map(([n]) => hex(integerKey(n))))].filter(differ).sort());
      }),
      { numRuns: 500 },
    );
  });
});
