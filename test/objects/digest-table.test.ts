import fc from 'fast-check';
import { expect, it } from 'vitest';
import { digestOf, digestToBytes } from '../../src/objects/digest.ts';
import { DigestTable } from '../../src/objects/digest-table.ts';
import { utf8 } from './support.ts';

const digest = fc.nat({ max: 3_000 }).map((n) => digestOf(utf8(`${n}`)));

it('numbers digests as they come, each once, and lists them in order, as a Map and a sort do', () => {
  fc.assert(
    fc.property(fc.array(digest, { maxLength: 2_000, size: 'max' }), digest, (digests, other) => {
      const table = new DigestTable();
      const map = new Map<string, number>();
      for (const one of digests) {
        if (!map.has(one)) map.set(one, map.size);
        expect(table.add(one)).toBe(map.get(one));
      }
      expect(table.size).toBe(map.size);
      for (const one of [...digests, other]) expect(table.find(one)).toBe(map.get(one) ?? -1);
      const sorted = [...map.keys()].sort();
      expect([...table.ascending()]).toEqual(sorted.map((one) => map.get(one)));
      for (const one of digests)
        expect(table.bytesOf(map.get(one)!)).toEqual(Buffer.from(digestToBytes(one)));
    }),
    { numRuns: 20 },
  );
});
