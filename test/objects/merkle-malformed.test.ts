import { describe, expect, it } from 'vitest';
import { MAX_LEVEL } from '../../src/objects/cutting/cutter.ts';
import { integerKey } from '../../src/objects/rows/key.ts';
import { rawLink, type Link } from '../../src/objects/link.ts';
import { diffMaps, findRow, walkMap } from '../../src/objects/map-walk.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { putObject } from '../../src/objects/sink.ts';
import { buildMap, checkMap, itemsOf, noise, numbered, utf8 } from './support.ts';
import { refusedWith } from '../support/refusals.ts';

const objects = new MemoryObjects();
const key = (n: number): Uint8Array => integerKey(BigInt(n));
const leaf = (...keys: number[]): Link =>
  putObject(objects, { kind: 'rows', v: 1, entries: keys.map((n) => [key(n), utf8(`row ${n}`)]) });
const node = (level: number, ...entries: [last: number, child: Link, count: number][]): Link =>
  putObject(objects, {
    kind: 'node',
    v: 1,
    level,
    entries: entries.map(([n, link, count]) => [key(n), link, count]),
  });
const left = leaf(1, 2);
const right = leaf(3, 4);
const whole = leaf(1, 2, 3, 4);
const good = node(1, [2, left, 2], [4, right, 2]);

/** Each with one fault. */
const MALFORMED: [name: string, root: Link, code: string][] = [
  ['keys of a leaf do not ascend', leaf(1, 3, 2, 4), 'TREE_MALFORMED'],
  ['a key of a leaf comes twice', leaf(1, 2, 2, 4), 'TREE_MALFORMED'],
  ['keys do not ascend from leaf to leaf', node(1, [3, leaf(1, 3), 2], [4, leaf(2, 4), 2]), 'TREE_MALFORMED'],
  ['last keys of a node do not ascend', node(1, [4, right, 2], [2, left, 2]), 'TREE_MALFORMED'],
  ['a leaf comes twice', node(1, [2, left, 2], [2, left, 2]), 'TREE_MALFORMED'],
  ['a count is too high', node(1, [2, left, 3], [4, right, 2]), 'TREE_MALFORMED'],
  ['a count is too low', node(1, [2, left, 1], [4, right, 2]), 'TREE_MALFORMED'],
  [
    'a count of an inner node is wrong',
    node(2, [4, good, 5], [6, node(1, [6, leaf(5, 6), 2]), 2]),
    'TREE_MALFORMED',
  ],
  ['a last key is too high', node(1, [3, left, 2], [4, right, 2]), 'TREE_MALFORMED'],
  ['a last key is too low', node(1, [1, left, 2], [4, right, 2]), 'TREE_MALFORMED'],
  ['a level is too high', node(2, [2, left, 2], [4, right, 2]), 'TREE_MALFORMED'],
  ['a node at level 0', node(0, [2, left, 2], [4, right, 2]), 'TREE_MALFORMED'],
  ['a node where a leaf is due', node(1, [4, good, 4]), 'TREE_MALFORMED'],
  ['levels are mixed', node(2, [4, good, 4], [6, leaf(5, 6), 2]), 'TREE_MALFORMED'],
  ['an empty leaf below a node', node(1, [2, leaf(), 0], [4, right, 2]), 'TREE_MALFORMED'],
  ['a node without children', node(1), 'TREE_MALFORMED'],
  [
    'a chunk list in place of a leaf',
    node(
      1,
      [2, putObject(objects, { kind: 'chunks', v: 1, level: 0, entries: [[rawLink(whole.digest), 2]] }), 2],
      [4, right, 2],
    ),
    'OBJECT_KIND_UNEXPECTED',
  ],
  [
    'another kind as root',
    putObject(objects, { kind: 'tree', v: 2, level: 0, entries: [] }),
    'OBJECT_KIND_UNEXPECTED',
  ],
];

describe('a malformed Merkle map', () => {
  it('the one that the faults start from is read', () => {
    expect(itemsOf(walkMap(good), objects)).toHaveLength(4);
    expect(itemsOf(diffMaps(whole, good), objects)).toEqual([]);
  });

  it.each(MALFORMED)('%s: refused by a walk, by a diff on either side, by a check', (_, root, code) => {
    expect(refusedWith(() => itemsOf(walkMap(root), objects))).toBe(code);
    expect(refusedWith(() => itemsOf(diffMaps(root, leaf()), objects))).toBe(code);
    expect(refusedWith(() => itemsOf(diffMaps(leaf(9), root), objects))).toBe(code);
    expect(refusedWith(() => checkMap(root, objects))).toBe(code);
  });

  it.each(MALFORMED)('%s: no key is found in the faulty list', (_, root, code) => {
    const codes = [0, 1, 2, 3, 4, 5, 6].map((n) =>
      refusedWith(() => itemsOf(findRow(root, key(n)), objects)),
    );
    expect(codes.filter((found) => found !== 'none' && found !== code)).toEqual([]);
    // Order across leaves is nothing that one path can see.
    if (_ !== 'keys do not ascend from leaf to leaf') expect(codes).toContain(code);
  });

  it('fewer or more rows than its table says', () => {
    expect(refusedWith(() => itemsOf(walkMap(good, 5), objects))).toBe('TREE_MALFORMED');
    expect(refusedWith(() => itemsOf(diffMaps(whole, good, { before: 4, after: 3 }), objects))).toBe(
      'TREE_MALFORMED',
    );
    expect(refusedWith(() => itemsOf(diffMaps(good, good, { before: 4, after: 3 }), objects))).toBe(
      'TREE_MALFORMED',
    );
  });

  it('two lists that say different things of one subtree, which a diff need not open', () => {
    const honest = node(1, [2, left, 2], [4, right, 2]);
    for (const liar of [node(1, [2, left, 2], [4, right, 3]), node(1, [2, left, 2], [5, right, 2])]) {
      expect(refusedWith(() => itemsOf(diffMaps(honest, liar), objects))).toBe('TREE_MALFORMED');
      expect(refusedWith(() => itemsOf(diffMaps(liar, honest), objects))).toBe('TREE_MALFORMED');
    }
  });

  it('a very deep chain of nodes is refused at its root', () => {
    let root = left;
    for (let level = 1; level <= 50_000; level++) root = node(level, [2, root, 2]);
    expect(refusedWith(() => itemsOf(walkMap(root), objects))).toBe('TREE_MALFORMED');
    expect(refusedWith(() => itemsOf(findRow(root, key(1)), objects))).toBe('TREE_MALFORMED');
  });

  it('a chain as deep as allowed is read, and is not how a builder cuts', () => {
    let root = left;
    for (let level = 1; level <= MAX_LEVEL; level++) root = node(level, [2, root, 2]);
    expect(itemsOf(walkMap(root), objects)).toHaveLength(2);
    expect(refusedWith(() => checkMap(root, objects))).toBe('TREE_MALFORMED');
  });

  it('a missing list is missing, not empty', () => {
    const elsewhere = buildMap(new MemoryObjects(), numbered(7));
    expect(refusedWith(() => itemsOf(walkMap(elsewhere), objects))).toBe('OBJECT_MISSING');
  });
});

describe('a map that is cut otherwise', () => {
  it('has the same content under another root: only how it is cut tells', () => {
    expect(itemsOf(diffMaps(whole, good), objects)).toEqual([]);
    expect(checkMap(whole, objects)).toBe(4);
    expect(refusedWith(() => checkMap(good, objects))).toBe('TREE_MALFORMED');
  });

  it('holds a long row inline, a key above the limit', () => {
    const long = putObject(objects, { kind: 'rows', v: 1, entries: [[key(1), noise(16_385)]] });
    expect(refusedWith(() => checkMap(long, objects))).toBe('TREE_MALFORMED');
    const wide = putObject(objects, { kind: 'rows', v: 1, entries: [[noise(1_025), utf8('row')]] });
    expect(refusedWith(() => checkMap(wide, objects))).toBe('TREE_MALFORMED');
  });
});
