import { CustodyError } from '../errors.ts';
import { hash32 } from './cutting/cutter.ts';
import type { treeEntry } from './kinds.ts';
import type { Link } from './link.ts';
import { ListTreeBuilder } from './cutting/list-tree.ts';
import { compareNames, isEntryName } from './names.ts';
import { putObject, type ObjectSink } from './sink.ts';
import { walkLists, type Leaf } from './sound/list-walk.ts';
import { countOf, ENTRY_WEIGHT } from './sound/lists.ts';
import { collect, item, type Walk } from './walk.ts';

export type TreeEntry = ReturnType<typeof treeEntry>;

/** Builds one folder from its entries, which must come in bytewise order of their names. */
export class TreeBuilder {
  readonly #tree: ListTreeBuilder<string, TreeEntry>;
  #last: string | undefined;

  constructor(sink: ObjectSink) {
    this.#tree = new ListTreeBuilder({
      leaf: (entries) => putObject(sink, { kind: 'tree', v: 2, level: 0, entries: [...entries] }),
      inner: (level, children) =>
        putObject(sink, {
          kind: 'tree',
          v: 2,
          level,
          entries: children.map((c) => [c.last, c.link, c.count]),
        }),
      weight: (child) => Buffer.byteLength(child.last) + ENTRY_WEIGHT,
    });
  }

  /** @throws CustodyError TREE_MALFORMED for a name that is out of order, twice there, or no name. */
  add(entry: TreeEntry): void {
    if (!isEntryName(entry.name))
      throw new CustodyError('TREE_MALFORMED', `${JSON.stringify(entry.name)} cannot be a name in a folder`);
    if (this.#last !== undefined && compareNames(this.#last, entry.name) >= 0) {
      throw new CustodyError('TREE_MALFORMED', `names must ascend: ${entry.name} after ${this.#last}`);
    }
    this.#last = entry.name;
    const name = Buffer.from(entry.name);
    this.#tree.add(entry.name, entry, 1, name.length + ENTRY_WEIGHT, hash32(name));
  }

  finish(): Link {
    return this.#tree.finish().root;
  }
}

/**
 * The entries of one folder, in order. Its lists are checked; how they are cut as a whole only with `cut`.
 * @returns how many there are. @throws CustodyError TREE_MALFORMED, OBJECT_KIND_UNEXPECTED and what decoding throws.
 */
export function* listFolder(link: Link, { cut = false } = {}): Walk<TreeEntry, number> {
  const leaf = function* (list: Leaf): Walk<TreeEntry> {
    if (list.kind !== 'tree') return;
    for (const entry of list.entries) if ('name' in entry) yield* item<TreeEntry>(entry);
  };
  return countOf(yield* walkLists(['tree'], link, {}, { leaf, cut }));
}

export interface PathEntry {
  /** Relative, with `/`. */
  readonly path: string;
  readonly entry: TreeEntry;
}

/** Entries that a packet may have, folders included: shared folders multiply. */
const MAX_ENTRIES = 1_000_000;
/** Bytes that their paths may have together. A manifest of them is of the same order. */
const MAX_PATHS = 128 * 1024 * 1024;

/**
 * Reads each folder below `root` once, however often it is linked, checks it, and counts what a walk would meet.
 * @throws CustodyError TREE_MALFORMED above {@link MAX_ENTRIES} or {@link MAX_PATHS}, and what {@link listFolder} throws.
 */
export function* checkTree<T>(root: Link, { cut = false } = {}): Walk<T> {
  interface Open {
    readonly link: Link;
    readonly entries: readonly TreeEntry[];
    next: number;
    count: number;
    /** Bytes of the paths below. */
    paths: number;
  }
  const open = function* (link: Link): Walk<T, Open> {
    const entries = yield* collect<TreeEntry, T>(listFolder(link, { cut }));
    return { link, entries, next: 0, count: 0, paths: 0 };
  };
  const known = new Map<string, Pick<Open, 'count' | 'paths'>>();
  const stack = [yield* open(root)];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const entry = top.entries[top.next];
    if (!entry) {
      known.set(top.link.digest, top);
      stack.pop();
      continue;
    }
    const below = entry.mode === 'dir' ? known.get(entry.link.digest) : { count: 0, paths: 0 };
    if (below === undefined) {
      // It is known when this entry is looked at again.
      stack.push(yield* open(entry.link));
      continue;
    }
    top.next++;
    top.count += 1 + below.count;
    const name = Buffer.byteLength(entry.name);
    top.paths += name + (name + 1) * below.count + below.paths;
    if (top.count > MAX_ENTRIES || top.paths > MAX_PATHS)
      throw new CustodyError(
        'TREE_MALFORMED',
        `a folder with more than ${MAX_ENTRIES} entries below, or ${MAX_PATHS} bytes of paths`,
        { path: top.link.digest },
      );
  }
}

/** Everything below a folder, depth first, in bytewise order of names within each folder. {@link checkTree} comes first. */
export function* walkTree(root: Link): Walk<PathEntry> {
  yield* checkTree<PathEntry>(root);
  const stack = [{ prefix: '', entries: yield* collect(listFolder(root)), next: 0 }];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const entry = top.entries[top.next++];
    if (!entry) {
      stack.pop();
      continue;
    }
    const path = top.prefix + entry.name;
    yield* item({ path, entry });
    if (entry.mode === 'dir')
      stack.push({ prefix: `${path}/`, entries: yield* collect(listFolder(entry.link)), next: 0 });
  }
}

/** The entry at a path such as `a/b.json`; no item where there is none. */
export function* findPath(root: Link, path: string): Walk<TreeEntry> {
  let folder = root;
  const names = path.split('/').filter((name) => name !== '');
  for (const [i, name] of names.entries()) {
    const found = (yield* collect<TreeEntry, TreeEntry>(listFolder(folder))).find(
      (entry) => entry.name === name,
    );
    if (!found) return;
    if (i === names.length - 1) return yield* item(found);
    if (found.mode !== 'dir') return;
    folder = found.link;
  }
}

export interface TreeChange {
  readonly path: string;
  readonly before: TreeEntry | undefined;
  readonly after: TreeEntry | undefined;
}

/**
 * What differs between two folders, by path; equal folders are not opened. A folder that one side does not have shows by
 * what is in it, or by itself where it is empty: so no item means equal roots.
 */
export function* diffTrees(before: Link, after: Link): Walk<TreeChange> {
  const stack: { path: string; a: TreeEntry | undefined; b: TreeEntry | undefined }[] = [
    {
      path: '',
      a: { name: '', mode: 'dir', link: before },
      b: { name: '', mode: 'dir', link: after },
    },
  ];
  let entries = 0;
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { path: folder, a, b } = top;
    if (a && b && a.link.equals(b.link)) continue;
    const x = yield* byName(a);
    const y = yield* byName(b);
    entries += x.size + y.size;
    if (entries > 2 * MAX_ENTRIES)
      throw new CustodyError('TREE_MALFORMED', `folders with more than ${MAX_ENTRIES} entries below`);
    if (x.size + y.size === 0 && !(a && b)) yield* item({ path: folder, before: a, after: b });
    const folders: typeof stack = [];
    for (const name of [...new Set([...x.keys(), ...y.keys()])].sort(compareNames)) {
      const p = x.get(name);
      const q = y.get(name);
      const path = folder === '' ? name : `${folder}/${name}`;
      const one = p?.mode === 'dir' ? undefined : p;
      const two = q?.mode === 'dir' ? undefined : q;
      if ((one ?? two) && !(one && two && equalItems(one, two))) {
        yield* item({ path, before: one, after: two });
      }
      const left = p?.mode === 'dir' ? p : undefined;
      const right = q?.mode === 'dir' ? q : undefined;
      if (left ?? right) folders.push({ path, a: left, b: right });
    }
    stack.push(...folders.reverse());
  }
}

function* byName(folder: TreeEntry | undefined): Walk<TreeChange, Map<string, TreeEntry>> {
  const entries = folder ? yield* collect<TreeEntry, TreeChange>(listFolder(folder.link)) : [];
  return new Map(entries.map((entry) => [entry.name, entry]));
}

function equalItems(a: TreeEntry, b: TreeEntry): boolean {
  return a.mode === b.mode && a.link.equals(b.link);
}
