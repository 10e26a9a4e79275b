import { CustodyError } from '../errors.ts';
import { hash32 } from './cutter.ts';
import { decodeKind, type treeFolder, type treeItem } from './kinds.ts';
import type { Link } from './link.ts';
import { ListTreeBuilder } from './list-tree.ts';
import { putObject, type ObjectSink } from './sink.ts';
import { collect, item, need, type Walk } from './walk.ts';

export type TreeItem = ReturnType<typeof treeItem>;
export type TreeFolder = ReturnType<typeof treeFolder>;
export type TreeEntry = TreeItem | TreeFolder;

/** Builds one folder from its entries, which must come in bytewise order of their names. */
export class TreeBuilder {
  readonly #tree: ListTreeBuilder<string, TreeEntry>;
  #last: string | undefined;

  constructor(sink: ObjectSink) {
    this.#tree = new ListTreeBuilder({
      leaf: (entries) => putObject(sink, { kind: 'tree', v: 1, level: 0, entries: [...entries] }),
      inner: (level, children) =>
        putObject(sink, {
          kind: 'tree',
          v: 1,
          level,
          entries: children.map((c) => [c.last, c.link, c.count]),
        }),
      weight: (child) => Buffer.byteLength(child.last) + ENTRY_WEIGHT,
    });
  }

  /** @throws CustodyError TREE_MALFORMED for a name that is out of order, twice there, or no name. */
  add(entry: TreeEntry): void {
    checkName(entry.name);
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

/** What an entry weighs beside its name when lists are cut, in bytes. */
const ENTRY_WEIGHT = 112;

/** Bytewise order of UTF-8, which is not JavaScript's order of strings. */
export function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function checkName(name: string): void {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0')) {
    throw new CustodyError('TREE_MALFORMED', `${JSON.stringify(name)} cannot be a name in a folder`);
  }
}

/** The entries of one folder, in order; order, levels and counts are checked. @throws TREE_MALFORMED */
export function* listFolder(link: Link, level?: number): Walk<TreeEntry, number> {
  const list = decodeKind('tree', yield* need<TreeEntry>(link.digest), link.digest);
  if (level !== undefined && list.level !== level) {
    throw new CustodyError('TREE_MALFORMED', `${link.digest}: level ${list.level}, not ${level}`, {
      path: link.digest,
    });
  }
  let total = 0;
  let last: string | undefined;
  for (const entry of list.entries) {
    const name = isChild(entry) ? entry[0] : entry.name;
    if (isChild(entry) !== list.level > 0 || (last !== undefined && compareNames(last, name) >= 0)) {
      throw new CustodyError('TREE_MALFORMED', `${link.digest}: entries out of order or of the wrong level`, {
        path: link.digest,
      });
    }
    last = name;
    if (isChild(entry)) {
      const below = yield* listFolder(entry[1], list.level - 1);
      if (below !== entry[2])
        throw new CustodyError('TREE_MALFORMED', `${link.digest}: wrong count`, { path: link.digest });
      total += below;
    } else {
      checkName(entry.name);
      yield* item<TreeEntry>(entry);
      total++;
    }
  }
  return total;
}

function isChild(entry: unknown): entry is [string, Link, number] {
  return Array.isArray(entry);
}

export interface PathEntry {
  /** Relative, with `/`. */
  readonly path: string;
  readonly entry: TreeEntry;
}

/** Everything below a folder, depth first, in bytewise order of names within each folder. */
export function* walkTree(root: Link): Walk<PathEntry> {
  const stack: { prefix: string; entries: TreeEntry[] }[] = [
    { prefix: '', entries: yield* collect(listFolder(root)) },
  ];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const entry = top.entries.shift();
    if (!entry) {
      stack.pop();
      continue;
    }
    const path = top.prefix + entry.name;
    yield* item({ path, entry });
    if (entry.mode === 'dir')
      stack.push({ prefix: `${path}/`, entries: yield* collect(listFolder(entry.link)) });
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

/** What differs between two folders, by path; equal folders are not opened. */
export function* diffTrees(before: Link, after: Link): Walk<TreeChange> {
  const stack = [{ prefix: '', a: before as Link | undefined, b: after as Link | undefined }];
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { prefix, a, b } = top;
    if (a && b && a.equals(b)) continue;
    const x = new Map(
      a ? (yield* collect<TreeEntry, TreeChange>(listFolder(a))).map((e) => [e.name, e]) : [],
    );
    const y = new Map(
      b ? (yield* collect<TreeEntry, TreeChange>(listFolder(b))).map((e) => [e.name, e]) : [],
    );
    const folders: typeof stack = [];
    for (const name of [...new Set([...x.keys(), ...y.keys()])].sort(compareNames)) {
      const p = x.get(name);
      const q = y.get(name);
      const path = prefix + name;
      const one = p?.mode === 'dir' ? undefined : p;
      const two = q?.mode === 'dir' ? undefined : q;
      if ((one ?? two) && !(one && two && one.mode === two.mode && one.link.equals(two.link))) {
        yield* item({ path, before: one, after: two });
      }
      const left = p?.mode === 'dir' ? p.link : undefined;
      const right = q?.mode === 'dir' ? q.link : undefined;
      if (left ?? right) folders.push({ prefix: `${path}/`, a: left, b: right });
    }
    stack.push(...folders.reverse());
  }
}
