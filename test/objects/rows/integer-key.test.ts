import { expect, it } from 'vitest';
import fc from 'fast-check';
import { integerKey } from '../../../src/objects/rows/key.ts';

/** spec/FORMAT.md, "Keys", by the letter: the value as 64 bits, its sign bit flipped. */
function byTheLetter(value: bigint): string {
  const bits = BigInt.asUintN(64, value) ^ 0x8000000000000000n;
  return `10${bits.toString(16).padStart(16, '0')}`;
}

const hex = (value: bigint): string => Buffer.from(integerKey(value)).toString('hex');

it('integer keys are what spec/FORMAT.md says, on both sides of every power of two', () => {
  for (let power = 0n; power < 64n; power++) {
    for (const near of [-2n, -1n, 0n, 1n, 2n]) {
      for (const sign of [1n, -1n]) {
        const value = BigInt.asIntN(64, sign * 2n ** power + near);
        expect(hex(value), String(value)).toBe(byTheLetter(value));
      }
    }
  }
});

it('and everywhere else', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      expect(hex(value)).toBe(byTheLetter(value));
    }),
    { numRuns: 2000 },
  );
});
