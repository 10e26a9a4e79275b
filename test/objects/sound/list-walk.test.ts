import { expect, it } from 'vitest';
import { DigestTable } from '../../../src/objects/digest-table.ts';
import type { Digest } from '../../../src/objects/digest.ts';
import type { Link } from '../../../src/objects/link.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { integerKey } from '../../../src/objects/rows/key.ts';
import { putObject } from '../../../src/objects/sink.ts';
import { walkLists, type KeyBefore } from '../../../src/objects/sound/list-walk.ts';
import { resultOf } from '../../../src/objects/walk.ts';
import { refusedWith } from '../../support/refusals.ts';
import { checkMap, utf8 } from '../support.ts';

const objects = new MemoryObjects();
const key = (n: number): Uint8Array => integerKey(BigInt(n));
const leaf = (n: number): Link =>
  putObject(objects, { kind: 'rows', v: 1, entries: [[key(n), utf8(`row ${n}`)]] });
const node = (level: number, ...entries: [last: number, child: Link, count: number][]): Link =>
  putObject(objects, {
    kind: 'node',
    v: 1,
    level,
    entries: entries.map(([n, link, count]) => [key(n), link, count]),
  });

/** The last key before each leaf that is looked at, by the leaf. */
function befores(root: Link, known: DigestTable): [Digest, KeyBefore][] {
  const found: [Digest, KeyBefore][] = [];
  const visit = {
    known,
    *leaf(_: unknown, id: Digest, { before }: { before: KeyBefore }) {
      found.push([id, before]);
    },
  };
  resultOf(walkLists(['rows', 'node'], root, {}, visit), objects.get);
  return found;
}

const [one, two, three, four] = [leaf(1), leaf(2), leaf(3), leaf(4)] as const;

it('of a known list the two edges are read, and nobody knows what is before the last one', () => {
  const root = node(1, [1, one, 1], [2, two, 1], [3, three, 1]);
  const known = new DigestTable();
  expect(befores(root, known)).toEqual([
    [one.digest, undefined],
    [two.digest, key(1)],
    [three.digest, key(2)],
  ]);
  expect(befores(root, known)).toEqual([
    [one.digest, undefined],
    [three.digest, null],
  ]);
});

it('of a known list with one child only the first edge is read, and nobody knows what is before its neighbour', () => {
  const left = node(2, [3, node(1, [1, one, 1], [2, two, 1], [3, three, 1]), 3]);
  const known = new DigestTable();
  befores(left, known);
  const root = node(3, [3, left, 3], [4, node(2, [4, node(1, [4, four, 1]), 1]), 1]);
  expect(befores(root, known)).toEqual([
    [one.digest, undefined],
    [four.digest, null],
  ]);
});

it('a list below another is not empty, whatever is said of its count', () => {
  const empty = putObject(objects, { kind: 'rows', v: 1, entries: [] });
  expect(checkMap(empty, objects)).toBe(0);
  expect(refusedWith(() => checkMap(empty, objects, { level: 0 }))).toBe('TREE_MALFORMED');
});
