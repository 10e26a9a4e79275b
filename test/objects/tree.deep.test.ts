import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_LEVEL } from '../../src/objects/cutting/cutter.ts';
import { storeContent } from '../../src/objects/file.ts';
import { decodeKind } from '../../src/objects/kinds.ts';
import type { Link } from '../../src/objects/link.ts';
import { compareNames } from '../../src/objects/names.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { putObject } from '../../src/objects/sink.ts';
import {
  diffTrees,
  findPath,
  listFolder,
  TreeBuilder,
  walkTree,
  type TreeEntry,
} from '../../src/objects/tree.ts';
import { driveSync } from '../../src/objects/walk.ts';
import { CountingObjects, itemsOf, utf8 } from './support.ts';
import { refusedWith } from '../support/refusals.ts';

/** A folder as a model: text for a file, a model for a folder. */
interface Folder {
  readonly [name: string]: string | Folder;
}

function fileEntry(objects: MemoryObjects, name: string, text: string): TreeEntry {
  return { name, mode: text.startsWith('#!') ? 'exec' : 'file', link: storeContent(objects, utf8(text)) };
}

function build(objects: MemoryObjects, folder: Folder): Link {
  const builder = new TreeBuilder(objects);
  for (const name of Object.keys(folder).sort(compareNames)) {
    const what = folder[name]!;
    builder.add(
      typeof what === 'string'
        ? fileEntry(objects, name, what)
        : { name, mode: 'dir', link: build(objects, what) },
    );
  }
  return builder.finish();
}

/** Path to text, and an empty folder as `path/`. */
function flat(folder: Folder, prefix = ''): [string, string][] {
  return Object.keys(folder)
    .sort(compareNames)
    .flatMap((name): [string, string][] => {
      const what = folder[name]!;
      if (typeof what === 'string') return [[prefix + name, what]];
      return Object.keys(what).length === 0 ? [[`${prefix}${name}/`, '']] : flat(what, `${prefix}${name}/`);
    });
}

const fileName = fc
  .string({ unit: fc.constantFrom('a', 'b', '.', 'é', '\uffff', '😀', ' '), minLength: 1, maxLength: 3 })
  .filter((name) => name !== '.' && name !== '..');
const { folder: someFolder } = fc.letrec<{ folder: Folder }>((tie) => ({
  folder: fc.dictionary(
    fileName,
    fc.oneof({ maxDepth: 3 }, fc.constantFrom('', 'x', 'y', '#!run'), tie('folder')),
    { maxKeys: 6, noNullPrototype: true },
  ),
}));

describe('folders', () => {
  it('are walked and found as built', () => {
    fc.assert(
      fc.property(someFolder, (folder) => {
        const objects = new MemoryObjects();
        const root = build(objects, folder);
        const walked = itemsOf(walkTree(root), objects);
        const files = walked.filter(({ entry }) => entry.mode !== 'dir').map(({ path }) => path);
        expect(files).toEqual(
          flat(folder)
            .map(([path]) => path)
            .filter((path) => !path.endsWith('/')),
        );
        for (const { path, entry } of walked) expect(itemsOf(findPath(root, path), objects)).toEqual([entry]);
        for (const path of ['', '/', 'nothing', `${files[0] ?? 'a'}/below`]) {
          expect(itemsOf(findPath(root, path), objects)).toEqual([]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('differ as their models do, and no difference means equal roots', () => {
    fc.assert(
      fc.property(someFolder, someFolder, fc.boolean(), (a, other, mixed) => {
        const b = mixed ? { ...a, ...other } : other;
        const objects = new MemoryObjects();
        const x = build(objects, a);
        const y = build(objects, b);
        const text = (entry: TreeEntry): string =>
          entry.mode === 'dir' ? '' : Buffer.from(objects.get(entry.link.digest)).toString();
        const path = (path: string, entry: TreeEntry): string => (entry.mode === 'dir' ? `${path}/` : path);
        const changes = itemsOf(diffTrees(x, y), objects);
        const before = new Map(flat(a));
        const after = new Map(flat(b));
        // An empty folder that gets files shows by the files alone.
        const expected = [...new Set([...before.keys(), ...after.keys()])]
          .filter((name) => before.get(name) !== after.get(name))
          .filter((name) => !name.endsWith('/') || !isFolder(before.has(name) ? b : a, name));
        expect(
          changes
            .flatMap(({ path: at, before: p, after: q }) =>
              [...new Set([p && path(at, p), q && path(at, q)])].filter((n) => n !== undefined),
            )
            .sort(),
        ).toEqual(expected.sort());
        for (const { path: at, before: p, after: q } of changes) {
          if (p) expect(before.get(path(at, p))).toBe(text(p));
          if (q) expect(after.get(path(at, q))).toBe(text(q));
        }
        expect(changes.length === 0).toBe(x.equals(y));
      }),
      { numRuns: 500 },
    );
  });

  function isFolder(folder: Folder, path: string): boolean {
    let at: string | Folder | undefined = folder;
    for (const name of path.split('/').filter((part) => part !== ''))
      at = typeof at === 'object' && Object.hasOwn(at, name) ? at[name] : undefined;
    return typeof at === 'object';
  }

  it('100,000 names: several levels, the same whatever was there before, a change costs a path', () => {
    const objects = new CountingObjects();
    const entry = fileEntry(objects, 'x', 'content');
    const wide = (names: Iterable<string>): Link => {
      const builder = new TreeBuilder(objects);
      for (const name of names) builder.add({ ...entry, name });
      return builder.finish();
    };
    const names = Array.from({ length: 100_000 }, (_, i) => `file-${i.toString().padStart(6, '0')}.json`);
    const root = wide(names);
    expect(decodeKind('tree', objects.get(root.digest)).level).toBeGreaterThan(1);
    expect(itemsOf(walkTree(root), objects).map(({ path }) => path)).toEqual(names);
    objects.reset();
    const fewer = wide(names.filter((_, i) => i !== 50_000));
    expect(objects.fresh.length).toBeLessThanOrEqual(8);
    expect(itemsOf(diffTrees(root, fewer), objects).map(({ path }) => path)).toEqual(['file-050000.json']);
  }, 120_000);

  it('names order by UTF-8 bytes: a surrogate pair after the rest of the plane', () => {
    const objects = new MemoryObjects();
    const names = ['\u{10ffff}', '\uffff', '\ue000', 'z', '😀', 'a'];
    expect([...names].sort(compareNames)).toEqual(['a', 'z', '\ue000', '\uffff', '😀', '\u{10ffff}']);
    const root = build(objects, Object.fromEntries(names.map((name) => [name, name])));
    expect(itemsOf(walkTree(root), objects).map(({ path }) => path)).toEqual([...names].sort(compareNames));
    const builder = new TreeBuilder(objects);
    builder.add(fileEntry(objects, '😀', ''));
    expect(refusedWith(() => builder.add(fileEntry(objects, '\uffff', '')))).toBe('TREE_MALFORMED');
  });

  it.each(['', '.', '..', 'a/b', '/', 'a\0'])('refuses the name %j', (name) => {
    const objects = new MemoryObjects();
    expect(refusedWith(() => new TreeBuilder(objects).add(fileEntry(objects, name, '')))).toBe(
      'TREE_MALFORMED',
    );
  });

  it('refuses a name twice, a name out of order', () => {
    const objects = new MemoryObjects();
    const builder = new TreeBuilder(objects);
    builder.add(fileEntry(objects, 'b', ''));
    expect(refusedWith(() => builder.add(fileEntry(objects, 'b', '')))).toBe('TREE_MALFORMED');
    expect(refusedWith(() => builder.add(fileEntry(objects, 'a', '')))).toBe('TREE_MALFORMED');
  });

  it('equal folders are not opened', () => {
    const objects = new CountingObjects();
    const same = { a: 'x', deep: { b: 'y' } };
    const x = build(objects, { changed: '1', same });
    const y = build(objects, { changed: '2', same });
    objects.reset();
    expect([...driveSync(diffTrees(x, y), objects.read)]).toHaveLength(1);
    expect(objects.reads).toBe(2);
  });

  it('another mode of the same content is a difference', () => {
    const objects = new MemoryObjects();
    const entry = fileEntry(objects, 'a', 'x');
    const root = (item: TreeEntry): Link =>
      putObject(objects, { kind: 'tree', v: 2, level: 0, entries: [item] });
    expect(itemsOf(diffTrees(root(entry), root({ ...entry, mode: 'exec' })), objects)).toHaveLength(1);
  });
});

describe('a malformed folder', () => {
  const objects = new MemoryObjects();
  const entries = (...names: string[]): TreeEntry[] => names.map((name) => fileEntry(objects, name, ''));
  const leaf = (...names: string[]): Link =>
    putObject(objects, { kind: 'tree', v: 2, level: 0, entries: entries(...names) });
  const inner = (level: number, ...children: [string, Link, number][]): Link =>
    putObject(objects, { kind: 'tree', v: 2, level, entries: children });
  const left = leaf('a', 'b');
  const right = leaf('c', 'd');
  const good = inner(1, ['b', left, 2], ['d', right, 2]);
  const chain = (levels: number): Link => {
    let root = left;
    for (let level = 1; level <= levels; level++) root = inner(level, ['b', root, 2]);
    return root;
  };
  const folder: TreeEntry = { name: 'x', mode: 'dir', link: good };

  it('the one that the faults start from is read', () => {
    expect(itemsOf(listFolder(good), objects)).toHaveLength(4);
    expect(itemsOf(listFolder(chain(MAX_LEVEL)), objects)).toHaveLength(2);
    expect(itemsOf(diffTrees(leaf('a', 'b', 'c', 'd'), good), objects)).toEqual([]);
  });

  it.each<[string, Link, string]>([
    ['names out of order', leaf('b', 'a'), 'TREE_MALFORMED'],
    ['a name twice', leaf('a', 'a'), 'TREE_MALFORMED'],
    [
      'names out of order from list to list',
      inner(1, ['c', leaf('a', 'c'), 2], ['d', leaf('b', 'd'), 2]),
      'TREE_MALFORMED',
    ],
    ['a name in two lists', inner(1, ['b', left, 2], ['d', leaf('b', 'd'), 2]), 'TREE_MALFORMED'],
    ['a wrong count', inner(1, ['b', left, 3], ['d', right, 2]), 'TREE_MALFORMED'],
    ['a wrong last name', inner(1, ['bb', left, 2], ['d', right, 2]), 'TREE_MALFORMED'],
    ['a wrong level', inner(2, ['b', left, 2], ['d', right, 2]), 'TREE_MALFORMED'],
    ['an empty list below', inner(1, ['', leaf(), 0], ['d', right, 2]), 'TREE_MALFORMED'],
    ['an inner list without children', inner(1), 'TREE_MALFORMED'],
    [
      'a file in an inner list',
      putObject(objects, { kind: 'tree', v: 2, level: 1, entries: entries('a') }),
      'TREE_MALFORMED',
    ],
    [
      'a list in a leaf',
      putObject(objects, { kind: 'tree', v: 2, level: 0, entries: [['b', left, 2]] }),
      'TREE_MALFORMED',
    ],
    ['a name that climbs', leaf('..'), 'TREE_MALFORMED'],
    ['a name with a slash', leaf('a/b'), 'TREE_MALFORMED'],
    ['an empty name', leaf(''), 'TREE_MALFORMED'],
    ['too deep', chain(MAX_LEVEL + 1), 'TREE_MALFORMED'],
    ['far too deep', chain(20_000), 'TREE_MALFORMED'],
    ['another kind', putObject(objects, { kind: 'rows', v: 1, entries: [] }), 'OBJECT_KIND_UNEXPECTED'],
  ])('%s', (_, root, code) => {
    expect(refusedWith(() => itemsOf(listFolder(root), objects))).toBe(code);
    expect(refusedWith(() => itemsOf(walkTree(root), objects))).toBe(code);
    expect(refusedWith(() => itemsOf(findPath(root, 'c'), objects))).toBe(code);
    expect(refusedWith(() => itemsOf(diffTrees(root, leaf()), objects))).toBe(code);
    const below = putObject(objects, { kind: 'tree', v: 2, level: 0, entries: [{ ...folder, link: root }] });
    expect(refusedWith(() => itemsOf(walkTree(below), objects))).toBe(code);
    expect(refusedWith(() => itemsOf(diffTrees(leaf('y'), below), objects))).toBe(code);
  });
});
