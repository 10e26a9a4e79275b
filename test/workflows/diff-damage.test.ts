import { describe, expect, it } from 'vitest';
import { CustodyError, type ErrorCode } from '../../src/errors.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { SnapshotBuilder } from '../../src/objects/snapshots/builder.ts';
import type { Get } from '../../src/objects/walk.ts';
import { diffOperands } from '../../src/workflows/diff.ts';
import { makeRestoreScript } from '../../src/workflows/restore-script.ts';
import { refusedWith } from '../support/refusals.ts';

const objects = new MemoryObjects();
const snapshot = (version: string) => {
  const builder = new SnapshotBuilder(objects, 'sqlite');
  builder.fact('user_version', version);
  return builder.finish().snapshot;
};
const [one, two] = [snapshot('1'), snapshot('2')];
const good: Get = async (id) => objects.get(id);
const bad =
  (code: ErrorCode): Get =>
  async () => {
    throw new CustodyError(code, 'no bytes');
  };

describe.each([
  ['diff', (a: Get, b: Get) => diffOperands(side(one, a), side(two, b))],
  ['restore-script', (a: Get, b: Get) => makeRestoreScript(side(one, a), side(two, b), undefined, {})],
] as const)('%s of two stores', (_, compare) => {
  it('finds in the second what the first has not', async () => {
    expect(await refusedWith(() => compare(bad('OBJECT_MISSING'), good))).not.toBe('OBJECT_MISSING');
  });

  it.each(['OBJECT_CORRUPT', 'PACK_CORRUPT', 'IO_FAILED', 'PERMISSION_DENIED'] as const)(
    'passes over no %s of the first because the second has a copy',
    async (code) => {
      expect(await refusedWith(() => compare(bad(code), good))).toBe(code);
    },
  );
});

function side(link: typeof one, get: Get) {
  return { kind: 'snapshot', link, get } as const;
}
